//! The definition of a graph, as `#[workflow]` on an `impl` generates it: its steps, and how each is called.

use super::body::EventBody;
use super::diagram::Diagram;
use super::dispatch::{self, GraphFlow};
use super::emit::Emits;
use super::payload::Inputs;
use super::plan::Plan;
use super::shape::StepShape;
use crate::codec::{self, CodecError, Location, StoredValue};
use crate::command::{Given, Recode, RunStep};
use crate::context::{Declared, SharedContext};
use crate::error::{Error, Failure, StepError};
use crate::fields::Coder;
use crate::journal::StepRun;
use crate::policy::Policy;
use crate::resources::ResourceKey;
use crate::shared_state::StateDef;
use crate::step::{StepInputs, stateless};
use crate::value::Value;
use crate::workflow::{Flow, Sealed, Startable, WorkflowDef};
use std::future::Future;
use std::sync::Arc;

/// An event-driven workflow, as `#[workflow]` generates it from an `impl` block.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event-driven workflow",
    note = "put `#[workflow]` on an `impl` of it"
)]
pub trait Graph: WorkflowDef<Error = Error> {
    /// Returns its steps, and the routes between them.
    #[doc(hidden)]
    fn plan() -> &'static Plan;
}

/// The kind of [`Startable`] that a type with `#[workflow]` on its `impl` has.
#[doc(hidden)]
#[derive(Debug)]
pub struct OfGraph;

#[diagnostic::do_not_recommend]
impl<G: Graph> Sealed<OfGraph> for G {}

#[diagnostic::do_not_recommend]
impl<G: Graph> Startable<OfGraph> for G {
    type Workflow = G;
}

/// One step of a graph, as `#[workflow]` defines it.
pub trait GraphStep: Send + Sync + 'static {
    /// The data on the step for the compiler and the dispatch loop.
    const SHAPE: StepShape;
    /// Retries and time limit.
    const POLICY: Policy = Policy::ONCE;
    /// Whether attempts block their thread.
    const BLOCKING: bool = false;
    /// The roles of which a run's principal needs one; empty if it needs none.
    const ROLES: &'static [&'static str] = &[];
    /// The resources that it takes.
    const RESOURCES: &'static [ResourceKey] = &[];
    /// The context that it reads; `()` if none.
    type Context: Send + Sync + 'static;
    /// The events that it takes, as a tuple.
    type Events: Send + 'static;
    /// The type that it returns.
    type Output: Emits;
    /// The type of its error.
    type Error: Failure;

    /// Reads its events.
    ///
    /// # Errors
    /// An event does not fit its type.
    fn events(coder: Coder<'_>, inputs: &Inputs) -> Result<Self::Events, CodecError>;

    /// Returns the shared state that it takes.
    const STATE: fn() -> Option<StateDef> = stateless;

    /// Whether an error ends the step at once: `Terminal`, or `retry(unless = ..)`.
    const IS_FINAL: fn(&Self::Error) -> bool = Self::Error::is_terminal;

    /// Calls the user's function.
    fn body(
        context: Arc<Self::Context>,
        events: Self::Events,
        inputs: StepInputs,
    ) -> impl Future<Output = Result<Self::Output, Self::Error>> + Send + 'static;
}

/// The return type of a step of a graph.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a step returns a `Result`, not `{Self}`",
    label = "write `Result<{Self}>` here",
    note = "`steadfast::Result<T>` takes every error with `?`; `Result<T, E>` has an error of its own type"
)]
pub trait GraphOutcome {
    /// The value.
    type Value: Emits;
    /// The error.
    type Error: Failure;

    /// Returns the result itself.
    ///
    /// # Errors
    /// Its own error.
    fn into_result(self) -> Result<Self::Value, Self::Error>;
}

impl<T: Emits, E: Failure> GraphOutcome for Result<T, E> {
    type Value = T;
    type Error = E;

    fn into_result(self) -> Self {
        self
    }
}

/// The function that creates the call of a step.
type StepCaller = fn(Option<SharedContext>, Inputs, Value) -> RunStep<'static, StepRun>;

