//! The runtime side of `#[derive(WorkflowError)]`.

use super::{Error, Failure};
use std::error::Error as StdError;

/// An error with a variant for all errors that it has no variant of its own for.
#[doc(hidden)]
pub trait OtherError: Sized {
    /// Wraps an error.
    fn other(error: Error) -> Self;
}

/// The type of that variant's field.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the variant for other errors holds a `steadfast::Error`",
    label = "this type does not hold every error",
    note = "write `#[workflow_error(other)] Other(steadfast::Error)`"
)]
pub trait AnyError {
    /// Returns the error.
    fn of(error: Error) -> Self;
}

impl AnyError for Error {
    fn of(error: Error) -> Self {
        error
    }
}

/// Returns the error that a step or child run returned, or wraps what else has ended it.
#[doc(hidden)]
pub fn or_other<E: OtherError>(failure: Result<E, impl StdError + Send + Sync + 'static>) -> E {
    failure.unwrap_or_else(|error| E::other(error.into()))
}

/// Checks that an error can be recorded.
#[doc(hidden)]
pub const fn recordable<E: Failure>() {}
