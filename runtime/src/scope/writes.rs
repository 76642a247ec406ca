//! The writes of one attempt beside its result: how often it reached each place that writes, and its progress.

use crate::record::AttemptOutcome;
use crate::run_env::Progress;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// The writes of one attempt. Allocates nothing until there is one.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    places: Mutex<BTreeMap<String, u32>>,
    progress: OnceLock<Arc<Mutex<Progress>>>,
    retry_after: OnceLock<Duration>,
}

impl Writes {
    /// Returns the key of the next write at a place: the same for all attempts that take the same path.
    pub(crate) fn key(&self, place: &str) -> String {
        let mut counts = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(place.to_owned()).or_default();
        *count += 1;
        format!("{place}#{count}")
    }

    /// Sets the wait before the next attempt; the first call counts.
    pub(crate) fn retry_after(&self, wait: Duration) {
        // A later call has nothing to add.
        let _ = self.retry_after.set(wait);
    }

    /// Returns the outcome of the attempt with the wait that its body has set.
    pub(crate) fn with_wait(&self, outcome: AttemptOutcome) -> AttemptOutcome {
        match (outcome, self.retry_after.get()) {
            (AttemptOutcome::Failed { cause, error, message, terminal, .. }, wait @ Some(_)) => {
                AttemptOutcome::Failed { cause, error, message, terminal, retry_after: wait.copied() }
            }
            (outcome, _) => outcome,
        }
    }

    /// Sets the progress of the attempt; returns whether this is the first report.
    pub(crate) fn report(&self, progress: Progress) -> bool {
        if let Some(slot) = self.progress.get() {
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = progress;
            return false;
        }
        self.progress.set(Arc::new(Mutex::new(progress))).is_ok()
    }

    /// Returns a function that reads the progress, without keeping it alive.
    pub(crate) fn reporter(&self) -> impl Fn() -> Option<Progress> + Send + Sync + use<> {
        let said = self.progress.get().map(Arc::downgrade);
        move || Some(said.as_ref()?.upgrade()?.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// Copies the counts. Progress is shared: attempts report through the scope that the engine has created, and a copy
/// reads it.
impl Clone for Writes {
    fn clone(&self) -> Self {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Self { places: Mutex::new(places), progress: self.progress.clone(), retry_after: self.retry_after.clone() }
    }
}
