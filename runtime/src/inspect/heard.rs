//! Finds leases whose holders are dead, for a caller that asks from time to time.

use crate::store::{LeaseRow, NOBODY};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The heartbeats that earlier reads have seen.
#[derive(Clone)]
pub(crate) struct Hearing {
    heard: Arc<Mutex<Heard>>,
    term: Duration,
}

impl Hearing {
    pub(crate) fn new(term: Duration) -> Self {
        Self { heard: Arc::default(), term }
    }

    /// Records the heartbeats, and returns the leases whose holders are gone: they were handed back, or their heartbeat
    /// has not advanced for the lease term.
    pub(crate) fn gone(&self, rows: &[LeaseRow]) -> Vec<i64> {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.keep(rows);
        let gone = rows.iter().filter(|row| {
            let silence = heard.silence(row, false);
            row.owner == NOBODY || silence >= self.term
        });
        gone.map(|row| row.number).collect()
    }
}

/// The heartbeats as last seen. Times are of our own clock: those of two machines are never compared.
#[derive(Default)]
pub(crate) struct Heard {
    /// Epoch and heartbeat of each lease as last seen, and since when.
    leases: HashMap<i64, (i64, i64, Instant)>,
}

impl Heard {
    /// Forgets the leases that are not there any more.
    pub(crate) fn keep(&mut self, rows: &[LeaseRow]) {
        self.leases.retain(|number, _| rows.iter().any(|row| row.number == *number));
    }

    pub(crate) fn forget(&mut self, lease: i64) {
        self.leases.remove(&lease);
    }

    /// Records the heartbeat of a lease, and returns for how long it has not advanced. `anew` begins that time again.
    pub(crate) fn silence(&mut self, row: &LeaseRow, anew: bool) -> Duration {
        let now = (row.epoch, row.heartbeat, Instant::now());
        let seen = self.leases.entry(row.number).or_insert(now);
        if anew || (seen.0, seen.1) != (row.epoch, row.heartbeat) {
            *seen = now;
        }
        seen.2.elapsed()
    }
}
