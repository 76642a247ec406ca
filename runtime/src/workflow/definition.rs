//! The definition of a workflow, as `#[workflow]` generates it, and how a function names it.

use super::start::{Start, StartArgument};
use crate::codec::{Same, Storable};
use crate::context::Schema;
use crate::error::Failure;
use crate::resources::ResourceKey;
use crate::shared_state::StateDef;
use crate::step::Outcome;
use futures_util::future::BoxFuture;
use std::marker::PhantomData;

/// A workflow, as `#[workflow]` defines it on the braced struct with the function's name.
pub trait WorkflowDef: Send + Sync + Sized + 'static {
    /// The recorded name.
    const NAME: &'static str;
    /// The context; `()` if none.
    type Context: Send + Sync + 'static;
    /// The input after the handle; `()` if none.
    type Input: Storable;
    /// The result.
    type Output: Storable;
    /// The error.
    type Error: Failure;

    /// The version among the functions of this name; older runs continue with the function of their version.
    const VERSION: u32 = 1;
    /// The roles of which a run's principal needs one; empty if it needs none.
    const ROLES: &'static [&'static str] = &[];

    /// The part of input and result that holds a secret, as far as their types show it.
    #[doc(hidden)]
    const SECRET: Option<&'static str> = None;

    /// Returns the schema of its context, if it has one.
    #[must_use]
    fn schema() -> Option<&'static Schema> {
        None
    }

    /// Returns the state that its concurrent steps share, if it declares one.
    #[doc(hidden)]
    #[must_use]
    fn state() -> Option<StateDef> {
        None
    }

    /// Returns the resources that its steps take, by the attribute.
    #[doc(hidden)]
    #[must_use]
    fn resources() -> &'static [ResourceKey] {
        &[]
    }

    /// Returns the comparison of inputs with their read-back values, if the type has one.
    #[doc(hidden)]
    #[must_use]
    fn same_input() -> Option<Same<Self::Input>> {
        None
    }

    /// Returns the same comparison for results.
    #[doc(hidden)]
    #[must_use]
    fn same_output() -> Option<Same<Self::Output>> {
        None
    }

    /// Returns the names of the events that an event-driven workflow takes from outside.
    #[doc(hidden)]
    #[must_use]
    fn events() -> Option<Vec<&'static str>> {
        None
    }

    /// Returns the future that replaces the body once the run is cancelled: the call of a step.
    #[doc(hidden)]
    #[must_use]
    fn on_cancel(_: Start<Self::Context>, _: String) -> Option<BoxFuture<'static, ()>> {
        None
    }

    /// Calls the user's function.
    fn call(start: Start<Self::Context>, input: Self::Input) -> Body<Self>;
}

/// The body of a workflow: the return value of a function with `#[workflow]`. Only an engine can run it.
#[must_use = "only an engine can run a workflow: `engine.start(..)`"]
pub struct Body<W: WorkflowDef> {
    pub(crate) future: BoxFuture<'static, Result<W::Output, W::Error>>,
}

impl<W: WorkflowDef> Body<W> {
    #[doc(hidden)]
    pub fn new(future: impl Future<Output = Result<W::Output, W::Error>> + Send + 'static) -> Self {
        Self { future: Box::pin(future) }
    }
}

// A workflow that is called as a step is one error, at its first argument, and none at the `.await`.
#[doc(hidden)]
impl<W: WorkflowDef> IntoFuture for Body<W> {
    type Output = Result<W::Output, W::Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.future
    }
}

/// Stands for a workflow that its macro refused, so that its uses cause no further errors.
#[doc(hidden)]
pub struct Refused<I, R>(PhantomData<fn() -> (I, R)>);

impl<I: Storable, R: Outcome + 'static> WorkflowDef for Refused<I, R> {
    const NAME: &'static str = "";
    type Context = ();
    type Input = I;
    type Output = R::Value;
    type Error = R::Error;

    fn call(_: Start, _: I) -> Body<Self> {
        unreachable!("a program with this workflow does not compile")
    }
}

/// A function with `#[workflow]`, from which an engine gets name and types.
#[diagnostic::on_unimplemented(
    message = "this is not a workflow",
    label = "expected a function with `#[workflow]`",
    note = "put `#[workflow]` or `#[workflow(context = YourContext)]` on the function, and name it without calling it: `engine.start(process_order, input)`"
)]
pub trait Startable<Signature>: sealed::Sealed<Signature> + Send + Sync {
    /// The workflow.
    type Workflow: WorkflowDef;
}

/// Seals the trait to functions with `#[workflow]`, so that later versions may require more of them.
pub(crate) mod sealed {
    use super::{Body, StartArgument, WorkflowDef};

    pub trait Sealed<Signature> {}

    #[diagnostic::do_not_recommend]
    impl<F, W> Sealed<(W,)> for F
    where
        F: Fn(&dyn StartArgument<W::Context>) -> Body<W>,
        W: WorkflowDef<Input = ()>,
    {
    }

    #[diagnostic::do_not_recommend]
    impl<F, W, I> Sealed<(W, I)> for F
    where
        F: Fn(&dyn StartArgument<W::Context>, I) -> Body<W>,
        W: WorkflowDef<Input = I>,
    {
    }
}

#[diagnostic::do_not_recommend]
impl<F, W> Startable<(W,)> for F
where
    F: Fn(&dyn StartArgument<W::Context>) -> Body<W> + Send + Sync,
    W: WorkflowDef<Input = ()>,
{
    type Workflow = W;
}

#[diagnostic::do_not_recommend]
impl<F, W, I> Startable<(W, I)> for F
where
    F: Fn(&dyn StartArgument<W::Context>, I) -> Body<W> + Send + Sync,
    W: WorkflowDef<Input = I>,
{
    type Workflow = W;
}
