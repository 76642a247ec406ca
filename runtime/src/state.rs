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
/// The context belongs to the workflow, and no step can change it. Shared state belongs to the steps that run at the
/// same time: a counter, a cache, their progress. Each may [`edit`](State::edit) it, and an edit is
///
/// * **atomic**: the closure gets the only copy that is being written, which is then published by a swap. If it panics
///   or [fails](State::try_edit), nothing of it remains;
/// * **made once**: an edit is an entry of the run's journal. A step that reaches it again, in a later attempt or after
///   a crash, gets the closure's first result, and the closure does not run. An edit stays even if its attempt fails
///   afterwards, because others may have seen it;
/// * **free of deadlocks**: the closure is synchronous, and there is one lock, which users never see. Reading within
///   the closure returns the state before the edit; another edit in it is an error.
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
/// # The type
///
/// It is a struct with `#[derive(StepContext, Clone)]` whose fields all have a default: a run begins with the defaults,
/// which are recorded. Only fields that an edit has changed are encoded and written; names, aliases, versions and
/// `migrate` are as for a context. The state is copied and compared with each edit, so keep it small: a large value
/// goes to a field store, `#[context(default, store = "blobs")]`, best as a [`Lazy`](crate::Lazy), which is copied as a
/// pointer and loaded when a step reads it. An edit saves it before others see the edit; a store that fails fails the
/// edit.
///
/// For quick work there are [keys](State::set) without a type: `state.set("cursor", &7).await?`. They exist in every
/// workflow, also beside a typed state; a step that needs nothing else takes `state: &State`.
///
/// # Identity of an edit
///
/// An edit is identified by the step's call, by its place in the source, and by how often the attempt has reached that
/// place. So an attempt that takes another branch makes its own edits. Where several branches of one step reach the
/// same place in any order, or where the source changes while runs are in progress, give it a name:
/// `state.labelled("counted").edit(..)`.
///
/// # Durability
///
/// [`read`](State::read), and an edit that returns a value, wait until the journal has what they return. An edit that
/// returns `()` does not wait: it is durable before the result of its step is, and before any step reads it. (A value
/// that a closure copies to a variable outside of it is not waited for: return it instead.)
pub struct State<S = ()> {
    env: Arc<RunEnv>,
    scope: Arc<StepScope>,
    /// Whether the step may block its thread.
    may_block: bool,
    kind: PhantomData<fn() -> S>,
}

impl<S: StateKind> State<S> {
    /// Creates state for a unit test: `count::direct(&State::for_tests(Progress::default()), 5)`, or
    /// `State::for_tests(())`. Nothing is recorded, and everything is one attempt of one step.
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
    /// Returns the current state, once everything in it is durable. The value does not change: read again for later
    /// edits.
    ///
    /// Within the closure of an edit it returns the state before that edit, and does not wait.
    ///
    /// # Errors
    /// [`StateError::Stopped`]: the step was cancelled, or its run was evicted from this process.
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

/// Returns the typed part. Its type was checked before the step began.
fn typed<S: TypedState>(snapshot: &crate::shared_state::StateSnapshot) -> Arc<S> {
    let typed = snapshot.typed.as_ref().and_then(|typed| Arc::clone(typed).downcast().ok());
    typed.expect("the workflow declares the state that its step takes")
}

impl<S> State<S> {
    fn call<'a, T>(&self, call: impl Future<Output = Result<T, StateError>> + Send + 'a) -> StateCall<'a, T> {
        StateCall::new(self.may_block, call)
    }

    /// Returns the error, unless a missing key of a secret caused it: that is no fault of the step, and the run waits
    /// for the key.
    async fn locked_or<T>(&self, error: StateError) -> Result<T, StateError> {
        if self.is_locked() { std::future::pending().await } else { Err(error) }
    }

    /// Returns whether a missing key caused the last failure on this thread, and if so has the run parked.
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

/// Omits the values, which may be private.
impl<S> fmt::Debug for State<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("step", &self.scope.name).finish_non_exhaustive()
    }
}
