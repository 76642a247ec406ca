//! Errors of parsing texts.

use std::fmt;

/// A text could not be parsed: names the expected and the actual.
///
/// ```
/// use steadfast::Status;
///
/// assert_eq!("paused".parse(), Ok(Status::Paused));
/// let error = "pause".parse::<Status>().unwrap_err();
/// assert!(error.to_string().starts_with("expected the status of a run (running, sleeping, queued, paused, "));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    message: String,
}

impl ParseError {
    /// Creates an error for a text that is not what was expected.
    pub(crate) fn new(expected: impl fmt::Display, found: &str) -> Self {
        Self { message: format!("expected {expected}, found {:?}", crate::lengths::cut(found)) }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ParseError {}
