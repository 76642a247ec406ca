//! The two types in a `Result`, whatever alias it is written with.

use crate::codec::Storable;
use crate::error::Failure;

/// What a step or workflow returns.
//
// The bounds stand here, and generated code names the types of a definition through this trait: so a type that cannot be
// stored gives one error, at the return type.
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

    /// The result itself.
    ///
    /// # Errors
    /// As it was.
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
