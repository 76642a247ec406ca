//! Child runs of a workflow.

use super::Flow;
use super::code::EndCode;
use super::outside::unexpected;
use super::pending_call::PendingCall;
use super::{Startable, WorkflowDef};
use crate::codec::Location;
use crate::command::{Command, Given, StartChild as StartCommand};
use crate::error::Failure;
use crate::fields::Coder;
use crate::journal::{Asked, ChildRun, Completion, Journal};
use crate::lengths;
use crate::record::SpanOf;
use crate::scope::{self, Deadline, Scope};
use crate::store::Status;
use futures_util::future::FusedFuture;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::future::{Future, IntoFuture, Ready, ready};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

impl<C: 'static> Flow<C> {
    /// Starts a run of another workflow, in the commit of this entry. Awaiting the call returns the [`Child`]; awaiting
    /// that returns its result, and dropping it lets the run continue alone.
    ///
    /// Its id is derived from this run and the command index of the call, the same in every replay, unless one is
    /// given. A cancellation or an expired deadline of this run reaches the child too, unless it is
    /// [`detached`](StartChild::detached).
    ///
    /// ```
    /// use steadfast::prelude::*;
    ///
    /// #[workflow]
    /// async fn square(_flow: &mut Flow, n: u64) -> Result<u64> {
    ///     Ok(n * n)
    /// }
    ///
    /// #[workflow]
    /// async fn squares(flow: &mut Flow) -> Result<u64> {
    ///     let (three, four) = (flow.start(square, 3).await, flow.start(square, 4).await);
    ///     Ok(three.await? + four.await?)
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// let engine = Engine::builder().in_memory().workflow(square).workflow(squares).start().await?;
    /// assert_eq!(engine.start(squares, ()).await?.result().await?, 25);
    /// # Ok(())
    /// # }
    /// ```
    pub fn start<F, M>(&self, workflow: F, input: <F::Workflow as WorkflowDef>::Input) -> StartChild<'_, F::Workflow>
    where
        F: Startable<M>,
    {
        drop(workflow);
        let position = self.journal.next_command_index();
        StartChild { journal: &self.journal, position, input, given: Scope::default(), detached: false }
    }

    /// Continues the run as new: with a fresh journal, this input, its current context, and everything that observers
    /// know of it. The workflow ends here; code after this call does not run.
    ///
    /// The run keeps its id, labels, identity, deadline, deduplication key, streams, published values, unread inbox
    /// items, and its open requests with their time limits: wait for their answers with [`answer_to`](Flow::answer_to).
    /// Steps in flight are cancelled. Later steps have new idempotency keys.
    ///
    /// `workflow` is this workflow, in this or another version: so long-lived runs get newer code. Another workflow
    /// parks the run.
    ///
    /// ```
    /// use steadfast::prelude::*;
    ///
    /// #[workflow]
    /// async fn countdown(flow: &mut Flow, n: u64) -> Result<String> {
    ///     if n == 0 {
    ///         return Ok("lift-off".to_owned());
    ///     }
    ///     flow.continue_as_new(countdown, n - 1).await
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// let engine = Engine::builder().in_memory().workflow(countdown).start().await?;
    /// assert_eq!(engine.start(countdown, 3).await?.result().await?, "lift-off");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn continue_as_new<F, M, T>(&self, workflow: F, input: <F::Workflow as WorkflowDef>::Input) -> T
    where
        F: Startable<M>,
    {
        drop(workflow);
        let position = self.journal.next_command_index();
        let own = &self.journal.identity().workflow;
        let input = if F::Workflow::NAME == own {
            let input = F::Workflow::CODE.input(input);
            input.record(self.journal.coder(), Location::Input).map_err(|error| error.to_string())
        } else {
            Err(format!("it is for workflow `{}`, and a run continues as the same workflow", F::Workflow::NAME))
        };
        self.journal.replace(position, F::Workflow::VERSION, input);
        std::future::pending().await
    }
}

/// A child run that is about to be started: choose its id, then `.await`.
#[must_use = "a run is started when the call is awaited: add `.await`"]
pub struct StartChild<'flow, W: WorkflowDef> {
    journal: &'flow Arc<dyn Journal>,
    position: u64,
    input: W::Input,
    given: Scope,
    detached: bool,
}

