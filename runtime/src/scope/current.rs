//! The answer to «where does this code run?».

use super::{StepScope, ambient};
use crate::record::{Principal, RunIdentity, RunScope};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

/// Which run, and whether this is a workflow or a step: the answer of [`current`].
///
/// ```
/// use steadfast::{Current, current};
///
/// match current() {
///     Some(Current::Step(step)) => println!("attempt {} of step `{}`", step.attempt, step.name),
///     Some(_) => println!("a workflow or a transaction"),
///     None => println!("no code of a run"),
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Current {
    /// The body of a workflow: all that it says is recorded, so it is the same in every replay.
    Workflow(WorkflowScope),
    /// The body of a step.
    Step(Arc<StepScope>),
    /// The body of a step that is a transaction.
    Transaction(Arc<StepScope>),
}

/// A run, as the body of its workflow sees it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkflowScope {
    pub(crate) run: Arc<RunIdentity>,
    pub(crate) run_scope: Arc<RunScope>,
}

impl Current {
    /// The id of the run.
    #[must_use]
    pub fn run_id(&self) -> &str {
        &self.identity().id
    }

    /// The name of the workflow.
    #[must_use]
    pub fn workflow(&self) -> &str {
        &self.identity().workflow
    }

    /// The step and its attempt, if this is a step.
    #[must_use]
    pub fn step(&self) -> Option<&StepScope> {
        match self {
            Self::Workflow(_) => None,
            Self::Step(scope) | Self::Transaction(scope) => Some(scope),
        }
    }

    /// When the run ends at the latest. The time limit of an attempt is the [`deadline`](StepScope::deadline) of its step.
    #[must_use]
    pub fn deadline(&self) -> Option<SystemTime> {
        self.run_scope().deadline()
    }

    /// For whom the run acts.
    #[must_use]
    pub fn principal(&self) -> Option<&Principal> {
        self.run_scope().principal.as_ref()
    }

    /// The id of the run whose child this one is.
    #[must_use]
    pub fn parent(&self) -> Option<&str> {
        self.run_scope().parent.as_deref()
    }

    /// The names and values by which the run can be found, as they were given to its start.
    #[must_use]
    pub fn labels(&self) -> &BTreeMap<String, String> {
        &self.run_scope().labels
    }

    fn identity(&self) -> &Arc<RunIdentity> {
        match self {
            Self::Workflow(scope) => &scope.run,
            Self::Step(scope) | Self::Transaction(scope) => &scope.run,
        }
    }

    fn run_scope(&self) -> &Arc<RunScope> {
        match self {
            Self::Workflow(scope) => &scope.run_scope,
            Self::Step(scope) | Self::Transaction(scope) => &scope.run_scope,
        }
    }
}

/// Which run, step and attempt this code runs in, and under what; `None` outside of any, also in a task or thread that a
/// body spawned: see [`propagate`](crate::propagate).
///
/// ```
/// use steadfast::{Current, prelude::*};
///
/// /// Far below a step, without a parameter for it.
/// fn log_line(text: &str) -> String {
///     match steadfast::current() {
///         Some(current @ Current::Workflow(_)) => format!("[{}] {text}", current.run_id()),
///         Some(current) => format!("[{} {}] {text}", current.run_id(), current.step().map_or("", |step| &step.name)),
///         None => text.to_owned(),
///     }
/// }
///
/// #[step]
/// async fn work() -> Result<String> {
///     Ok(log_line("working"))
/// }
///
/// #[workflow]
/// async fn working(flow: &mut Flow) -> Result<String> {
///     Ok(work(flow).await?)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::builder().in_memory().workflow(working).start().await?;
/// assert_eq!(engine.start(working, ()).id("r").await?.result().await?, "[r work] working");
/// assert_eq!(log_line("elsewhere"), "elsewhere");
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn current() -> Option<Current> {
    ambient(|ambient| ambient.current.clone())
}

/// Under what the run acts in whose body this code runs.
pub(crate) fn caller() -> Option<Arc<RunScope>> {
    ambient(|ambient| ambient.current.run_scope().clone())
}

/// The attempt of a step in whose body this code runs: its number, its idempotency key, its deadline, its cancellation.
/// `None` elsewhere, also in a task or thread that the body spawned.
#[must_use]
pub fn step_scope() -> Option<Arc<StepScope>> {
    match current()? {
        Current::Step(scope) | Current::Transaction(scope) => Some(scope),
        Current::Workflow(_) => None,
    }
}
