//! The outcome of one attempt of a step.

use crate::error::AttemptCause;
use crate::value::Value;
use std::time::Duration;

/// The outcome of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The attempt returned a result that can be stored.
    Completed(Value),
    /// The attempt returned a result, which is in a field store.
    Stored {
        /// The result.
        value: Value,
        /// The pointer to its content.
        pointer: Value,
    },
    /// The attempt failed in any way.
    Failed {
        /// The kind of failure.
        cause: AttemptCause,
        /// The error, encoded, if the body returned one.
        error: Option<Value>,
        /// The text of the error, panic or refusal.
        message: String,
        /// Whether no further attempt can succeed.
        terminal: bool,
        /// The wait before the next attempt, in place of the policy's.
        retry_after: Option<Duration>,
    },
}

impl AttemptOutcome {
    /// Creates the outcome of a panic with this text.
    pub(crate) fn panicked(text: String) -> Self {
        Self::Failed { cause: AttemptCause::Panicked, error: None, message: text, terminal: false, retry_after: None }
    }
}
