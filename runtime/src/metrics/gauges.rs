//! Gauges, set to what an engine has seen.

use super::Seen;
use super::names::{self, label, number, seconds};
use std::collections::BTreeSet;
use std::time::Duration;

/// The gauges of an engine. It knows the queues that it has set, because one that is empty is no longer seen.
#[derive(Default)]
pub(crate) struct Gauges {
    queues: BTreeSet<String>,
}

impl Gauges {
    /// Sets what the engine knows by itself: how many runs are in its memory, and how long it is certain to hold its leases.
    #[expect(clippy::unused_self, reason = "one place sets all gauges of an engine")]
    pub(crate) fn set_own(&self, active: usize, margin: Duration) {
        names::ACTIVE_RUNS.set(number(active), []);
        names::LEASE_MARGIN.set(margin.as_secs_f64(), []);
    }

    /// Sets what it has read of the database.
    pub(crate) fn set(&mut self, seen: Seen) {
        for (status, count) in seen.runs {
            names::RUNS.set(count_of(count), [status.as_str().into()]);
        }
        let mut emptied = std::mem::take(&mut self.queues);
        for row in seen.queues {
            emptied.remove(&row.queue);
            names::QUEUE_DEPTH.set(count_of(row.waiting), [label(&row.queue)]);
            names::QUEUE_RUNNING.set(count_of(row.running), [label(&row.queue)]);
            let age = row.oldest.map_or(0, |oldest| seen.now.saturating_sub(oldest));
            names::QUEUE_OLDEST.set(seconds(age), [label(&row.queue)]);
            self.queues.insert(row.queue);
        }
        for queue in emptied {
            names::QUEUE_DEPTH.set(0.0, [label(&queue)]);
            names::QUEUE_RUNNING.set(0.0, [label(&queue)]);
            names::QUEUE_OLDEST.set(0.0, [label(&queue)]);
        }
    }
}

fn count_of(count: u64) -> f64 {
    number(usize::try_from(count).unwrap_or(usize::MAX))
}
