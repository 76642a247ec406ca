//! A sign that another process has written something.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Counts signs from other processes, and wakes the thread that waits for the next one.
#[derive(Debug, Default)]
pub struct ChangeSignal {
    count: Mutex<u64>,
    raised: Condvar,
}

impl ChangeSignal {
    /// Gives a sign.
    pub fn raise(&self) {
        *self.lock() += 1;
        self.raised.notify_all();
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
