//! The error that a workflow gets from a step that failed for good.

use super::{Error, Failure};
use serde::{Deserialize, Serialize};
use std::{error::Error as StdError, fmt};

/// A step that failed for good, with the cause of every attempt.
///
/// The last attempt decides the variant. The error comes from the journal, live and in replay, so a workflow may match
/// on it; with a typed error `Failed` holds the same value that the step returned.
///
/// ```
/// # use steadfast::StepError;
/// # fn decide(outcome: Result<u32, StepError<std::fmt::Error>>) -> u32 {
/// match outcome {
///     Ok(value) => value,
///     Err(StepError::Failed(std::fmt::Error, ..)) => 0,
///     Err(other) => panic!("{other}"),
/// }
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StepError<E = Error> {
    /// The last attempt returned this error.
    Failed(E, Attempts),
    /// The last attempt took longer than the step's `timeout`.
    TimedOut(Attempts),
    /// The last attempt panicked with this text.
    Panicked(String, Attempts),
    /// The last attempt returned a value that cannot be stored, for this reason.
    Unstorable(String, Attempts),
    /// The last attempt was a transaction whose rows the database did not keep, for this reason.
    RolledBack(String, Attempts),
    /// No body ran, because an argument cannot be stored or read back, or the run's principal lacks a role, for this
    /// reason.
    Refused(String, Attempts),
}

impl<E> StepError<E> {
    /// Returns the name of the step, and the cause of every attempt.
    pub const fn attempts(&self) -> &Attempts {
        match self {
            Self::Failed(_, attempts)
            | Self::TimedOut(attempts)
            | Self::Panicked(_, attempts)
            | Self::Unstorable(_, attempts)
            | Self::RolledBack(_, attempts)
            | Self::Refused(_, attempts) => attempts,
        }
    }

    /// Returns the error that the step returned, if the last attempt ended so.
    ///
    /// # Errors
    /// The last attempt ended otherwise: returns the whole error.
    pub fn into_failure(self) -> Result<E, Self> {
        if let Self::Failed(error, _) = self { Ok(error) } else { Err(self) }
    }

    /// Returns the error that the step returned, if the last attempt ended so.
    pub const fn failure(&self) -> Option<&E> {
        if let Self::Failed(error, _) = self { Some(error) } else { None }
    }
}

impl<E: fmt::Display> fmt::Display for StepError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Attempts { step, failures } = self.attempts();
        write!(f, "step `{step}` ")?;
        match self {
            Self::Failed(error, _) => write!(f, "failed: {error}"),
            Self::TimedOut(_) => f.write_str("timed out"),
            Self::Panicked(text, _) => write!(f, "panicked: {text}"),
            Self::Unstorable(why, _) => write!(f, "returned what cannot be stored: {why}"),
            Self::RolledBack(why, _) => write!(f, "was rolled back: {why}"),
            Self::Refused(why, _) => write!(f, "was not started: {why}"),
        }?;
        if failures.len() > 1 { write!(f, " (after {} failed attempts)", failures.len()) } else { Ok(()) }
    }
}

impl<E: Failure> StdError for StepError<E> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.failure().and_then(Failure::as_source)
    }
}

/// The attempts of a step that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Attempts {
    /// The step's name.
    pub step: String,
    /// The cause of every failed attempt, in order.
    pub failures: Vec<AttemptFailure>,
}

/// One failed attempt of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AttemptFailure {
    /// The attempt's number, from 1. Attempts that ended in a crash of the process are not listed, so there may be
    /// gaps.
    pub attempt: u32,
    /// The way in which it failed.
    pub cause: AttemptCause,
    /// The text of the error, panic or refusal.
    pub message: String,
}

/// The way in which an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AttemptCause {
    /// The body returned an error.
    Failed,
    /// The attempt took longer than the step's `timeout`.
    TimedOut,
    /// The body panicked.
    Panicked,
    /// The body returned a value that cannot be stored.
    Unstorable,
    /// The attempt was a transaction, and the database did not keep its rows.
    RolledBack,
    /// An argument cannot be read back, so no body ran.
    Refused,
}