impl<W: WorkflowDef> StartChild<'_, W> {
    /// Sets the run's id, at most 512 bytes. If a run of this id has the same workflow and input, that one is the
    /// child.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.given = self.given.id(id);
        self
    }

    /// Applies the settings of this scope; those that it lacks stay as they are. Deadline and identity default to those
    /// of this run; labels are only the given ones.
    pub fn with(mut self, scope: Scope) -> Self {
        self.given = scope.or(self.given);
        self
    }

    /// Has the run wait in a queue until an engine that serves it has room. The surrounding
    /// [`Scope`](crate::Scope::queue) has the other options.
    pub fn queue(mut self, name: impl Into<String>) -> Self {
        self.given = self.given.queue(name);
        self
    }

    /// Detaches the run: neither the cancellation of this run nor its deadline reach it; its identity does.
    pub fn detached(mut self) -> Self {
        self.detached = true;
        self
    }

    fn command(self) -> (Arc<dyn Journal>, u64, Asked) {
        // The surrounding scope applies to the call too.
        let mut given = self.given.or(scope::surrounding());
        if self.detached && given.deadline.is_none() {
            given.deadline = Some(Deadline::Never);
        }
        let (own, identity) = (self.journal.scope(), self.journal.identity());
        let mut scope = given.recorded(Some(&own), self.journal.started_at());
        scope.parent = Some(identity.id.clone());
        if given.traceparent.is_none() {
            scope.traceparent = Some(own.header_of(identity.execution, SpanOf::Call(self.position)));
        }
        let coder = self.journal.coder();
        let input = W::CODE.input(self.input);
        let recode = input.recode_child(coder);
        let key = |queue: &str| input.key(&|input| self.journal.queue_key(queue, input));
        let queued = given.queued.check_child();
        let queued = queued.and_then(|()| given.queued(&scope, self.journal.started_at(), key));
        let recorded = input.record(coder, Location::ChildInput(W::NAME)).map_err(|error| error.to_string());
        let run = ChildRun {
            version: W::VERSION,
            dedup: given.deduplication_key,
            encode: Box::new(move |fields| {
                input.record(fields.coder(), Location::Input).map_err(|error| error.to_string())
            }),
            detached: self.detached,
            scope,
            queued,
            holder: given.queued.holder(),
        };
        let (id, input) = (given.run_id.map(Into::into), Given::new(recorded, recode));
        let command = Command::StartChild(StartCommand { workflow: W::NAME, id, input, run });
        (self.journal.clone(), self.position, command)
    }
}

impl<W: WorkflowDef> IntoFuture for StartChild<'_, W> {
    type Output = Child<W>;
    type IntoFuture = Ready<Child<W>>;

    fn into_future(self) -> Self::IntoFuture {
        let (journal, position, command) = self.command();
        let mut call = PendingCall::at(&journal, position, command);
        call.start();
        let id = journal.child_id(position).unwrap_or_default();
        ready(Child { call, id, workflow: PhantomData })
    }
}

/// A child run: a future of its result.
///
/// Dropping it does not cancel the run.
///
/// ```
/// use steadfast::prelude::*;
///
/// #[workflow]
/// async fn square(flow: &mut Flow, number: u32) -> Result<u32> {
///     Ok(number * number)
/// }
///
/// #[workflow]
/// async fn squares(flow: &mut Flow) -> Result<u32> {
///     let (two, three) = (flow.start(square, 2).await, flow.start(square, 3).await); // both run now
///     Ok(two.await? + three.await?)
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// # let engine = Engine::builder().in_memory().workflow(square).workflow(squares).start().await?;
/// # assert_eq!(engine.start(squares, ()).id("a").await?.result().await?, 13);
/// # Ok(())
/// # }
/// ```
#[must_use = "await the child for its result, or drop it to leave it to itself"]
pub struct Child<W> {
    call: PendingCall,
    id: String,
    workflow: PhantomData<fn() -> W>,
}

