//! The time since which the server cannot be reached.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The time for which an outage is waited for within an operation: a restart of the server takes a few seconds. After
/// that, each operation is tried once and the engine is told, which waits longer and longer and can be shut down.
const WAITED: Duration = Duration::from_secs(5);

/// An outage of the server, noticed by any connection of a store.
#[derive(Debug, Default)]
pub(super) struct Outage {
    since: Mutex<Option<Instant>>,
}

impl Outage {
    /// Notes that an operation found no server. Returns whether it should wait and try again.
    pub(super) fn is_waited_for(&self) -> bool {
        self.since().get_or_insert_with(Instant::now).elapsed() < WAITED
    }

    /// Notes that an operation found the server.
    pub(super) fn ends(&self) {
        *self.since() = None;
    }

    fn since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
