//! Why a value cannot be stored or read.

use std::fmt;

/// Why a value cannot be stored, or a stored value not be read: where inside it, what was expected, what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodecError {
    /// The place inside the value, such as `.items[3].price`; empty for the value itself.
    pub path: String,
    /// The rest of the sentence.
    pub message: String,
}

impl CodecError {
    /// The error, seen from the value around it that has it under `name`.
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
