//! State that the concurrent steps of one run share.

mod call;
mod edit;
mod error;
mod here;
mod keys;
mod routed;

pub use call::StateCall;
pub use edit::Labelled;
pub use error::StateError;
pub(crate) use here::runs_here;
pub(crate) use keys::read as read_key;

use crate::run_env::RunEnv;
use crate::scope::StepScope;
use crate::shared_state::{StateDef, StateEvent, StateKind, TypedState};
use crate::step::{HandleParameter, StepInputs};
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

/// State that the concurrent steps of one run share: a step takes it as `state: &State<Progress>`.
///
/// The context is what a workflow knows, and no step can change it. Shared state is what steps that run at the same time
/// know together: a counter, a cache, how far they have come. Each may [`edit`](State::edit) it, and an edit is
///
/// * **atomic**: the closure gets the only copy that is being written, and what it made of it is published by a swap. If it
///   panics, or [fails](State::try_edit), nothing of it remains;
/// * **made once**: an edit is an entry of the run's journal. A step that comes to it again, in a later attempt or after a
///   crash, gets what the closure gave the first time, and the closure is not run. An edit stays, also of an attempt that
///   fails afterwards, because others may have seen it;
/// * **free of deadlocks**: the closure is synchronous and there is one lock, which is no business of yours. Reading within
///   the closure gives the state before the edit; another edit in it is an error.
///
/// ```
/// use steadfast::prelude::*;
///
/// #[derive(StepContext, Clone)]
/// pub struct Progress {
///     #[context(default)]
///     pub chunks: u64,
///     #[context(default)]
///     pub total: u64,
/// }
///
/// #[step]
/// async fn count(state: &State<Progress>, n: u64) -> Result<u64> {
///     state.edit(|s| s.chunks += 1).await?;
///     let seen = state.edit(|s| { s.total += n; s.total }).await?;
///     Ok(seen)
/// }
///
/// #[workflow(state = Progress)]
/// async fn sum(flow: &Flow) -> Result<u64> {
///     try_join!(count(flow, 5), count(flow, 7))?;
///     Ok(flow.state::<Progress>().total)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let engine = Engine::builder().in_memory().workflow(sum).start().await?;
/// assert_eq!(engine.start(sum, ()).await?.result().await?, 12);
///
/// // In a unit test of a step, nothing is recorded.
/// let state = State::for_tests(Progress { chunks: 0, total: 1 });
/// assert_eq!(count::direct(&state, 4).await?, 5);
/// assert_eq!(state.read().await?.chunks, 1);
/// # Ok(())
/// # }
/// ```
///
/// # What the type is
///
/// A struct with `#[derive(StepContext, Clone)]` whose fields all have a default: a run begins with the defaults, which are
/// recorded. Only fields that an edit has changed are encoded and written; names, aliases, versions and
/// `migrate` are as for a context. The state is copied and compared with each edit, so it is meant to be small: a large value
/// goes to a field store, `#[context(default, store = "blobs")]`, best as a [`Lazy`](crate::Lazy), which is copied as a pointer
/// and loaded when a step reads it. An edit saves it before others see the edit; a store that fails fails the edit.
///
/// For quick work there are [keys](State::set) without a type: `state.set("cursor", &7).await?`. They are there in every
/// workflow, also beside a typed state; a step that needs nothing else takes `state: &State`.
///
/// # Which edit is which
///
/// An edit is known by the step's call, by the place in the source at which it stands, and by how often the attempt has
/// come there. So an attempt that takes another way makes its own edits. Where several branches of one step reach the same
/// place in any order, or where the source changes while runs are on their way, give it a name:
/// `state.labelled("counted").edit(..)`.
///
/// # What is durable when
///
/// [`read`](State::read), and an edit that gives a value, wait until the journal has what they show. An edit that gives
/// nothing does not wait: it is durable before the result of its step is, and before anybody reads it. (What a
/// closure copies to a variable outside of it, nobody waits for: give it back instead.)
pub struct State<S = ()> {
    env: Arc<RunEnv>,
    scope: Arc<StepScope>,
    /// Whether the step is one that may block its thread.
    may_block: bool,
    kind: PhantomData<fn() -> S>,
}

impl<S: StateKind> State<S> {
    /// State for a unit test: `count::direct(&State::for_tests(Progress::default()), 5)`, or `State::for_tests(())`.
    /// Nothing is recorded, and everything is one attempt of one step.
    #[must_use]
    pub fn for_tests(state: S) -> Self {
        let scope = Arc::new(StepScope::for_tests("test"));
        let env = RunEnv::for_tests(scope.run.clone());
        env.state.begin_test(S::definition(), state.typed());
        env.state.enter(scope.position);
        Self { env, scope, may_block: true, kind: PhantomData }
    }
}

impl<S> State<S> {
    /// The state as it stands, with everything in it durable. It does not change: read again for what comes later.
    ///
    /// Within the closure of an edit it gives the state before that edit, and does not wait.
    ///
    /// # Errors
    /// [`StateError::Stopped`]: the step was told to stop, or its run has left this process.
    pub fn read(&self) -> StateCall<'_, Arc<S>>
    where
        S: TypedState,
    {
        let (now, edits) = self.env.state.now();
        let wait = !runs_here();
        self.call(async move {
            if wait {
                self.env.state.durable(edits).await.map_err(|_| StateError::Stopped)?;
            }
            Ok(typed(&now))
        })
    }
}

/// The typed part. That it is of this type was seen to before the step began.
fn typed<S: TypedState>(snapshot: &crate::shared_state::StateSnapshot) -> Arc<S> {
    let typed = snapshot.typed.as_ref().and_then(|typed| Arc::clone(typed).downcast().ok());
    typed.expect("the workflow declares the state that its step takes")
}

impl<S> State<S> {
    fn call<'a, T>(&self, call: impl Future<Output = Result<T, StateError>> + Send + 'a) -> StateCall<'a, T> {
        StateCall::new(self.may_block, call)
    }

    /// What could not be written or read is a secret without its key, perhaps: then it is no fault of the step, and the run
    /// waits for the key.
    async fn locked_or<T>(&self, error: StateError) -> Result<T, StateError> {
        if self.is_locked() { std::future::pending().await } else { Err(error) }
    }

    /// Whether what failed just now, on this thread, has failed for want of a key; then the run is parked.
    fn is_locked(&self) -> bool {
        let fault = self.env.fields.vault().take_fault();
        let locked = fault.is_some();
        if let Some(fault) = fault {
            self.env.state.notify(StateEvent::Locked { position: self.scope.position, fault });
        }
        locked
    }
}

impl<S: StateKind> HandleParameter for State<S> {
    fn of(inputs: &StepInputs) -> Arc<Self> {
        let (env, scope) = (inputs.env().clone(), inputs.scope().clone());
        Arc::new(Self { env, scope, may_block: inputs.may_block(), kind: PhantomData })
    }

    fn state() -> Option<StateDef> {
        S::definition()
    }
}

/// The values are the user's business.
impl<S> fmt::Debug for State<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("step", &self.scope.name).finish_non_exhaustive()
    }
}
