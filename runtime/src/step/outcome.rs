//! The two types of a `Result`, whatever alias it is written with.

use crate::codec::Storable;
use crate::error::Failure;

/// The return type of a step or workflow.
//
// The bounds are here, and generated code names the types of a definition through this trait, so that a type that
// cannot be stored causes one error, at the return type.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a step or workflow returns a `Result`, not `{Self}`",
    label = "write `Result<{Self}>` here",
    note = "`steadfast::Result<T>` takes every error with `?`; `Result<T, E>` has an error of its own type"
)]
pub trait Outcome {
    /// The value.
    type Value: Storable;
    /// The error.
    type Error: Failure;

    /// Returns the result itself.
    ///
    /// # Errors
    /// The error of the result.
    fn into_result(self) -> Result<Self::Value, Self::Error>;
}

impl<T: Storable, E: Failure> Outcome for Result<T, E> {
    type Value = T;
    type Error = E;

    fn into_result(self) -> Self {
        self
    }
}

/// The input of a workflow; see [`Outcome`].
#[doc(hidden)]
pub trait Input {
    /// The input itself.
    type Value: Storable;
}

impl<T: Storable> Input for T {
    type Value = T;
}
