//! The steps that run once a run is cancelled.

use super::start::cancelled_flow;
use super::{Flow, Start, StepCall};
use crate::codec::Storable;
use crate::error::Failure;
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// A step that can run once a run is cancelled: its parameters are the reason, and at most the context of the run.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`on_cancel` names a step that takes the reason, a `String`, and nothing else but the context of the workflow",
    label = "not such a step",
    note = "write `#[step] async fn release_all(reason: String) -> Result<()>`, or `(ctx: &YourContext, reason: String)`, and \
            name it without calling it: `#[workflow(on_cancel = release_all)]`"
)]
pub trait CancelStep<C, Outcome> {
    /// Calls the step, and ignores its result.
    fn run(self, flow: Arc<Flow<C>>, reason: String) -> BoxFuture<'static, ()>;
}

#[diagnostic::do_not_recommend]
impl<C, T, E, F> CancelStep<C, (T, E)> for F
where
    F: for<'flow> FnOnce(&'flow Flow<C>, String) -> StepCall<'flow, T, E> + Send + 'static,
    C: 'static,
    T: Storable,
    E: Failure,
{
    fn run(self, flow: Arc<Flow<C>>, reason: String) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            // The history records the result.
            let _ = self(&flow, reason).await;
        })
    }
}

/// A type that no function takes.
#[doc(hidden)]
pub enum Nothing {}

/// A second implementation: with only one, the compiler would describe the expected function in its own words.
#[diagnostic::do_not_recommend]
impl<C, F> CancelStep<C, Nothing> for F
where
    F: FnOnce(Nothing) -> Nothing,
{
    fn run(self, _: Arc<Flow<C>>, _: String) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// The steps of `#[workflow(on_cancel = ..)]`; generated code makes it.
#[doc(hidden)]
pub struct OnCancel<C> {
    flow: Arc<Flow<C>>,
    reason: String,
    steps: Vec<BoxFuture<'static, ()>>,
}

impl<C: 'static> OnCancel<C> {
    /// Begins with no step.
    #[must_use]
    pub fn new(start: Start<C>, reason: String) -> Self {
        Self { flow: Arc::new(cancelled_flow(start)), reason, steps: Vec::new() }
    }

    /// Returns the future that replaces the body.
    #[must_use]
    pub fn run(self) -> Option<BoxFuture<'static, ()>> {
        Some(Box::pin(async move {
            for step in self.steps {
                step.await;
            }
        }))
    }
}

/// Adds a step, which is called once those before it have ended; generated code calls this.
#[doc(hidden)]
pub fn on_cancel<C, M>(mut steps: OnCancel<C>, step: impl CancelStep<C, M>) -> OnCancel<C>
where
    C: 'static,
{
    steps.steps.push(step.run(steps.flow.clone(), steps.reason.clone()));
    steps
}
