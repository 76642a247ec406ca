//! The errors of field stores.

use std::sync::Arc;
use std::{fmt, io};

/// The kind of a [`FieldStoreError`], by what can be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FieldStoreErrorKind {
    /// There is no content under this key. Retrying does not help; a backup may.
    Missing,
    /// The content differs from the one that was saved. Retrying does not help; a backup may.
    Damaged,
    /// The disk or a quota is full.
    Full,
    /// The system does not allow this process to read or write there.
    Denied,
    /// Anything else: the disk, the network or the service failed.
    Io,
}

/// A field store operation failed.
///
/// The text names the key, what was expected, what was found, and what to do.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FieldStoreError {
    /// The kind, by what can be done about it.
    pub kind: FieldStoreErrorKind,
    /// The full message.
    pub message: String,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl FieldStoreError {
    /// Creates an error of a kind, with its message.
    pub fn new(kind: FieldStoreErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// Returns whether a further try is no use.
    pub(crate) const fn is_for_good(&self) -> bool {
        matches!(self.kind, FieldStoreErrorKind::Missing | FieldStoreErrorKind::Damaged)
    }

    /// Adds the error that caused this one.
    #[must_use]
    pub fn caused_by(self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { source: Some(Arc::new(source)), ..self }
    }
}

impl fmt::Display for FieldStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for FieldStoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Converts an error for `?` in a store of your own. `NotFound` becomes [`Missing`](FieldStoreErrorKind::Missing); the
/// text is that of the system, and names no key.
impl From<io::Error> for FieldStoreError {
    fn from(error: io::Error) -> Self {
        Self::new(error.kind().into(), error.to_string()).caused_by(error)
    }
}

impl From<io::ErrorKind> for FieldStoreErrorKind {
    fn from(kind: io::ErrorKind) -> Self {
        match kind {
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::Denied,
            _ => Self::Io,
        }
    }
}
