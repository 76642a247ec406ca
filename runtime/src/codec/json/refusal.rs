//! Errors of writing a value, with the place in it.

use crate::codec::CodecError;
use serde::ser;
use std::fmt;

/// An error on its way out of the value: each object and array prepends its part of the path.
//
// Boxed, because every write returns a `Result` with it, and errors are rare.
#[derive(Debug)]
pub(in crate::codec) struct Refusal(Box<Parts>);

#[derive(Debug)]
struct Parts {
    /// The parts of the path, innermost first.
    path: Vec<String>,
    message: String,
}

impl Refusal {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self(Box::new(Parts { path: Vec::new(), message: message.into() }))
    }

    /// Adds the index in the array around it.
    pub(super) fn in_element(mut self, index: usize) -> Self {
        self.0.path.push(format!("[{index}]"));
        self
    }

    /// Adds the key in the object around it; `key` is JSON text in quotes, as it was written.
    pub(super) fn in_member(mut self, key: &[u8]) -> Self {
        let text = String::from_utf8_lossy(key);
        let inner = text.trim_matches('"');
        let word = !inner.is_empty() && inner.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
        self.0.path.push(if word { format!(".{inner}") } else { format!("[{text}]") });
        self
    }

    pub(super) fn into_error(self) -> CodecError {
        let Parts { path, message } = *self.0;
        CodecError { path: path.into_iter().rev().collect(), message }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Refusal {}

impl ser::Error for Refusal {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }
}
