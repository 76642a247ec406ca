//! The two types of a `Result`, whatever alias it is written with.

use crate::codec::Storable;

/// The return type of a step or workflow, whatever it holds: generated code names its two types also if they cannot be stored, which
/// is one error, in a check of its own.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a step or workflow returns a `Result`, not `{Self}`",
    label = "write `Result<{Self}>` here",
    note = "`steadfast::Result<T>` takes every error with `?`; `Result<T, E>` has an error of its own type"
)]
pub trait Returned {
    /// The value.
    type Value;
    /// The error.
    type Error;

    /// Returns the result itself.
    ///
    /// # Errors
    /// The error of the result.
    fn into_result(self) -> Result<Self::Value, Self::Error>;
}

impl<T, E> Returned for Result<T, E> {
    type Value = T;
    type Error = E;

    fn into_result(self) -> Self {
        self
    }
}

/// A type that can be stored, in a position that only names it.
#[doc(hidden)]
pub trait Input {
    /// The input itself.
    type Value: Storable;
}

impl<T: Storable> Input for T {
    type Value = T;
}
