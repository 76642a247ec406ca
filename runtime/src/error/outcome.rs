//! The two types in a `Result`, whatever alias it is written with.

/// What a step or workflow returns.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a step or workflow returns a `Result`, not `{Self}`",
    label = "write `Result<{Self}>` here",
    note = "`steadfast::Result<T>` takes every error with `?`; `Result<T, E>` has an error of its own type"
)]
pub trait Outcome {
    /// The value.
    type Value;
    /// The error.
    type Error;

    /// The result itself.
    ///
    /// # Errors
    /// As it was.
    fn into_result(self) -> Result<Self::Value, Self::Error>;
}

impl<T, E> Outcome for Result<T, E> {
    type Value = T;
    type Error = E;

    fn into_result(self) -> Self {
        self
    }
}
