//! The errors of a database.

use std::fmt;
use std::sync::Arc;

/// The kind of a [`StoreError`], by what can be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// Another process holds the database; the engine continues when it is released.
    Busy,
    /// The disk is full.
    Full,
    /// The file or its folder cannot be written.
    ReadOnly,
    /// The disk or the connection failed.
    Io,
    /// A row, or the file, differs from what was written.
    Damaged,
    /// The file is not a Steadfast database.
    NotOurs,
    /// The database was written by a newer version.
    Newer,
    /// The database was written by an older version, and only an engine converts it.
    Older,
    /// There is no database.
    Missing,
    /// One value is larger than the database accepts.
    TooLarge,
    /// The database refuses one write from any engine.
    Refused,
    /// The file was deleted, moved or replaced while it was open: further writes would be lost.
    Gone,
    /// The store is closed.
    Closed,
}

/// A database operation failed.
///
/// The text names the database (or run and row), what was expected, what was found, and what to do.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StoreError {
    /// The kind, by what can be done about it.
    pub kind: StoreErrorKind,
    /// The full message.
    pub message: String,
    pub(crate) source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl StoreError {
    /// Creates an error of a kind, with its message.
    pub fn new(kind: StoreErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// Returns the error of a write through a store that was opened to be read.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(super) fn only_read(database: &str) -> Self {
        Self::new(StoreErrorKind::ReadOnly, format!("{database} was opened to be looked into, and is not written"))
    }

    /// Adds the error that caused this one.
    #[must_use]
    pub fn caused_by(self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { source: Some(Arc::new(source)), ..self }
    }

    /// Returns whether to answer the call instead of retrying it, because the file will hardly come back.
    pub(crate) fn is_for_good(&self) -> bool {
        matches!(self.kind, StoreErrorKind::Gone | StoreErrorKind::Closed)
    }

    /// Returns whether a row cannot be read, while the rows of other runs can.
    pub(crate) const fn is_of_rows(&self) -> bool {
        matches!(self.kind, StoreErrorKind::Damaged | StoreErrorKind::Newer)
    }
}

/// Options that are there already cannot be wrong.
impl From<std::convert::Infallible> for StoreError {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
