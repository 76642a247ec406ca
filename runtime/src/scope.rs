//! The scope of running code: its run, workflow, step and attempt, readable anywhere below without a parameter.

mod cancellation;
mod current;
mod given;
mod link;
mod overrides;
mod propagate;
mod queued;
#[cfg(feature = "otel")]
mod span;
mod writes;

pub use cancellation::Cancellation;
pub(crate) use current::WorkflowScope;
pub(crate) use current::caller;
pub use current::{Current, current, step_scope};
pub(crate) use given::Deadline;
pub use given::Scope;
pub(crate) use link::Link;
pub use overrides::scoped;
pub(crate) use overrides::surrounding;
pub use propagate::{propagate, propagate_fn};
pub(crate) use writes::Writes;

use self::overrides::Layers;
use crate::context::SharedContext;
use crate::record::{RunIdentity, RunScope};
use crate::run_env::RunEnv;
use data_encoding::HEXLOWER;
use std::cell::RefCell;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// One attempt of one step, as its body sees it.
///
/// ```
/// use steadfast::prelude::*;
///
/// #[step(retry(attempts = 3))]
/// async fn charge(scope: &StepScope, cents: u64) -> Result<String> {
///     // The same in every attempt, so that a service that knows the key charges once.
///     Ok(format!("{}: {cents} cents, attempt {}", scope.idempotency_key(), scope.attempt))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let charged = charge::direct(&StepScope::for_tests("charge"), 5).await.unwrap();
/// assert!(charged.ends_with(": 5 cents, attempt 1"));
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct StepScope {
    pub(crate) run: Arc<RunIdentity>,
    pub(crate) run_scope: Arc<RunScope>,
    /// The step's name.
    pub name: String,
    /// The command index of the call in the workflow.
    pub position: u64,
    /// The attempt's number, from 1.
    pub attempt: u32,
    /// The time at which the attempt's time limit is reached, by the machine's clock when the body began. The limit
    /// itself is a duration: setting the clock does not change it.
    pub deadline: Option<SystemTime>,
    /// The cancellation of the attempt, for its body to check.
    pub cancellation: Cancellation,
    /// The writes of the attempt to streams, and its progress.
    pub(crate) writes: Writes,
    /// The environment of its run.
    pub(crate) link: Link,
    /// The events that the step may send by hand.
    pub(crate) sends: &'static [crate::record::EventInfo],
}

impl StepScope {
    /// Creates the first attempt of a step, in a run `test` of a workflow `test`: for unit tests,
    /// `charge::direct(&scope, 500)`.
    #[must_use]
    pub fn for_tests(step: impl Into<String>) -> Self {
        let (id, workflow) = ("test".to_owned(), "test".to_owned());
        Self {
            run: Arc::new(RunIdentity { id, workflow, execution: [0; 16] }),
            run_scope: Arc::default(),
            name: step.into(),
            position: 1,
            attempt: 1,
            deadline: None,
            cancellation: Cancellation::default(),
            writes: Writes::default(),
            link: Link::default(),
            sends: &[],
        }
    }

    /// Returns the id of the run.
    #[must_use]
    pub fn run_id(&self) -> &str {
        &self.run.id
    }

    /// Sets the wait before the next attempt if the body returns an error, in place of the policy's backoff: for a service
    /// that states one, as in the header `Retry-After`. The policy still limits the number of attempts, and its
    /// `max_backoff` does not shorten the wait. The wait is durable, like any backoff. Only the first call in an attempt
    /// has an effect. An attempt that panics or exceeds its time limit waits as the policy says.
    ///
    /// ```
    /// use steadfast::prelude::*;
    ///
    /// #[step(retry(attempts = 5, backoff = "1s"))]
    /// async fn fetch(scope: &StepScope, url: String) -> Result<String> {
    ///     let answer = Err(std::time::Duration::from_secs(30)); // 429, with a header
    ///     answer.or_else(|wait| {
    ///         scope.retry_after(wait);
    ///         Err(Error::msg(format!("{url} has had enough of us")))
    ///     })
    /// }
    /// # fn main() {}
    /// ```
    pub fn retry_after(&self, wait: Duration) {
        self.writes.retry_after(wait);
    }

    /// Returns whether it was created for a unit test.
    pub(crate) fn is_test(&self) -> bool {
        self.run.execution == [0; 16]
    }

