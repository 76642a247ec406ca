//! The definition of a workflow, as `#[workflow]` generates it, and how a function names it.

use super::code::{CodeOfWorkflow, OtherwiseWorkflow, WorkflowCode};
use super::start::{Start, StartArgument};
use crate::codec::Same;
use crate::context::Schema;
use crate::resources::ResourceKey;
use crate::shared_state::StateDef;
use crate::step::{Returned, stateless};
use futures_util::future::BoxFuture;
use std::marker::PhantomData;

/// A workflow, as `#[workflow]` defines it on the braced struct with the function's name.
pub trait WorkflowDef: Send + Sync + Sized + 'static {
    /// The recorded name.
    const NAME: &'static str;
    /// The context; `()` if none.
    type Context: 'static;
    /// The input after the handle; `()` if none.
    type Input: 'static;
    /// The result.
    type Output: 'static;
    /// The error.
    type Error: 'static;

    /// The functions that know that these types can be stored.
    #[doc(hidden)]
    const CODE: &'static WorkflowCode<Self::Input, Self::Output, Self::Error>;

    /// The version among the functions of this name; older runs continue with the function of their version.
    const VERSION: u32 = 1;
    /// The roles of which a run's principal needs one; empty if it needs none.
    const ROLES: &'static [&'static str] = &[];

    /// The part of input and result that holds a secret, as far as their types show it.
    #[doc(hidden)]
    const SECRET: Option<&'static str> = None;

    /// Returns the schema of its context, if it has one.
    //
    // A constant, as below: a method that has a default would be compiled again for each workflow.
    #[doc(hidden)]
    const SCHEMA: fn() -> Option<&'static Schema> = none;

    /// Returns the state that its concurrent steps share, if it declares one.
    #[doc(hidden)]
    const STATE: fn() -> Option<StateDef> = stateless;

    /// The resources that its steps take, by the attribute.
    #[doc(hidden)]
    const RESOURCES: &'static [ResourceKey] = &[];

    /// Returns the names of the events that an event-driven workflow takes from outside.
    #[doc(hidden)]
    const EVENTS: fn() -> Option<Vec<&'static str>> = none;

    /// Whether [`on_cancel`](WorkflowDef::on_cancel) does anything.
    #[doc(hidden)]
    const ENDS: bool = false;

    /// Returns the future that replaces the body once the run is cancelled: the call of a step.
    #[doc(hidden)]
    #[must_use]
    fn on_cancel(_: Start<Self::Context>, _: String) -> Option<BoxFuture<'static, ()>> {
        None
    }
}

/// A constant function that has nothing to return.
fn none<T>() -> Option<T> {
    None
}

/// The body of a workflow whose types can be stored.
#[doc(hidden)]
pub trait WorkflowBody: WorkflowDef {
    /// The comparison of inputs with their read-back values, if the type has one.
    const SAME_INPUT: Option<Same<Self::Input>> = None;

    /// The same comparison for results.
    const SAME_OUTPUT: Option<Same<Self::Output>> = None;

    /// Calls the user's function.
    fn call(start: Start<Self::Context>, input: Self::Input) -> Called<Self>;
}

/// What the user's function returns.
pub(crate) type Called<W> = BoxFuture<'static, Result<<W as WorkflowDef>::Output, <W as WorkflowDef>::Error>>;

/// What a function with `#[workflow]` returns. Only an engine runs its body.
#[must_use = "only an engine can run a workflow: `engine.start(..)`"]
pub struct Body<W>(PhantomData<fn() -> W>);

impl<W> Body<W> {
    /// Stands for the call of a workflow, which does not compile: its first argument does not exist.
    #[doc(hidden)]
    pub fn uncalled() -> Self {
        unreachable!("only an engine has what a workflow is called with")
    }
}

// A workflow that is called as a step is one error, at its first argument, and none at the `.await`.
#[doc(hidden)]
impl<W: WorkflowDef> IntoFuture for Body<W> {
    type Output = Result<W::Output, W::Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        unreachable!("only an engine has what a workflow is called with")
    }
}

/// Pins the body of a workflow; generated code calls this where the compiler shall say that it cannot be sent.
#[doc(hidden)]
pub fn pinned<T, E>(body: impl Future<Output = Result<T, E>> + Send + 'static) -> BoxFuture<'static, Result<T, E>> {
    Box::pin(body)
}

/// Stands for a workflow that its macro refused, so that its uses cause no further errors.
#[doc(hidden)]
pub struct Refused<I, R>(PhantomData<fn() -> (I, R)>);

impl<I: 'static, R: Returned<Value: 'static, Error: 'static> + 'static> WorkflowDef for Refused<I, R> {
    const NAME: &'static str = "";
    type Context = ();
    type Input = I;
    type Output = R::Value;
    type Error = R::Error;
    const CODE: &'static WorkflowCode<I, R::Value, R::Error> = <CodeOfWorkflow<Self> as OtherwiseWorkflow<Self>>::CODE;
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
