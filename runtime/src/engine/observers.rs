//! Observers that wait for outputs of runs.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// The observers, by the first run that they observe.
#[derive(Default)]
pub(crate) struct Observers(Mutex<HashMap<i64, Arc<Notify>>>);

/// The watch for callers that wait for runs of other engines: whether it runs, and the notification of a new caller.
#[derive(Default)]
pub(crate) struct Far {
    pub(super) is_watched: AtomicBool,
    pub(super) changed: Notify,
}

impl Observers {
    /// Returns the notification of a first run's next output: enable the wait before reading, so that none is missed.
    pub(crate) fn of(&self, first_run: i64) -> Arc<Notify> {
        let mut listeners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Entries that no observer holds any longer.
        if listeners.len() > 64 {
            listeners.retain(|_, notify| Arc::strong_count(notify) > 1);
        }
        listeners.entry(first_run).or_default().clone()
    }

    /// Returns whether there are observers.
    pub(crate) fn is_there(&self) -> bool {
        let listeners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.values().any(|notify| Arc::strong_count(notify) > 1)
    }

    /// Returns whether there are observers of a first run.
    pub(crate) fn observes(&self, first_run: i64) -> bool {
        let listeners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.get(&first_run).is_some_and(|notify| Arc::strong_count(notify) > 1)
    }

    /// Notifies the observers of all runs.
    pub(crate) fn notify_all(&self) {
        let listeners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.values().for_each(|notify| notify.notify_waiters());
    }

    pub(crate) fn notify(&self, first_run: i64) {
        let listeners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(notify) = listeners.get(&first_run) {
            notify.notify_waiters();
        }
    }
}
