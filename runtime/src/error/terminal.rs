//! An error that no further attempt can fix.

use super::Error;
use std::{error::Error as StdError, fmt};

/// A wrapper for any error that must not be retried.
///
/// ```
/// use steadfast::{Result, Terminal};
/// fn check(card: &str) -> Result<()> {
///     if card.is_empty() {
///         return Err(Terminal::msg("no card number").into());
///     }
///     Ok(())
/// }
/// assert!(check("").unwrap_err().is_terminal());
/// ```
pub struct Terminal(Error);

impl Terminal {
    /// Wraps an error.
    pub fn new<E: StdError + Send + Sync + 'static>(error: E) -> Self {
        Self(Error::from(error).into_terminal())
    }

    /// Creates an error from a text.
    pub fn msg(message: impl Into<String>) -> Self {
        Self(Error::msg(message).into_terminal())
    }

    pub(super) fn to_error(&self) -> Error {
        self.0.clone()
    }
}

impl From<Error> for Terminal {
    fn from(error: Error) -> Self {
        Self(error.into_terminal())
    }
}

impl Error {
    fn into_terminal(mut self) -> Self {
        self.terminal = true;
        self
    }
}

impl fmt::Display for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl StdError for Terminal {}
