//! What one attempt has said beside its result: how often it came to each place at which it writes, and how far it is.

use crate::run_env::Progress;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// What one attempt has said. Its clones are the same; gone with the last of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Writes(Arc<Said>);

#[derive(Debug, Default)]
struct Said {
    places: Mutex<HashMap<String, u32>>,
    progress: Mutex<Option<Progress>>,
}

impl Writes {
    /// The key of the next write at a place: the same for all attempts that take the same way.
    pub(crate) fn key(&self, place: &str) -> String {
        let mut counts = self.0.places.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(place.to_owned()).or_default();
        *count += 1;
        format!("{place}#{count}")
    }

    /// How far the attempt is; whether it says so for the first time.
    pub(super) fn report(&self, progress: Progress) -> bool {
        let mut slot = self.0.progress.lock().unwrap_or_else(PoisonError::into_inner);
        slot.replace(progress).is_none()
    }

    /// To be asked how far the attempt is, without keeping it.
    pub(super) fn reporter(&self) -> impl Fn() -> Option<Progress> + Send + Sync + use<> {
        let said: Weak<Said> = Arc::downgrade(&self.0);
        move || said.upgrade()?.progress.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
