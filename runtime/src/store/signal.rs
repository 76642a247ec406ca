//! A sign that another process has written something.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// Counts signs from other processes, and wakes the thread that waits for the next one.
#[derive(Debug, Default)]
pub struct ChangeSignal {
    count: Mutex<u64>,
    raised: Condvar,
    shown: Mutex<Shown>,
    has_shown: Notify,
}

/// The most runs that are kept one by one; beyond that, any run is reported.
const MOST: usize = 10_000;

/// Runs that have ended or have a new output.
#[derive(Debug)]
pub(crate) enum Shown {
    /// The numbers of these runs, and of their first runs.
    Runs(BTreeSet<i64>),
    /// Any run.
    All,
}

impl Default for Shown {
    fn default() -> Self {
        Self::Runs(BTreeSet::new())
    }
}

impl ChangeSignal {
    /// Gives a sign.
    pub fn raise(&self) {
        *self.lock() += 1;
        self.raised.notify_all();
    }

    /// Reports that runs have ended or have a new output: their numbers, and those of their first runs. `None` stands
    /// for any run.
    pub fn show(&self, runs: Option<&[i64]>) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        match (&mut *shown, runs) {
            // Without a reader the set would grow for ever.
            (Shown::Runs(before), Some(runs)) if before.len() < MOST => before.extend(runs),
            (shown, _) => *shown = Shown::All,
        }
        drop(shown);
        self.has_shown.notify_one();
    }

    /// Waits for reports, and takes them.
    pub(crate) async fn shown(&self) -> Shown {
        self.has_shown.notified().await;
        std::mem::take(&mut *self.shown.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns how many signs there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        *self.lock()
    }

    /// Waits for a sign beyond the first `seen`, for at most this long.
    pub(crate) fn wait(&self, seen: u64, most: Duration) {
        let guard = self.lock();
        // A poisoned lock holds a number like any other.
        drop(self.raised.wait_timeout_while(guard, most, |count| *count <= seen));
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
