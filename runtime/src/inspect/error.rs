//! Why an inspection has no answer.

use crate::store::StoreError;
use std::fmt;

/// An inspection that has no answer. The text says what is wrong, where, and what to do.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum InspectError {
    /// No run has this id, or no longer.
    NoSuchRun {
        /// The id.
        id: String,
    },
    /// A filter, a cursor or a limit makes no sense; the text says which and what is expected.
    BadQuery(String),
    /// The database cannot be opened or read; [`StoreError::kind`] says by what can be done.
    Store(StoreError),
    /// The runtime of the program is shutting down.
    Stopped,
}

impl fmt::Display for InspectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchRun { id } => write!(f, "no run has the id `{id}`; list the runs to find it"),
            Self::BadQuery(why) => f.write_str(why),
            Self::Store(error) => error.fmt(f),
            Self::Stopped => f.write_str("the program is shutting down"),
        }
    }
}

impl std::error::Error for InspectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Store(error) => std::error::Error::source(error),
            Self::NoSuchRun { .. } | Self::BadQuery(_) | Self::Stopped => None,
        }
    }
}

impl From<StoreError> for InspectError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
