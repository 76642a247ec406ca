//! How often an attempt has come to each place at which it writes: the keys of its writes.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// How often an attempt has come to each place at which it writes.
#[derive(Debug, Default)]
pub(crate) struct Writes(Mutex<BTreeMap<String, u32>>);

impl Writes {
    /// The key of the next write at a place: the same for all attempts that take the same way.
    pub(crate) fn key(&self, place: &str) -> String {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(place.to_owned()).or_default();
        *count += 1;
        format!("{place}#{count}")
    }
}

/// Attempts write through the scope that the engine has made; a copy of it knows how far they were.
impl Clone for Writes {
    fn clone(&self) -> Self {
        Self(Mutex::new(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()))
    }
}
