//! What a database can answer instead of doing its work.

use std::fmt;

/// The kind of a [`StoreError`], by what can be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// Somebody else holds the database; it goes on when they let go.
    Busy,
    /// The disk is full.
    Full,
    /// The file or its folder cannot be written.
    ReadOnly,
    /// The disk or the connection failed.
    Io,
    /// A row, or the file, is not as it was written.
    Damaged,
    /// The file holds something that is not a Steadfast database.
    NotOurs,
    /// The database was written by a newer version.
    Newer,
    /// One value is larger than the database takes.
    TooLarge,
    /// The database does not take one write, whoever makes it.
    Refused,
    /// The file was deleted, moved or replaced while it was open: what would be written now would be lost.
    Gone,
    /// The store is closed.
    Closed,
}

/// An answer of the database that is not the one hoped for.
///
/// The text names the database (or run and row), what was expected, what was found, and what to do.
#[derive(Clone, Debug)]
pub struct StoreError {
    /// What can be done about it.
    pub kind: StoreErrorKind,
    /// The whole sentence.
    pub message: String,
}

impl StoreError {
    /// An error of a kind, with its sentence.
    pub fn new(kind: StoreErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// Whether the call should be answered instead of repeated: the files will hardly come back.
    pub(crate) fn is_for_good(&self) -> bool {
        matches!(self.kind, StoreErrorKind::Gone | StoreErrorKind::Closed)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StoreError {}
