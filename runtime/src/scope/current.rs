//! The run and the step in which code runs.

use super::{StepScope, ambient};
use crate::record::{Principal, RunIdentity, RunScope, SpanOf};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

/// A run, with whether this code is its workflow or a step: the result of [`current`].
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
    /// The body of a workflow: these values are recorded, and the same in every replay.
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
    /// Returns the id of the run.
    #[must_use]
    pub fn run_id(&self) -> &str {
        &self.identity().id
    }

    /// Returns the name of the workflow.
    #[must_use]
    pub fn workflow(&self) -> &str {
        &self.identity().workflow
    }

    /// Returns the step and its attempt, if this is a step.
    #[must_use]
    pub fn step(&self) -> Option<&StepScope> {
        match self {
            Self::Workflow(_) => None,
            Self::Step(scope) | Self::Transaction(scope) => Some(scope),
        }
    }

    /// Returns the deadline of the run. The time limit of an attempt is the [`deadline`](StepScope::deadline) of its
    /// step.
    #[must_use]
    pub fn deadline(&self) -> Option<SystemTime> {
        self.run_scope().deadline()
    }

    /// Returns the principal for which the run acts.
    #[must_use]
    pub fn principal(&self) -> Option<&Principal> {
        self.run_scope().principal.as_ref()
    }

    /// Returns the id of the parent run.
    #[must_use]
    pub fn parent(&self) -> Option<&str> {
        self.run_scope().parent.as_deref()
    }

    /// Returns the labels of the run, as they were given to its start.
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

/// Returns the run, step and attempt in which this code runs, with the run's scope. Returns `None` elsewhere, and in a
/// task or thread that a body has spawned: see [`propagate`](crate::propagate).
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

/// Returns the scope of the run in whose body this code runs, with the span of this code as what it causes.
pub(crate) fn caller() -> Option<Arc<RunScope>> {
    ambient(|ambient| {
        let (current, scope) = (&ambient.current, ambient.current.run_scope());
        let span = match current {
            Current::Workflow(_) => SpanOf::Run,
            Current::Step(step) | Current::Transaction(step) => SpanOf::Attempt(step.position, step.attempt),
        };
        let traceparent = Some(scope.header_of(current.identity().execution, span));
        Arc::new(RunScope { traceparent, ..RunScope::clone(scope) })
    })
}

/// Returns the attempt of the step in whose body this code runs: its number, idempotency key, deadline and
/// cancellation. Returns `None` elsewhere, and in a task or thread that the body has spawned.
#[must_use]
pub fn step_scope() -> Option<Arc<StepScope>> {
    match current()? {
        Current::Step(scope) | Current::Transaction(scope) => Some(scope),
        Current::Workflow(_) => None,
    }
}
