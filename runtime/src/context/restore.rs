//! Transient fields: what makes their values.

use crate::error::Error;
use std::fmt;

/// A transient field whose value could not be made: names the field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreError {
    /// The context's recorded name.
    pub context: &'static str,
    /// The field.
    pub field: &'static str,
    /// What its hook said.
    pub message: String,
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { context, field, message } = self;
        write!(f, "transient field `{field}` of context `{context}` could not be restored: {message}")
    }
}

impl std::error::Error for RestoreError {}

/// Awaits a hook. What generated code wraps around each.
///
/// # Errors
/// What the hook said, with the field's name.
#[doc(hidden)]
pub async fn run_hook<T, E: Into<Error>>(
    context: &'static str,
    field: &'static str,
    hook: impl Future<Output = Result<T, E>> + Send,
) -> Result<T, RestoreError> {
    hook.await.map_err(|error| RestoreError { context, field, message: error.into().to_string() })
}

/// The type of a transient field without a hook.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a transient field of type `{Self}` has neither a restore hook nor a default",
    label = "nothing says how this value is made after a crash",
    note = "write `#[context(transient, restore = open)]` with an `async fn open(stored: &.., resources: &Resources) -> Result<{Self}>`, or implement `Default` for `{Self}`"
)]
pub trait TransientDefault: Sized {
    /// The value.
    fn made() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Default> TransientDefault for T {
    fn made() -> Self {
        Self::default()
    }
}
