//! Inputs of a step's body besides its arguments.

use crate::resources::Anything;
use crate::run_env::RunEnv;
use crate::scope::StepScope;
use crate::session::Session;
use crate::shared_state::StateDef;
use std::fmt;
use std::sync::Arc;

/// The inputs of a step's body besides its arguments.
//
// A trait object: the compiler proves for the body of each step that it can be sent, and would look into every type in here.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct StepInputs(Arc<dyn AnyInputs>);

trait AnyInputs: fmt::Debug + Send + Sync {
    fn inputs(&self) -> &Inputs;
}

#[derive(Debug)]
struct Inputs {
    env: Arc<RunEnv>,
    scope: Arc<StepScope>,
    may_block: bool,
    /// The whole context, for a step that reads it.
    context: Option<Anything>,
}

impl AnyInputs for Inputs {
    fn inputs(&self) -> &Self {
        self
    }
}

impl StepInputs {
    pub(crate) fn new(env: Arc<RunEnv>, scope: Arc<StepScope>, may_block: bool) -> Self {
        Self(Arc::new(Inputs { env, scope, may_block, context: None }))
    }

    pub(crate) fn in_context(env: Arc<RunEnv>, scope: Arc<StepScope>, may_block: bool, context: Anything) -> Self {
        Self(Arc::new(Inputs { env, scope, may_block, context: Some(context) }))
    }

    /// Returns the context that the step reads.
    ///
    /// # Panics
    /// The step reads none, or another.
    #[must_use]
    pub fn context<C: 'static>(&self) -> &C {
        // Compiled for each context, so without closures.
        match &self.0.inputs().context {
            Some(context) => match context.downcast_ref() {
                Some(context) => context,
                None => unread(),
            },
            None => unread(),
        }
    }

    pub(crate) fn env(&self) -> &Arc<RunEnv> {
        &self.0.inputs().env
    }

    /// Returns whether the step may block its thread.
    pub(crate) fn may_block(&self) -> bool {
        self.0.inputs().may_block
    }

    pub(crate) fn scope(&self) -> &Arc<StepScope> {
        &self.0.inputs().scope
    }

    /// Returns a resource that the step takes.
    ///
    /// # Panics
    /// It has not been made: [`StepBody::resources`](crate::journal::StepBody::resources) lists those that are.
    #[must_use]
    pub fn resource<R: Send + Sync + 'static>(&self) -> Arc<R> {
        self.env().resources.made().expect("what a step takes is made before it starts")
    }
}

fn unread() -> ! {
    panic!("a step that reads a context starts with it")
}

/// An engine type that a step takes by reference; the macro knows only the last word of its path.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "this `{Self}` is not the one of steadfast",
    label = "a parameter of this name is the engine's",
    note = "`&Session`, `&StepScope` and `&State<..>` are what a step gets of its run; a type of yours comes by value, or as `#[resource] name: &{Self}`; a context needs another name"
)]
pub trait HandleParameter: Sized {
    /// Returns the value for this attempt.
    fn of(inputs: &StepInputs) -> Arc<Self>;

    /// Returns the shared state that the workflow must declare for it.
    #[must_use]
    fn state() -> Option<StateDef> {
        None
    }
}

impl HandleParameter for Session {
    fn of(inputs: &StepInputs) -> Arc<Self> {
        Arc::new(inputs.env().session.clone())
    }
}

impl HandleParameter for StepScope {
    fn of(inputs: &StepInputs) -> Arc<Self> {
        inputs.scope().clone()
    }
}
