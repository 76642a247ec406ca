//! How one attempt of a step ended.

use crate::error::AttemptCause;
use crate::value::Value;

/// How one attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// With a result that can be stored.
    Completed(Value),
    /// With anything else.
    Failed {
        /// How.
        cause: AttemptCause,
        /// The error, encoded, if the body returned one.
        error: Option<Value>,
        /// The text of the error, panic or refusal.
        message: String,
        /// No further attempt can fix it.
        terminal: bool,
    },
}

impl AttemptOutcome {
    /// It panicked with this text.
    pub(crate) fn panicked(text: String) -> Self {
        Self::Failed { cause: AttemptCause::Panicked, error: None, message: text, terminal: false }
    }
}
