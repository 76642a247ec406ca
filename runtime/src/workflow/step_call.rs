//! Calls of steps that have not finished.

use super::handle::Caller;
use super::pending_call::PendingCall;
use crate::codec::{self, CodecError, Location, StoredValue};
use crate::command::{Command, Given, Recode, RunStep};
use crate::error::{Failure, StepError};
use crate::fields::Coder;
use crate::journal::{Completion, Queued, StepRun};
use crate::step::{ArgsCoding, StepDef, StepTable, TableOf, TransactionDef, encode_args};
use crate::value::Value;
use futures_util::future::FusedFuture;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// A called step that has not finished: a future of its result.
///
/// Its command index is fixed by the call; the body starts when it is first polled, in a task of its own. Dropping it
/// cancels the attempt, and ignores a later result. It borrows the workflow's handle, so the context cannot change
/// while it runs.
///
/// ```
/// use steadfast::prelude::*;
///
/// #[step]
/// async fn length(word: String) -> Result<usize> {
///     Ok(word.len())
/// }
///
/// #[workflow]
/// async fn both(flow: &mut Flow) -> Result<usize> {
///     let (tea, milk) = (length(flow, "tea".to_owned()), length(flow, "milk".to_owned()));
///     let (tea, milk) = try_join!(tea, milk)?; // both run at once
///     Ok(tea + milk)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::builder().in_memory().workflow(both).start().await?;
/// assert_eq!(engine.start(both, ()).await?.result().await?, 7);
/// # Ok(())
/// # }
/// ```
#[must_use = "a step runs only when it is awaited: add `.await`"]
pub struct StepCall<'flow, T, E = crate::Error> {
    call: PendingCall,
    name: &'static str,
    flow: PhantomData<&'flow ()>,
    ended: Ended<T, E>,
}

/// Decodes how a step has ended.
type Ended<T, E> = fn(Coder<'_>, &'static str, &Completion) -> Result<Result<T, StepError<E>>, CodecError>;

impl<T, E> StepCall<'_, T, E> {
    const fn ending(name: &'static str, call: PendingCall, ended: Ended<T, E>) -> Self {
        Self { name, call, flow: PhantomData, ended }
    }

    /// Sets how many attempts of this call may fail, at least 1, and the wait before the second attempt, in place of
    /// those of `#[step(retry(..))]`. Factor, longest wait and jitter remain those of the step. A policy is not
    /// recorded, so changed code applies to the attempts to come of runs that were started before. Has no effect once
    /// the call was polled.
    ///
    /// ```
    /// # use steadfast::prelude::*;
    /// # #[step] async fn charge(cents: u64) -> Result<u64> { Ok(cents) }
    /// #[workflow]
    /// async fn pay(flow: &mut Flow, cents: u64) -> Result<u64> {
    ///     let attempts = if cents > 100_000 { 10 } else { 3 };
    ///     Ok(charge(flow, cents).retry(attempts, Duration::from_secs(1)).timeout(Duration::from_secs(20)).await?)
    /// }
    /// # fn main() {}
    /// ```
    pub fn retry(mut self, attempts: u32, backoff: Duration) -> Self {
        self.call.change_policy(|policy| {
            policy.attempts = attempts.max(1);
            policy.backoff = backoff;
        });
        self
    }

    /// Sets the time limit of each attempt of this call, in place of that of `#[step(timeout = ..)]`. Has no effect
    /// once the call was polled, nor on a transaction, which is limited by `#[transaction(time_limit = ..)]`.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.call.change_policy(|policy| policy.timeout = Some(limit));
        self
    }

    /// Sets the priority of a remote call in its queue; the default is 0. Calls with a lower number are started first,
    /// and among equals the one that came first. A call that waits gains one number a minute on those that come, so
    /// that none waits for ever. Has no effect once the call was polled, nor on a step without a queue.
    pub fn priority(mut self, priority: i32) -> Self {
        self.call.change_queued(|queued| queued.priority = priority);
        self
    }

    /// Sets how long a remote call waits at least before an engine starts it, in whole milliseconds. It counts from the
    /// commit of the call, and only for its first attempt. Has no effect once the call was polled, nor on a step
    /// without a queue.
    pub fn delay(mut self, wait: Duration) -> Self {
        self.call.change_queued(|queued| queued.delay = wait);
        self
    }
}

impl<T: StoredValue, E: Failure> StepCall<'_, T, E> {
    pub(super) fn new(name: &'static str, call: PendingCall) -> Self {
        Self::ending(name, call, ended)
    }
}

