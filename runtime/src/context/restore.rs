//! Restores the values of transient fields.

use crate::error::Error;
use crate::panics::{caught, caught_future};
use crate::resources::Anything;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::fmt;
use std::sync::Arc;

/// A transient field could not be restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreError {
    /// The context's recorded name.
    pub context: &'static str,
    /// The field.
    pub field: &'static str,
    /// The error of its hook.
    pub message: String,
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { context, field, message } = self;
        write!(f, "transient field `{field}` of context `{context}` could not be restored: {message}")
    }
}

impl std::error::Error for RestoreError {}

/// The future of a context's transient values, without their type.
#[doc(hidden)]
pub type Restoring = BoxFuture<'static, Result<Anything, RestoreError>>;

/// Erases the type of the transient values; generated code calls this for all of them.
#[doc(hidden)]
pub fn restoring<L: Send + Sync + 'static>(
    live: impl Future<Output = Result<L, RestoreError>> + Send + 'static,
) -> Restoring {
    Box::pin(async move { live.await.map(|live| Arc::new(live) as Anything) })
}

pub(super) fn without_transient_fields() -> Restoring {
    std::future::ready(Ok(Arc::new(()) as Anything)).boxed()
}

/// Awaits a restore hook; generated code calls this for each.
#[doc(hidden)]
pub fn run_hook<'a, T: 'a, H: RestoreHook<T> + Send + 'a>(
    context: &'static str,
    field: &'static str,
    hook: H,
) -> BoxFuture<'a, Result<T, RestoreError>> {
    hook.run(context, field)
}

/// Creates a default; generated code calls this for each.
///
/// # Errors
/// The default panicked.
#[doc(hidden)]
pub fn run_default<T>(
    context: &'static str,
    field: &'static str,
    default: impl FnOnce() -> T,
) -> Result<T, RestoreError> {
    caught(default).map_err(|panic| RestoreError { context, field, message: format!("its default panicked: {panic}") })
}

/// The return type of a restore hook's call.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "this is not a restore hook for a field of type `{T}`",
    label = "a hook is an async function that returns `Result<{T}>`",
    note = "write `async fn open(stored: &.., resources: &Resources) -> Result<{T}>`, with the stored part of the context"
)]
pub trait RestoreHook<T> {
    /// Returns the value, or the hook's error with the field's name.
    fn run<'a>(self, context: &'static str, field: &'static str) -> BoxFuture<'a, Result<T, RestoreError>>
    where
        Self: Send + 'a,
        T: 'a;
}

#[diagnostic::do_not_recommend]
impl<T, E: Into<Error>, F: Future<Output = Result<T, E>>> RestoreHook<T> for F {
    fn run<'a>(self, context: &'static str, field: &'static str) -> BoxFuture<'a, Result<T, RestoreError>>
    where
        Self: Send + 'a,
        T: 'a,
    {
        let run = async move { self.await.map_err(|error| error.into().to_string()) };
        let run = caught_future(run.boxed()).map(move |made| {
            let made = made.unwrap_or_else(|panic| Err(format!("it panicked: {panic}")));
            made.map_err(|message| RestoreError { context, field, message })
        });
        run.boxed()
    }
}

/// The type of a transient field without a hook.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a transient field of type `{Self}` has neither a restore hook nor a default",
    label = "nothing says how this value is made after a crash",
    note = "write `#[context(transient, restore = open)]` with an `async fn open(stored: &.., resources: &Resources) -> Result<{Self}>`, or implement `Default` for `{Self}`"
)]
pub trait TransientDefault: Sized {
    /// Returns the default value.
    fn made() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Default> TransientDefault for T {
    fn made() -> Self {
        Self::default()
    }
}
