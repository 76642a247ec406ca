//! Observers that wait for outputs of runs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// The observers, by the first run that they observe.
#[derive(Default)]
pub(crate) struct Observers(Mutex<HashMap<i64, Arc<Notify>>>);

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

    pub(crate) fn notify(&self, first_run: i64) {
        let listeners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(notify) = listeners.get(&first_run) {
            notify.notify_waiters();
        }
    }
}
