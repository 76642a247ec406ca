//! Workflows: the definitions that `#[workflow]` generates, and the calls of a workflow's body.

mod beginning;
mod changing;
mod children;
mod code;
mod definition;
mod handle;
mod inline;
mod labels;
mod messages;
mod on_cancel;
mod outputs;
mod outside;
mod pending_call;
mod requests;
mod saving;
mod sleep;
pub mod sources;
mod start;
mod state;
mod step_call;
mod typed;
mod update;

pub use beginning::Begun;
pub use children::{Child, ChildError, StartChild};
pub(crate) use code::{AnyInput, EndCode};
pub use code::{CodeOfWorkflow, OtherwiseWorkflow, WorkflowCode};
pub(crate) use definition::sealed::Sealed;
pub use definition::{Body, Refused, Startable, WorkflowBody, WorkflowDef, pinned};
pub use handle::{Caller, HasContext, HasStored, WorkflowHandle};
pub use messages::{Receive, SendError, Sending};
pub use on_cancel::{OnCancel, on_cancel};
pub use outputs::StreamWriter;
pub use requests::{Answer, Request, RequestError};
pub use sleep::Sleep;
pub use start::{Start, StartArgument};
pub use step_call::{CodeOf, OtherwiseCode, StepCall, call};

pub(crate) use pending_call::PendingCall;
pub(crate) use typed::{Typed, WorkflowTable};

use crate::context::{Declared, RecordedFields, SharedContext};
use crate::journal::{Due, Journal};
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The handle of a running workflow: calls steps, reads the context, and is the only way to change it.
///
/// It dereferences to the stored part of the context: `flow.status` reads a field. Steps borrow it while they are in
/// flight, so the compiler refuses an [`update`](Flow::update) until they have finished.
///
/// ```
/// use steadfast::prelude::*;
///
/// #[derive(StepContext, Clone)]
/// struct Job { #[context(default)] done: u32 }
///
/// #[step]
/// async fn work(ctx: &Job, part: u32) -> Result<u32> {
///     Ok(ctx.done + part)
/// }
///
/// #[workflow(context = Job)]
/// async fn job(flow: &mut Flow<Job>) -> Result<u32> {
///     let done = work(flow, 2).await?; // recorded: it never runs again once it has finished
///     flow.update(|job| job.done(done)).await?;
///     flow.sleep(Duration::from_millis(5)).await?; // durable, for years if need be
///     Ok(flow.done)
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// # let engine = Engine::builder().in_memory().workflow(job).start().await?;
/// # assert_eq!(engine.start(job, ()).id("a").await?.result().await?, 2);
/// # Ok(())
/// # }
/// ```
pub struct Flow<C = ()> {
    journal: Arc<dyn Journal>,
    /// The context; empty only while an update holds it.
    context: Option<SharedContext>,
    /// The fields as they are recorded, while that is an older version of the context.
    older: Option<Box<RecordedFields>>,
    types: PhantomData<fn() -> C>,
}

impl<C: 'static> Flow<C> {
    /// Returns the id of the run.
    #[must_use]
    pub fn run_id(&self) -> &str {
        &self.journal.identity().id
    }

    /// Returns the time of the last event that the workflow observed (a finished step, a timer, its start): the same in
    /// every replay, and never earlier than before. It does not advance while the workflow computes.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        let millis = u64::try_from(self.journal.now()).unwrap_or(0);
        UNIX_EPOCH + Duration::from_millis(millis)
    }

    /// Returns a random number, the same in every replay.
    #[must_use]
    pub fn random(&self) -> u64 {
        uuid::Uuid::from_bytes(self.journal.random()).as_u64_pair().0
    }

    /// Returns a random UUID (version 4), the same in every replay.
    #[must_use]
    pub fn uuid(&self) -> uuid::Uuid {
        uuid::Builder::from_random_bytes(self.journal.random()).into_uuid()
    }

    /// Returns whether this run takes the path of newer code: `true` in runs that first reach this call with code that
    /// has it, `false` in those that passed this point before. The answer is recorded, and never changes.
    ///
    /// ```
    /// # use steadfast::prelude::*;
    /// # async fn body(flow: &mut Flow) -> Result<u64> {
    /// let tax = if flow.patched("new-tax") { 21 } else { 19 };
    /// # Ok(tax)
    /// # }
    /// ```
    #[must_use]
    pub fn patched(&self, patch: &str) -> bool {
        self.journal.patched(patch, false)
    }

    /// Replaces [`patched`](Flow::patched) once every run that took the old path has ended: runs in which the patch is
    /// recorded continue, new ones no longer record it. Once those have ended too, this call can be removed.
    pub fn deprecate_patch(&self, patch: &str) {
        self.journal.patched(patch, true);
    }

    /// Waits durably: a long sleep needs no memory, and a restart does not prolong it. Rounds up to milliseconds. The
    /// time runs from [`now`](Flow::now). It is a duration: setting the machine's clock neither shortens nor prolongs
    /// it. Time during which the process was down counts too, by the machine's clock.
    pub fn sleep(&self, duration: Duration) -> Sleep<'_> {
        Sleep::new(&self.journal, Due::Elapsed(messages::after(self.journal.elapsed(), duration)))
    }

    /// Waits durably until a moment of the machine's clock, even if that clock is set. A moment that has passed is
    /// still recorded in the history.
    pub fn sleep_until(&self, moment: SystemTime) -> Sleep<'_> {
        let millis = moment.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos().div_ceil(1_000_000));
        Sleep::new(&self.journal, Due::Moment(i64::try_from(millis).unwrap_or(i64::MAX)))
    }
}

/// Dereferences to the stored part of the context, without transient fields: their values would differ in a replay.
impl<C: Declared> Deref for Flow<C> {
    type Target = C::StoredPart;

    fn deref(&self) -> &C::StoredPart {
        let context = self.context.as_ref().and_then(SharedContext::stored);
        context.expect("the context is back when an update ends")
    }
}