/// A step without its types.
#[derive(Clone, Copy, Debug)]
pub struct AnyStep {
    pub(super) shape: StepShape,
    pub(super) call: StepCaller,
    /// Decodes the error of a step that failed for good.
    pub(super) failure: fn(Coder<'_>, &Value) -> Result<Error, CodecError>,
}

impl AnyStep {
    /// Returns the step `S`.
    #[must_use]
    pub const fn of<S: GraphStep>() -> Self {
        Self { shape: S::SHAPE, call: call::<S>, failure: failure::<S> }
    }
}

impl AnyStep {
    /// Stands for a step that does not compile.
    pub(super) const UNKNOWN: Self = Self {
        shape: StepShape::UNKNOWN,
        call: |_, _, _| unreachable!("{NO_PROGRAM}"),
        failure: |_, _| unreachable!("{NO_PROGRAM}"),
    };
}

const NO_PROGRAM: &str = "a graph with this step does not compile";

fn call<S: GraphStep>(context: Option<SharedContext>, inputs: Inputs, arguments: Value) -> RunStep<'static, StepRun> {
    // The arguments only name the places of the events, and are compared as they are.
    let arguments = Given::new(Ok(arguments), Recode::none());
    let body = Arc::new(EventBody::<S>::new(context, inputs));
    RunStep {
        name: S::SHAPE.name,
        arguments,
        queue: None,
        run: StepRun { roles: S::ROLES, policy: S::POLICY, body, queued: None },
    }
}

fn failure<S: GraphStep>(coder: Coder<'_>, error: &Value) -> Result<Error, CodecError> {
    let error: StepError<S::Error> = codec::decode_at(coder, Location::Result(S::SHAPE.name), error)?;
    Ok(error.into())
}

/// Runs the body of a graph without a context: its dispatch loop.
///
/// # Errors
/// A step failed for good and no step caught it, or the graph ran out of work without a `Stop`.
#[doc(hidden)]
pub async fn body<G: Graph<Context = ()>>(mut flow: Flow<()>, input: G::Input) -> Result<G::Output, Error>
where
    G::Input: StoredValue,
    G::Output: StoredValue,
{
    run::<G>(&mut flow, input).await
}

/// Runs the body of a graph with a context, which its steps may change.
///
/// # Errors
/// As for [`body`], or a change could not be made.
#[doc(hidden)]
pub async fn body_in_context<G: Graph>(mut flow: Flow<G::Context>, input: G::Input) -> Result<G::Output, Error>
where
    G::Context: Declared,
    G::Input: StoredValue,
    G::Output: StoredValue,
{
    run::<G>(&mut flow, input).await
}

async fn run<G: Graph>(flow: &mut dyn GraphFlow, input: G::Input) -> Result<G::Output, Error>
where
    G::Input: StoredValue,
    G::Output: StoredValue,
{
    let journal = flow.journal().clone();
    let (result, step) = dispatch::run(flow, G::NAME, G::plan(), &input).await?;
    match G::Output::decode(journal.coder(), Location::Result(step), &result) {
        Ok(output) => Ok(output),
        Err(error) => {
            journal.unreadable(0, error.to_string());
            std::future::pending().await
        }
    }
}

/// Returns the diagram of the graph.
#[doc(hidden)]
#[must_use]
pub fn diagram<G: Graph>() -> Diagram {
    Diagram::of(G::NAME, G::plan())
}

/// Holds if a step reads the context that its workflow has.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "this step reads the context `{Self}`, and the workflow has `{C}`",
    label = "not the workflow's context",
    note = "take `&{C}`, as `#[workflow(context = ..)]` says"
)]
pub trait SameContext<C> {}

#[diagnostic::do_not_recommend]
impl<C> SameContext<C> for C {}

/// Checks the type of a step's context; called there in a constant.
#[doc(hidden)]
pub const fn same_context<Read: SameContext<C>, C>() {}

/// Holds if a step shares the state that its workflow has.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "this step shares the state `{Self}`, and the workflow has `{S}`",
    label = "not the workflow's state",
    note = "take `&State<{S}>`, as `#[workflow(state = ..)]` says"
)]
pub trait SameState<S> {}

#[diagnostic::do_not_recommend]
impl<S> SameState<S> for S {}

/// Checks the type of a step's state; called there in a constant.
#[doc(hidden)]
pub const fn same_state<Shared: SameState<S>, S>() {}
