//! Finds leases whose holders are dead, for a caller that asks from time to time.

use super::lease::NOBODY;
use crate::store::LeaseRow;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// The heartbeats as last seen. Times are of our own clock: those of two machines are never compared.
#[derive(Default)]
pub(crate) struct Heard {
    /// Epoch and heartbeat of each lease as last seen, and since when.
    leases: HashMap<i64, (i64, i64, Instant)>,
}

impl Heard {
    /// Records the heartbeats, and returns the leases whose holders are gone: they were handed back, or their heartbeat
    /// has not advanced for the term.
    pub(super) fn gone(&mut self, rows: &[LeaseRow], term: Duration) -> Vec<i64> {
        self.leases.retain(|number, _| rows.iter().any(|row| row.number == *number));
        let mut gone = Vec::new();
        for row in rows {
            let now = (row.epoch, row.heartbeat, Instant::now());
            let seen = self.leases.entry(row.number).or_insert(now);
            if (seen.0, seen.1) != (row.epoch, row.heartbeat) {
                *seen = now;
            }
            if row.owner == NOBODY || seen.2.elapsed() >= term {
                gone.push(row.number);
            }
        }
        gone
    }
}
