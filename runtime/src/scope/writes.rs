//! How often an attempt has come to each place at which it writes: the keys of its writes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How often an attempt has come to each place at which it writes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Writes(Arc<Mutex<HashMap<String, u32>>>);

impl Writes {
    /// The key of the next write at a place: the same for all attempts that take the same way.
    pub(crate) fn key(&self, place: &str) -> String {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(place.to_owned()).or_default();
        *count += 1;
        format!("{place}#{count}")
    }
}
