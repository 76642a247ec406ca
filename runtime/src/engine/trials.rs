//! The parked runs that were tried since the start.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

/// The parked runs that this engine has tried since its start; `None` once it has tried them all.
pub(crate) struct Trials(Mutex<Option<HashMap<i64, Arc<OnceCell<()>>>>>);

impl Default for Trials {
    fn default() -> Self {
        Self(Mutex::new(Some(HashMap::new())))
    }
}

impl Trials {
    pub(super) fn of(&self, run: i64) -> Option<Arc<OnceCell<()>>> {
        let mut tried = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tried.as_mut().map(|tried| tried.entry(run).or_default().clone())
    }

    /// Marks a run that this engine drives: if it is parked later, its reason is current.
    pub(super) fn mark(&self, run: i64) {
        if let Some(tried) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            // A trial of it may be in flight.
            let _ = tried.entry(run).or_default().set(());
        }
    }

    pub(super) fn end(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