impl<W> Child<W> {
    /// Returns the id of the run.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Requests the cancellation of the run, as [`Run::cancel`](crate::Run::cancel) does, with this run's next effect.
    /// A second call, or one after its end, changes nothing. The child remains: await it for its end, which is
    /// [`ChildError::Cancelled`], or its result if it was already ending. In a fork, a child from before its point is
    /// the one that the original run has started: it is cancelled for both.
    ///
    /// ```
    /// use steadfast::prelude::*;
    ///
    /// #[workflow]
    /// async fn ask(flow: &mut Flow, millis: u64) -> Result<u64> {
    ///     flow.sleep(Duration::from_millis(millis)).await?;
    ///     Ok(millis)
    /// }
    ///
    /// #[workflow]
    /// async fn first_of(flow: &mut Flow) -> Result<u64> {
    ///     let (mut slow, mut fast) = (flow.start(ask, 3_600_000).await, flow.start(ask, 1).await);
    ///     Ok(select_biased! {
    ///         answer = fast => {
    ///             slow.cancel("another was faster");
    ///             answer?
    ///         }
    ///         answer = slow => answer?,
    ///     })
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// # let engine = Engine::builder().in_memory().workflow(ask).workflow(first_of).start().await?;
    /// # assert_eq!(engine.start(first_of, ()).await?.result().await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn cancel(&self, reason: impl Into<String>) {
        let journal = self.call.journal();
        let position = journal.next_command_index();
        journal.cancel_child(position, self.call.position(), &self.id, lengths::cut(reason));
    }
}

impl<W: WorkflowDef> Future for Child<W> {
    type Output = Result<W::Output, ChildError<W::Error>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { call, id, .. } = &mut *self;
        call.poll(cx, |coder, completion| match completion {
            Completion::Ended { status: Status::Deleting, .. } => Ok(Err(ChildError::Deleted { run: id.clone() })),
            Completion::Ended { status, value } => ended(coder, W::CODE.end, status, value.as_ref()),
            Completion::Refused(why) => Ok(Err(ChildError::Refused { reason: why })),
            _ => unexpected("the end of a run"),
        })
    }
}

impl<W: WorkflowDef> FusedFuture for Child<W> {
    fn is_terminated(&self) -> bool {
        self.call.is_done()
    }
}

fn ended<T, E>(
    coder: Coder<'_>,
    code: EndCode<T, E>,
    status: Status,
    value: Option<&crate::value::Value>,
) -> Result<Result<T, ChildError<E>>, String> {
    let text = || value.and_then(|value| serde_json::from_slice(&value.bytes).ok()).unwrap_or_default();
    let missing = || "the end of the run has no value".to_owned();
    Ok(match status {
        Status::Completed => Ok((code.output)(coder, value.ok_or_else(missing)?)
            .map_err(|error| format!("the result of the run: {error}"))?),
        Status::Failed => Err(ChildError::Failed(
            (code.error)(coder, value.ok_or_else(missing)?)
                .map_err(|error| format!("the error of the run: {error}"))?,
        )),
        Status::Cancelled => Err(ChildError::Cancelled { reason: text() }),
        Status::TimedOut => Err(ChildError::TimedOut),
        Status::Refused => Err(ChildError::Refused { reason: text() }),
        _ => Err(ChildError::Refused { reason: format!("the run is {status}") }),
    })
}

/// The ways in which a child run ends without a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ChildError<E = crate::Error> {
    /// Its workflow returned this error.
    Failed(E),
    /// The run was cancelled.
    Cancelled {
        /// The reason of the cancellation.
        reason: String,
    },
    /// The run's time limit or deadline was reached.
    TimedOut,
    /// The run was deleted before it had ended.
    Deleted {
        /// The id of the run.
        run: String,
    },
    /// The run could not be started, or its end is not known here.
    Refused {
        /// The reason.
        reason: String,
    },
}

impl<E> ChildError<E> {
    /// Returns the error that the workflow returned, if the run ended so.
    ///
    /// # Errors
    /// The run ended otherwise: returns the whole error.
    pub fn into_failure(self) -> Result<E, Self> {
        if let Self::Failed(error) = self { Ok(error) } else { Err(self) }
    }
}

impl<E: fmt::Display> fmt::Display for ChildError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => write!(f, "the run that was started failed: {error}"),
            Self::Cancelled { reason } => write!(f, "the run that was started was cancelled: {reason}"),
            Self::TimedOut => f.write_str("the run that was started has reached its deadline"),
            Self::Deleted { run } => write!(f, "the run `{run}` that was started was deleted before it had ended"),
            Self::Refused { reason } => write!(f, "the run was not started: {reason}"),
        }
    }
}

impl<E: Failure> std::error::Error for ChildError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let Self::Failed(error) = self { error.as_source() } else { None }
    }
}
