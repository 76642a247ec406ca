//! A workflow whose context is not set yet.

use super::Flow;
use super::beginning::{Beginning, Begun};
use crate::context::{ContextError, SharedContext};
use crate::context::{Declared, Defaults};
use crate::journal::Journal;
use futures_util::future::BoxFuture;
use std::marker::PhantomData;
use std::sync::Arc;

/// A workflow whose context is not set yet: it can call steps that read no context, but no others.
///
/// [`with`](Start::with) sets the context and returns the [`Flow`].
///
/// ```
/// use steadfast::prelude::*;
///
/// #[derive(StepContext, Clone)]
/// struct Job { user: String, #[context(default)] done: u32 }
///
/// #[step]
/// async fn name_of(id: u32) -> Result<String> {
///     Ok(format!("user {id}"))
/// }
///
/// #[workflow(context = Job)]
/// async fn job(start: Start<Job>, id: u32) -> Result<String> {
///     let user = name_of(&start, id).await?; // a step that reads no context
///     let flow = start.with(Job::builder().user(user).build()).await?;
///     Ok(flow.user.clone())
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// # let engine = Engine::builder().in_memory().workflow(job).start().await?;
/// # assert_eq!(engine.start(job, 7).id("a").await?.result().await?, "user 7");
/// # Ok(())
/// # }
/// ```
pub struct Start<C = ()> {
    pub(super) journal: Arc<dyn Journal>,
    context: PhantomData<fn() -> C>,
}

/// The first argument of a function with `#[workflow]`. Nothing implements it: only engines run the body.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a workflow is not called as a step is",
    label = "only an engine begins the body of a workflow",
    note = "start it as a run of its own, `flow.start(workflow, input).await.await?`, or make it a `#[step]`"
)]
pub trait StartArgument<C> {}

impl<C: 'static> Start<C> {
    pub(crate) fn new(journal: Arc<dyn Journal>) -> Self {
        Self { journal, context: PhantomData }
    }

    /// Returns the id of the run.
    #[must_use]
    pub fn run_id(&self) -> &str {
        &self.journal.identity().id
    }
}

impl Start<()> {
    /// Returns the handle of a workflow without a context.
    #[doc(hidden)]
    #[must_use]
    pub fn without_context(self) -> Flow<()> {
        Flow { journal: self.journal, context: None, older: None, types: PhantomData }
    }
}

impl<C: Declared> Start<C> {
    /// Sets the stored part of the context and returns the handle that carries it.
    ///
    /// In a replay the handle carries the recorded context.
    ///
    /// # Errors
    /// A field's value cannot be stored: the error names it. It is recorded, so a replay returns it again.
    pub fn with(self, context: C::StoredPart) -> impl Future<Output = Result<Flow<C>, ContextError>> + Send + use<C> {
        let fresh = (C::SET.fresh)(context);
        async move {
            let position = self.journal.next_command_index();
            Beginning::new::<C>(self.journal).set(position, fresh).await.map(Begun::into_flow)
        }
    }

    /// Sets the context to that of the run which this one continues, or otherwise to the one that the closure returns.
    ///
    /// # Errors
    /// A field's value cannot be stored: the error names it. It is recorded, so a replay returns it again.
    pub async fn with_continued_or(self, fresh: impl FnOnce() -> C::StoredPart) -> Result<Flow<C>, ContextError> {
        let beginning = Beginning::new::<C>(self.journal.clone());
        let context = match beginning.continued() {
            Ok(continued) => typed::<C>(continued).unwrap_or_else(fresh),
            Err(error) => return beginning.park(0, &error).await,
        };
        self.with(context).await
    }

    /// Returns the stored part of the final context of the run that this one continues, or `None` if it continues none:
    /// see [`StartCall::continuing`](crate::StartCall::continuing).
    ///
    /// A context that no longer decodes parks the run: then this is `None`, and what the workflow does with it is not
    /// recorded.
    #[must_use]
    pub fn continued(&self) -> Option<C::StoredPart> {
        match Beginning::new::<C>(self.journal.clone()).continued() {
            Ok(continued) => typed::<C>(continued),
            Err(error) => {
                self.journal.unreadable(0, error.to_string());
                None
            }
        }
    }
}

fn typed<C: Declared>(context: Option<SharedContext>) -> Option<C::StoredPart> {
    context.and_then(C::CODE.into_stored).map(C::SET.unshared)
}

impl<C: Defaults> Start<C> {
    /// Sets the context with every field at its default, or to that of the run which this one continues. A default that
    /// cannot be stored parks the run: this is a fault of the program and not of the run, so nothing is recorded, and
    /// fixed code continues.
    #[doc(hidden)]
    //
    // Not a handle: another future would be compiled for each context.
    #[must_use]
    pub fn with_defaults(self) -> BoxFuture<'static, Begun> {
        Beginning::new::<C>(self.journal).with_defaults(C::DEFAULTS.0)
    }
}

/// Returns the handle for the step that runs once a run is cancelled.
pub(super) fn cancelled_flow<C: 'static>(start: Start<C>) -> Flow<C> {
    let context = start.journal.context();
    Flow { journal: start.journal, context, older: None, types: PhantomData }
}
