//! What `#[workflow]` leaves for the runtime: the definition of a workflow, and how a function names it.

use super::Start;
use crate::codec::{Same, Storable};
use crate::context::Schema;
use crate::error::Failure;
use crate::resources::ResourceKey;
use crate::shared_state::StateDef;
use futures_util::future::BoxFuture;

/// A workflow, as `#[workflow]` defines it on the braced struct that has the function's name.
pub trait WorkflowDef: Send + Sync + Sized + 'static {
    /// The recorded name.
    const NAME: &'static str;
    /// Its context; `()` if none.
    type Context: Send + Sync + 'static;
    /// Its input after the handle; `()` if none.
    type Input: Storable;
    /// What it returns when all is well.
    type Output: Storable;
    /// The error it returns.
    type Error: Failure;

    /// Which of the functions of this name it is; older runs go on with the function of their version.
    const VERSION: u32 = 1;
    /// Roles of which the principal of a run needs one; none is needed if it is empty.
    const ROLES: &'static [&'static str] = &[];

    /// Which of its input and its result holds a secret, as far as their types are written.
    #[doc(hidden)]
    const SECRET: Option<&'static str> = None;

    /// What its context consists of, if it has one.
    #[must_use]
    fn schema() -> Option<&'static Schema> {
        None
    }

    /// The state that its concurrent steps share, if it declares one.
    #[doc(hidden)]
    #[must_use]
    fn state() -> Option<StateDef> {
        None
    }

    /// The resources that its steps take, as the attribute says.
    #[doc(hidden)]
    #[must_use]
    fn resources() -> &'static [ResourceKey] {
        &[]
    }

    /// How inputs are compared with what is read back, if their type can be.
    #[doc(hidden)]
    #[must_use]
    fn same_input() -> Option<Same<Self::Input>> {
        None
    }

    /// The same for results.
    #[doc(hidden)]
    #[must_use]
    fn same_output() -> Option<Same<Self::Output>> {
        None
    }

    /// The names of the events that it takes from outside, of an event-driven workflow.
    #[doc(hidden)]
    #[must_use]
    fn events() -> Option<Vec<&'static str>> {
        None
    }

    /// What runs once the run is told to stop, in the place of the body: the call of a step.
    #[doc(hidden)]
    #[must_use]
    fn on_cancel(_: Start<Self::Context>, _: String) -> Option<BoxFuture<'static, ()>> {
        None
    }

    /// The user's function.
    fn call(start: Start<Self::Context>, input: Self::Input) -> Body<Self>;
}

/// A workflow that was called with its handle: what a function with `#[workflow]` returns. Only an engine can run it.
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

/// A function with `#[workflow]`, by which an engine finds name and types.
#[diagnostic::on_unimplemented(
    message = "this is not a workflow",
    label = "expected a function with `#[workflow]`",
    note = "put `#[workflow]` or `#[workflow(context = YourContext)]` on the function, and name it without calling it: `engine.start(process_order, input)`"
)]
pub trait Startable<Signature>: sealed::Sealed<Signature> + Send + Sync {
    /// The workflow.
    type Workflow: WorkflowDef;
}

/// Only functions with `#[workflow]` can be started: more may be asked of them in later versions.
pub(crate) mod sealed {
    use super::{Body, Start, WorkflowDef};

    pub trait Sealed<Signature> {}

    #[diagnostic::do_not_recommend]
    impl<F, W> Sealed<(W,)> for F
    where
        F: Fn(Start<W::Context>) -> Body<W>,
        W: WorkflowDef<Input = ()>,
    {
    }

    #[diagnostic::do_not_recommend]
    impl<F, W, I> Sealed<(W, I)> for F
    where
        F: Fn(Start<W::Context>, I) -> Body<W>,
        W: WorkflowDef<Input = I>,
    {
    }
}

#[diagnostic::do_not_recommend]
impl<F, W> Startable<(W,)> for F
where
    F: Fn(Start<W::Context>) -> Body<W> + Send + Sync,
    W: WorkflowDef<Input = ()>,
{
    type Workflow = W;
}

#[diagnostic::do_not_recommend]
impl<F, W, I> Startable<(W, I)> for F
where
    F: Fn(Start<W::Context>, I) -> Body<W> + Send + Sync,
    W: WorkflowDef<Input = I>,
{
    type Workflow = W;
}
