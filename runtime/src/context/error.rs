//! Errors of contexts.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A context that cannot be stored or read: names the context and the field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ContextError {
    /// The context's recorded name.
    pub context: String,
    /// The field, if one is at fault.
    pub field: Option<String>,
    /// The expected, the actual, and how to fix it.
    pub message: String,
}

impl fmt::Display for ContextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(f, "field `{field}` of context `{}`: {}", self.context, self.message),
            None => write!(f, "context `{}`: {}", self.context, self.message),
        }
    }
}

impl std::error::Error for ContextError {}