    /// Returns a key for services that accept one: the same for all attempts of this call, and different for every
    /// other call, even of another run with the same id. 32 hexadecimal digits.
    #[must_use]
    pub fn idempotency_key(&self) -> String {
        let mut hash = hmac_sha256::Hash::new();
        hash.update(self.run.execution);
        hash.update(self.position.to_le_bytes());
        HEXLOWER.encode(&hash.finalize()[..16])
    }
}

/// Returns the step whose body runs here, and the environment of its run.
pub(crate) fn step_writer() -> Option<(Arc<StepScope>, Arc<RunEnv>)> {
    ambient(|ambient| match &ambient.current {
        Current::Step(scope) => Some((scope.clone(), ambient.env.clone())),
        _ => None,
    })?
}

/// The ambient state while a future is polled.
#[derive(Clone)]
pub(crate) struct Ambient {
    pub(crate) current: Current,
    pub(crate) context: AmbientContext,
    pub(crate) env: Arc<RunEnv>,
}

/// The source of the context: fixed and whole for a step, the current stored part for a workflow.
#[derive(Clone)]
pub(crate) enum AmbientContext {
    Step(Option<SharedContext>),
    Workflow(Arc<dyn ContextSource>),
}

/// A source of the current context.
pub(crate) trait ContextSource: Send + Sync {
    fn context(&self) -> Option<SharedContext>;
}

thread_local! {
    static AMBIENT: RefCell<Option<Ambient>> = const { RefCell::new(None) };
}

/// Sets `ambient` until the guard is dropped, without the scopes around this call.
pub(crate) fn enter(ambient: Ambient) -> impl Drop {
    put(Some(ambient), Layers::default())
}

/// Runs code as if outside of any run, until the guard is dropped.
pub(crate) fn outside() -> impl Drop {
    struct Inside(Option<Ambient>);
    impl Drop for Inside {
        fn drop(&mut self) {
            let before = self.0.take();
            AMBIENT.with(|slot| slot.replace(before));
        }
    }
    Inside(AMBIENT.take())
}

/// Sets this state until the guard is dropped.
fn put(ambient: Option<Ambient>, layers: Layers) -> impl Drop + use<> {
    struct Restore<L>(Option<Ambient>, L);
    impl<L> Drop for Restore<L> {
        fn drop(&mut self) {
            let before = self.0.take();
            AMBIENT.with(|slot| slot.replace(before));
        }
    }
    Restore(AMBIENT.with(|slot| slot.replace(ambient)), layers.enter())
}

/// Reads the ambient state; returns `None` outside of any run.
fn ambient<T>(ask: impl FnOnce(&Ambient) -> T) -> Option<T> {
    AMBIENT.with(|slot| slot.borrow().as_ref().map(ask))
}

/// Returns the context of the run: in a step the one that the step was called with, in a workflow the current one.
///
/// It cannot be changed from here. A context with transient fields is available in steps only; its stored part
/// (`OrderContextStored`) everywhere.
///
/// # Errors
/// There is no run here, the context is not set yet, or the run's context is another type.
pub fn context<C: crate::StepContext>() -> Result<Arc<C>, NoContext> {
    let ambient = ambient(Clone::clone).ok_or(NoContext { wanted: C::CONTEXT, found: Found::NoRun })?;
    let (shared, step) = match &ambient.context {
        AmbientContext::Step(shared) => (shared.clone(), true),
        AmbientContext::Workflow(source) => (source.context(), false),
    };
    let shared = shared.ok_or(NoContext { wanted: C::CONTEXT, found: Found::NotSet })?;
    if let Ok(stored) = shared.to_stored().downcast::<C>() {
        return Ok(stored);
    }
    let whole = if step { ambient.env.live.whole(&shared) } else { None };
    whole.and_then(|whole| whole.downcast::<C>().ok()).ok_or(NoContext { wanted: C::CONTEXT, found: Found::Another })
}

/// No context of the wanted type is available here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoContext {
    wanted: &'static str,
    found: Found,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    NoRun,
    NotSet,
    Another,
}

impl std::fmt::Display for NoContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no context `{}` here: ", self.wanted)?;
        f.write_str(match self.found {
            Found::NoRun => "this code runs outside of any workflow or step",
            Found::NotSet => "the workflow has not set its context yet",
            Found::Another => "the run's context is of another type",
        })
    }
}

impl std::error::Error for NoContext {}
