//! What one attempt has said beside its result: how often it came to each place at which it writes, and how far it is.

use crate::run_env::Progress;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// What one attempt has said. Takes no memory of its own until something is.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    places: Mutex<BTreeMap<String, u32>>,
    progress: OnceLock<Arc<Mutex<Progress>>>,
}

impl Writes {
    /// The key of the next write at a place: the same for all attempts that take the same way.
    pub(crate) fn key(&self, place: &str) -> String {
        let mut counts = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(place.to_owned()).or_default();
        *count += 1;
        format!("{place}#{count}")
    }

    /// How far the attempt is; whether it says so for the first time.
    pub(crate) fn report(&self, progress: Progress) -> bool {
        if let Some(slot) = self.progress.get() {
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = progress;
            return false;
        }
        self.progress.set(Arc::new(Mutex::new(progress))).is_ok()
    }

    /// To be asked how far the attempt is, without keeping it.
    pub(crate) fn reporter(&self) -> impl Fn() -> Option<Progress> + Send + Sync + use<> {
        let said = self.progress.get().map(Arc::downgrade);
        move || Some(said.as_ref()?.upgrade()?.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// Attempts write through the scope that the engine has made; a copy of it knows how far they were.
impl Clone for Writes {
    fn clone(&self) -> Self {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Self { places: Mutex::new(places), progress: self.progress.clone() }
    }
}
