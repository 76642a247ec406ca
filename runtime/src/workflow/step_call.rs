//! A step that was called and has not finished.

use super::WorkflowHandle;
use super::pending_call::PendingCall;
use crate::codec::{self, CodecError, Location, Storable};
use crate::command::{Command, Given, RunStep};
use crate::error::{Failure, StepError};
use crate::journal::{Completion, Journal, StepBody, StepRun};
use crate::step::{Body, InCommit, StepDef, StepTable, TableOf, TransactionDef, encoded_args};
use crate::value::Value;
use futures_util::future::FusedFuture;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// A step that was called and has not finished: a future of its result.
///
/// Its place in the history is fixed by the call; the body starts when it is first polled, in a task of its own.
/// Dropping it cancels: the body is told, and a later result changes nothing. It borrows the workflow's handle, so the
/// context cannot change under it.
#[must_use = "a step runs only when it is awaited: add `.await`"]
pub struct StepCall<'flow, T, E = crate::Error> {
    call: PendingCall,
    name: &'static str,
    flow: PhantomData<&'flow ()>,
    result: PhantomData<fn() -> Result<T, E>>,
}

impl<T, E> StepCall<'_, T, E> {
    pub(super) fn new(name: &'static str, call: PendingCall) -> Self {
        Self { name, call, flow: PhantomData, result: PhantomData }
    }

    fn of(
        journal: &Arc<dyn Journal>,
        step: &'static StepTable,
        args: Result<Value, CodecError>,
        own: Arc<dyn StepBody>,
    ) -> Self {
        Self::new(step.name, pending(journal, step, args, own))
    }
}

impl<T: Storable, E: Failure> Future for StepCall<'_, T, E> {
    type Output = Result<T, StepError<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let name = self.name;
        let Poll::Ready(completion) = self.call.poll_any(cx) else { return Poll::Pending };
        let location = Location::Result(name);
        let decoded = match completion {
            Completion::Completed(value) => codec::decode_at(location, &value).map(Ok),
            Completion::Failed(value) => codec::decode_at(location, &value).map(Err),
            _ => Err(CodecError { path: String::new(), message: "what came is not the end of a step".into() }),
        };
        match decoded {
            Ok(result) => {
                self.call.done();
                Poll::Ready(result)
            }
            Err(error) => self.call.unreadable(&error),
        }
    }
}

/// So that it can stand in `select_biased!`.
impl<T: Storable, E: Failure> FusedFuture for StepCall<'_, T, E> {
    fn is_terminated(&self) -> bool {
        self.call.is_done()
    }
}

/// Calls a step. What `#[step]` puts behind the function of that name.
#[doc(hidden)]
pub fn call<'flow, S: StepDef, H: WorkflowHandle + ?Sized>(
    flow: &'flow H,
    args: &S::Args,
) -> StepCall<'flow, S::Output, S::Error> {
    let body = Body::new(TableOf::<S>::TABLE, flow.shared_context());
    StepCall::of(flow.journal(), TableOf::<S>::TABLE, encoded_args::<S>(args), Arc::new(body))
}

/// Calls a transaction. What `#[transaction]` puts behind the function of that name.
#[doc(hidden)]
pub fn call_transaction<'flow, S: TransactionDef, H: WorkflowHandle + ?Sized>(
    flow: &'flow H,
    args: &S::Args,
) -> StepCall<'flow, S::Output, S::Error> {
    let body = InCommit::<S>::new(flow.shared_context());
    StepCall::of(flow.journal(), TableOf::<S>::TABLE, encoded_args::<S>(args), Arc::new(body))
}

fn pending(
    journal: &Arc<dyn Journal>,
    step: &'static StepTable,
    args: Result<Value, CodecError>,
    own: Arc<dyn StepBody>,
) -> PendingCall {
    let body = journal.substitute(step.name).unwrap_or(own);
    let arguments = Given::new(args.map_err(|error| error.to_string()), step.recode);
    let run = StepRun { roles: step.roles, policy: step.policy, body };
    PendingCall::new(journal, Command::RunStep(RunStep { name: step.name, arguments, run }))
}
