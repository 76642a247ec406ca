//! A step that was called and has not finished.

use super::WorkflowHandle;
use super::pending_call::PendingCall;
use crate::codec::{self, Location, Storable};
use crate::command::{Command, Given, RunStep};
use crate::error::{Failure, StepError};
use crate::journal::{Completion, StepBody, StepRun};
use crate::step::{StepDef, TransactionDef};
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
    pub(super) fn new<H: WorkflowHandle + ?Sized>(flow: &H, call: RunStep<'static, StepRun>) -> Self {
        Self {
            name: call.name,
            call: PendingCall::new(flow.journal(), Command::RunStep(call)),
            flow: PhantomData,
            result: PhantomData,
        }
    }
}

impl<T: Storable, E: Failure> Future for StepCall<'_, T, E> {
    type Output = Result<T, StepError<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let name = self.name;
        self.call.poll(cx, |completion| match completion {
            Completion::Completed(value) => {
                codec::decode_at(Location::Result(name), &value).map(Ok).map_err(|error| error.to_string())
            }
            Completion::Failed(value) => {
                codec::decode_at(Location::Result(name), &value).map(Err).map_err(|error| error.to_string())
            }
            _ => Err("what came is not the end of a step".into()),
        })
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
    call_with::<S, H>(flow, args, || Arc::new(crate::step::Body::<S>::new(flow.shared_context())))
}

/// Calls a transaction. What `#[transaction]` puts behind the function of that name.
#[doc(hidden)]
pub fn call_transaction<'flow, S: TransactionDef, H: WorkflowHandle + ?Sized>(
    flow: &'flow H,
    args: &S::Args,
) -> StepCall<'flow, S::Output, S::Error> {
    call_with::<S, H>(flow, args, || Arc::new(crate::step::InCommit::<S>::new(flow.shared_context())))
}

fn call_with<'flow, S: StepDef, H: WorkflowHandle + ?Sized>(
    flow: &'flow H,
    args: &S::Args,
    own: impl FnOnce() -> Arc<dyn StepBody>,
) -> StepCall<'flow, S::Output, S::Error> {
    let body = flow.journal().substitute(S::NAME).unwrap_or_else(own);
    let arguments = Given::new(S::encode_args(args).map_err(|error| error.to_string()), |recorded| {
        S::encode_args(&S::decode_args(recorded).ok()?).ok()
    });
    let run = StepRun { roles: S::ROLES, policy: S::POLICY, body };
    StepCall::new(flow, RunStep { name: S::NAME, arguments, run })
}
