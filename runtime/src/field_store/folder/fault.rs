//! Errors of the folder store, which name the file.

use crate::field_store::{FieldStoreError, FieldStoreErrorKind};
use std::io;
use std::path::{Path, PathBuf};

/// An error of the system, with the operation and its file or folder.
#[derive(Debug)]
pub(super) struct Fault {
    doing: &'static str,
    at: PathBuf,
    error: io::Error,
}

impl Fault {
    pub(super) fn new(doing: &'static str, at: &Path, error: io::Error) -> Self {
        Self { doing, at: at.to_owned(), error }
    }

    /// Creates an error for a file or folder of a kind that a store never makes.
    pub(super) fn strange(doing: &'static str, at: &Path, what: &str) -> Self {
        Self::new(doing, at, io::Error::new(io::ErrorKind::NotADirectory, what.to_owned()))
    }

    pub(super) fn is_missing(&self) -> bool {
        self.error.kind() == io::ErrorKind::NotFound
    }

    /// Creates the full message: `what` could not be done, why, and how to fix it.
    pub(super) fn reported(&self, what: &str) -> FieldStoreError {
        let kind = FieldStoreErrorKind::from(self.error.kind());
        let advice = match (kind, self.error.kind()) {
            (FieldStoreErrorKind::Missing, _) => "restore it from a backup",
            (FieldStoreErrorKind::Full, _) => "free some space, or raise the quota",
            (FieldStoreErrorKind::Denied, _) => "allow this user to read and write there, or choose another folder",
            (_, io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory | io::ErrorKind::AlreadyExists) => {
                "move it away, or choose another folder"
            }
            (_, io::ErrorKind::NotConnected) => "mount it or put it back",
            _ => "look at the disk and the system's log",
        };
        let Self { doing, at, error } = self;
        FieldStoreError::new(kind, format!("{what}: cannot {doing} {}: {error}; {advice}", at.display()))
            .caused_by(io::Error::new(error.kind(), error.to_string()))
    }
}

/// Adds the operation to an error, for `?`.
pub(super) trait Doing<T> {
    fn doing(self, doing: &'static str, at: &Path) -> Result<T, Fault>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, doing: &'static str, at: &Path) -> Result<T, Fault> {
        self.map_err(|error| Fault::new(doing, at, error))
    }
}
