//! Errors of encoding and decoding.

use std::fmt;

/// An error of encoding or decoding a value: its place in the value, the expected, and the actual.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodecError {
    /// The place in the value, such as `.items[3].price`; empty for the value itself.
    pub path: String,
    /// The rest of the message.
    pub message: String,
}

impl CodecError {
    /// Prepends the name of the surrounding value to the path.
    pub(crate) fn within(mut self, name: &str) -> Self {
        self.path.insert_str(0, name);
        self
    }
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "at `{}`: {}", self.path, self.message)
        }
    }
}

impl std::error::Error for CodecError {}
