//! What `#[workflow]` on an `impl` leaves for the runtime: the steps of a graph, and how one is called.

use super::body::EventBody;
use super::diagram::Diagram;
use super::dispatch::{self, GraphFlow};
use super::emit::Emits;
use super::payload::Inputs;
use super::plan::Plan;
use super::shape::StepShape;
use crate::codec::{self, CodecError, Location};
use crate::command::{Given, Recode, RunStep};
use crate::context::{SharedContext, StepContext};
use crate::error::{Error, Failure, StepError};
use crate::fields::Coder;
use crate::journal::StepRun;
use crate::policy::Policy;
use crate::resources::ResourceKey;
use crate::shared_state::StateDef;
use crate::step::StepInputs;
use crate::value::Value;
use crate::workflow::{Flow, Sealed, Startable, WorkflowDef};
use std::future::Future;
use std::sync::Arc;

/// An event-driven workflow: what `#[workflow]` makes of an `impl` block.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event-driven workflow",
    note = "put `#[workflow]` on an `impl` of it"
)]
pub trait Graph: WorkflowDef<Error = Error> {
    /// Its steps, and the way from one to the next.
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
    /// What the compiler and the dispatch loop know of it.
    const SHAPE: StepShape;
    /// Retries and time limit.
    const POLICY: Policy;
    /// Whether attempts block their thread.
    const BLOCKING: bool = false;
    /// Roles of which the principal of the run needs one; none is needed if it is empty.
    const ROLES: &'static [&'static str] = &[];
    /// The resources that it takes.
    const RESOURCES: &'static [ResourceKey] = &[];
    /// The context that it reads; `()` if none.
    type Context: Send + Sync + 'static;
    /// The events that it takes, as a tuple.
    type Events: Send + 'static;
    /// What it returns when all is well.
    type Output: Emits;
    /// The error it returns.
    type Error: Failure;

    /// Reads its events.
    ///
    /// # Errors
    /// One does not fit its type.
    fn events(coder: Coder<'_>, inputs: &Inputs) -> Result<Self::Events, CodecError>;

    /// The shared state that it takes.
    #[must_use]
    fn state() -> Option<StateDef> {
        None
    }

    /// Whether this error ends the step at once: `Terminal`, or `retry(unless = ..)`.
    fn is_final(error: &Self::Error) -> bool {
        error.is_terminal()
    }

    /// The user's function.
    fn body(
        context: Arc<Self::Context>,
        events: Self::Events,
        inputs: StepInputs,
    ) -> impl Future<Output = Result<Self::Output, Self::Error>> + Send + 'static;
}

/// What a step of a graph returns.
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

    /// The result itself.
    ///
    /// # Errors
    /// As it was.
    fn into_result(self) -> Result<Self::Value, Self::Error>;
}

impl<T: Emits, E: Failure> GraphOutcome for Result<T, E> {
    type Value = T;
    type Error = E;

    fn into_result(self) -> Self {
        self
    }
}

/// Makes the call of a step.
type StepCaller = fn(Option<SharedContext>, Inputs, Value) -> RunStep<'static, StepRun>;

/// A step without its types.
#[derive(Clone, Copy, Debug)]
pub struct AnyStep {
    pub(super) shape: StepShape,
    pub(super) call: StepCaller,
    /// The error of a step that failed for good.
    pub(super) failure: fn(Coder<'_>, &Value) -> Result<Error, CodecError>,
}

impl AnyStep {
    /// The step `S`.
    #[must_use]
    pub const fn of<S: GraphStep>() -> Self {
        Self { shape: S::SHAPE, call: call::<S>, failure: failure::<S> }
    }
}

fn call<S: GraphStep>(context: Option<SharedContext>, inputs: Inputs, arguments: Value) -> RunStep<'static, StepRun> {
    // They say where the events are, and are compared as they stand.
    let arguments = Given::new(Ok(arguments), Recode::none());
    let body = Arc::new(EventBody::<S>::new(context, inputs));
    RunStep { name: S::SHAPE.name, arguments, run: StepRun { roles: S::ROLES, policy: S::POLICY, body } }
}

fn failure<S: GraphStep>(coder: Coder<'_>, error: &Value) -> Result<Error, CodecError> {
    let error: StepError<S::Error> = codec::decode_at(coder, Location::Result(S::SHAPE.name), error)?;
    Ok(error.into())
}

/// The body of a graph without a context: its dispatch loop.
///
/// # Errors
/// A step failed for good and nobody took that, or the graph came to rest without a `Stop`.
#[doc(hidden)]
pub async fn body<G: Graph<Context = ()>>(mut flow: Flow<()>, input: G::Input) -> Result<G::Output, Error> {
    run::<G>(&mut flow, input).await
}

/// The same of one with a context, which its steps may change.
///
/// # Errors
/// As without, or a change could not be made.
#[doc(hidden)]
pub async fn body_in_context<G: Graph>(mut flow: Flow<G::Context>, input: G::Input) -> Result<G::Output, Error>
where
    G::Context: StepContext,
{
    run::<G>(&mut flow, input).await
}

async fn run<G: Graph>(flow: &mut dyn GraphFlow, input: G::Input) -> Result<G::Output, Error> {
    let journal = flow.journal().clone();
    let (result, step) = dispatch::run(flow, G::NAME, G::plan(), &input).await?;
    match codec::decode_at(journal.coder(), Location::Result(step), &result) {
        Ok(output) => Ok(output),
        Err(error) => {
            journal.unreadable(0, error.to_string());
            std::future::pending().await
        }
    }
}

/// The graph as a picture.
#[doc(hidden)]
#[must_use]
pub fn diagram<G: Graph>() -> Diagram {
    Diagram::of(G::NAME, G::plan())
}

/// A step reads the context that its workflow has.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "this step reads the context `{Self}`, and the workflow has `{C}`",
    label = "not the workflow's context",
    note = "take `&{C}`, as `#[workflow(context = ..)]` says"
)]
pub trait SameContext<C> {}

#[diagnostic::do_not_recommend]
impl<C> SameContext<C> for C {}

/// Called in a constant at the type of a step's context.
#[doc(hidden)]
pub const fn same_context<Read: SameContext<C>, C>() {}

/// A step shares the state that its workflow has.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "this step shares the state `{Self}`, and the workflow has `{S}`",
    label = "not the workflow's state",
    note = "take `&State<{S}>`, as `#[workflow(state = ..)]` says"
)]
pub trait SameState<S> {}

#[diagnostic::do_not_recommend]
impl<S> SameState<S> for S {}

/// Called in a constant at the type of a step's state.
#[doc(hidden)]
pub const fn same_state<Shared: SameState<S>, S>() {}
