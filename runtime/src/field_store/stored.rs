//! A content as listed by a store.

use super::FieldKey;
use super::segment::is_safe;
use crate::parse::ParseError;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::time::SystemTime;

/// One content in a store, by its path: listed, and deleted.
///
/// A path may be too short to recover the run's id and the names ([`FieldKey::path`] cuts long texts), but always has
/// the database, the execution and the hash. Two are equal if their paths are.
#[derive(Clone, Debug)]
pub struct StoredField {
    path: String,
    saved_at: Option<SystemTime>,
}

impl StoredField {
    pub(super) fn parse(path: &str) -> Option<Self> {
        let mut segments = path.split('/');
        let whole = segments.by_ref().take(5).filter(|segment| is_safe(segment)).count() == 5;
        let stored = Self { path: path.to_owned(), saved_at: None };
        (whole && segments.next().is_none() && stored.segment(2).contains('~')).then_some(stored)
    }

    /// Sets the time when it was last saved.
    #[must_use]
    pub fn with_saved_at(self, time: Option<SystemTime>) -> Self {
        Self { saved_at: time, ..self }
    }

    /// Returns the [`FieldKey::path`] of the key.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the time when it was last saved, by the store's clock; `None` if the store does not know.
    #[must_use]
    pub fn saved_at(&self) -> Option<SystemTime> {
        self.saved_at
    }

    /// Returns the id of the database: [`FieldKey::database`].
    #[must_use]
    pub fn database(&self) -> &str {
        self.segment(0)
    }

    /// Returns the execution of the run: [`FieldKey::execution`].
    #[must_use]
    pub fn execution(&self) -> &str {
        self.segment(2).rsplit_once('~').map_or("", |(_, execution)| execution)
    }

    /// Returns the hash of the content: [`FieldKey::hash`].
    #[must_use]
    pub fn hash(&self) -> &str {
        self.segment(4)
    }

    fn segment(&self, index: usize) -> &str {
        self.path.split('/').nth(index).unwrap_or_default()
    }
}

impl From<&FieldKey> for StoredField {
    fn from(key: &FieldKey) -> Self {
        Self { path: key.path(), saved_at: None }
    }
}

/// Parses [`FieldKey::path`], even a cut one. An accepted path names a place below a store's root.
impl FromStr for StoredField {
    type Err = ParseError;

    fn from_str(path: &str) -> Result<Self, ParseError> {
        Self::parse(path).ok_or_else(|| ParseError::new("the path of a content", path))
    }
}

impl PartialEq for StoredField {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for StoredField {}

impl PartialOrd for StoredField {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for StoredField {
    fn cmp(&self, other: &Self) -> Ordering {
        self.path.cmp(&other.path)
    }
}

impl Hash for StoredField {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.path.hash(state);
    }
}