// Without bounds: a type that cannot be stored is one error, where the step is declared, and none at its calls.
impl<T, E> Future for StepCall<'_, T, E> {
    type Output = Result<T, StepError<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Each use of a pinned `self` would be five functions for each type of result.
        let Self { call, name, ended, .. } = self.get_mut();
        let Poll::Ready(completion) = call.poll_any(cx) else { return Poll::Pending };
        match ended(call.journal().coder(), name, &completion) {
            Ok(result) => call.ready(result),
            Err(error) => {
                call.unreadable(&error);
                Poll::Pending
            }
        }
    }
}

/// Decodes how a step has ended.
///
/// # Errors
/// It does not decode with the current types, or is not the end of a step.
fn ended<T: StoredValue, E: Failure>(
    coder: Coder<'_>,
    step: &'static str,
    completion: &Completion,
) -> Result<Result<T, StepError<E>>, CodecError> {
    let location = Location::Result(step);
    match completion {
        Completion::Completed(value) => match T::decode(coder, location, value) {
            Ok(result) => Ok(Ok(result)),
            Err(error) => Err(error),
        },
        Completion::Failed(value) => match codec::decode_at(coder, location, value) {
            Ok(error) => Ok(Err(error)),
            Err(error) => Err(error),
        },
        _ => Err(CodecError { path: String::new(), message: "what came is not the end of a step".into() }),
    }
}

/// Allows use in `select_biased!`.
impl<T, E> FusedFuture for StepCall<'_, T, E> {
    fn is_terminated(&self) -> bool {
        self.call.is_done()
    }
}

/// Calls a step or a transaction; the body of the function that the macro generates. Without the type of the step, so
/// that it is compiled once for all with arguments and results of the same types.
#[doc(hidden)]
#[expect(clippy::needless_pass_by_value, reason = "so that it is not dropped in each function of a step")]
pub fn call<A: 'static, T, E>(caller: Caller<'_>, code: StepCode<A, T, E>, args: A) -> StepCall<'_, T, E> {
    let StepCode { table, coding, ended } = code;
    let key = table.remote.map(|remote| caller.journal.queue_key(remote.queue, &args));
    let args = encode_args(caller.journal.coder(), table.name, &args, &coding);
    StepCall::ending(table.name, pending(caller, table, args, key), ended)
}

/// What a call needs of a step.
#[doc(hidden)]
#[expect(missing_debug_implementations, reason = "for generated code")]
pub struct StepCode<A, T, E> {
    table: &'static StepTable,
    coding: ArgsCoding<A>,
    ended: Ended<T, E>,
}

/// The code of a step with these types, which perhaps cannot be stored: an inherent constant takes precedence where its
/// bounds hold.
#[doc(hidden)]
#[derive(Debug)]
pub struct CodeOf<S, A, T, E>(PhantomData<(S, A, T, E)>);

impl<S: StepDef<Args = A, Output = T, Error = E>, A, T: StoredValue, E: Failure> CodeOf<S, A, T, E> {
    /// The code of a step, whose attempts run outside of a commit.
    pub const STEP: StepCode<A, T, E> =
        StepCode { table: TableOf::<S>::STEP, coding: TableOf::<S>::SPEC.args, ended: ended::<T, E> };
}

impl<S: TransactionDef<Args = A, Output = T, Error = E>, A, T: StoredValue, E: Failure> CodeOf<S, A, T, E> {
    /// The code of a transaction.
    pub const TRANSACTION: StepCode<A, T, E> =
        StepCode { table: TableOf::<S>::TRANSACTION, coding: TableOf::<S>::SPEC.args, ended: ended::<T, E> };
}

/// The answers of [`CodeOf`] for types that cannot be stored, in a program that does not compile.
#[doc(hidden)]
pub trait OtherwiseCode<A, T, E> {
    /// No code.
    const STEP: StepCode<A, T, E> = StepCode {
        table: StepTable::UNKNOWN,
        coding: ArgsCoding::UNKNOWN,
        ended: |_, _, _| unreachable!("the types of this step cannot be stored"),
    };
    /// No code.
    const TRANSACTION: StepCode<A, T, E> = Self::STEP;
}

impl<S, A, T, E> OtherwiseCode<A, T, E> for CodeOf<S, A, T, E> {}

/// The key of a remote call in its queue, or why it has none.
type Key = Option<Result<Option<String>, String>>;

fn pending(caller: Caller<'_>, step: &'static StepTable, args: Result<Value, CodecError>, key: Key) -> PendingCall {
    let journal = caller.journal;
    let body = journal.substitute(step.name).unwrap_or_else(|| step.body(caller.context.cloned()));
    let queue = body.queue();
    let arguments = Given::new(args.map_err(|error| error.to_string()), Recode::arguments(journal.coder(), step));
    let queued = key.filter(|_| queue.is_some()).map(|key| Box::new(Queued { key, ..Queued::default() }));
    let run = StepRun { roles: step.roles, policy: step.policy, body, queued };
    PendingCall::new(journal, Command::RunStep(RunStep { name: step.name, arguments, queue, run }))
}
