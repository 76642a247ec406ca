//! Errors of shared state.

use std::fmt;

/// An error of shared state, which could not be changed or read. Nothing of a refused edit remains.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateError {
    /// A field, the value of a key or the closure's result cannot be stored, or is too large; the text names it and the
    /// reason.
    Unstorable(String),
    /// The value of a key exists, but has another type.
    OtherType {
        /// The key.
        key: String,
        /// The expected type, and the value that was found.
        message: String,
    },
    /// The closure of an edit called the engine, or made another edit.
    WithinEdit,
    /// An async step called [`wait`](crate::StateCall::wait), which would block its thread.
    MustAwait,
    /// The step is no longer waited for, or its run was evicted from this process.
    Stopped,
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unstorable(message) => write!(f, "the shared state is unchanged: {message}"),
            Self::OtherType { key, message } => {
                write!(f, "the value under the key `{key}` of the shared state is another: {message}")
            }
            Self::WithinEdit => f.write_str(
                "within the closure of an edit there is no other edit: change everything through the closure's parameter, \
                 or make one edit after the other",
            ),
            Self::MustAwait => f.write_str(
                "an async step awaits its state, `.await`; only a `#[step(blocking)]` can block its thread with `.wait()`",
            ),
            Self::Stopped => f.write_str("the shared state is unchanged: the step was told to stop"),
        }
    }
}

impl std::error::Error for StateError {}
