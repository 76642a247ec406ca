//! The body of a step of a graph: one attempt, with the events routed to the step.

use super::definition::GraphStep;
use super::emit::{self, Emits};
use super::payload::Inputs;
use crate::codec::CodecError;
use crate::context::SharedContext;
use crate::error::Failure;
use crate::fields::Coder;
use crate::journal::{Attempt, StepBody};
use crate::resources::ResourceKey;
use crate::run_env::RunEnv;
use crate::scope::StepScope;
use crate::shared_state::StateDef;
use crate::step::{StepInputs, in_scope, refused, unmade, unstorable, whole_context};
use crate::value::Value;
use std::any::TypeId;
use std::marker::PhantomData;
use std::sync::Arc;

/// The body of a step, with the events that it takes: the recorded arguments only name their places.
pub(crate) struct EventBody<S: GraphStep> {
    context: Option<SharedContext>,
    inputs: Inputs,
    step: PhantomData<fn() -> S>,
}

impl<S: GraphStep> EventBody<S> {
    pub(super) fn new(context: Option<SharedContext>, inputs: Inputs) -> Self {
        Self { context, inputs, step: PhantomData }
    }
}

impl<S: GraphStep> StepBody for EventBody<S> {
    fn blocking(&self) -> bool {
        S::BLOCKING
    }

    fn context(&self) -> Option<&SharedContext> {
        self.context.as_ref()
    }

    fn resources(&self) -> &'static [ResourceKey] {
        S::RESOURCES
    }

    fn state(&self) -> Option<StateDef> {
        (S::STATE)()
    }

    fn attempt(&self, _: &Value, mut scope: Arc<StepScope>, env: Arc<RunEnv>) -> Attempt {
        let events = match S::events(env.fields.coder(), &self.inputs) {
            Ok(events) => events,
            Err(error) => {
                env.fields.vault().keep_fault();
                return Attempt::ended(refused(&error.to_string()));
            }
        };
        if let Some(missing) = unmade(S::RESOURCES, &env) {
            return Attempt::ended(missing);
        }
        let wanted = TypeId::of::<S::Context>();
        let context = match whole_context(wanted, self.context.as_ref(), &env).map(Arc::downcast) {
            Ok(Ok(context)) => context,
            Ok(Err(_)) => return Attempt::ended(unstorable("its context is of another type")),
            Err(outcome) => return Attempt::ended(outcome),
        };
        if !S::SHAPE.sends.is_empty() {
            Arc::make_mut(&mut scope).sends = S::SHAPE.sends;
        }
        let inputs = StepInputs::new(env.clone(), scope.clone(), S::BLOCKING);
        let body = Box::pin(async move {
            let result = S::body(context, events, inputs.clone()).await;
            inputs.end_encoded(result, emit::encode, S::IS_FINAL)
        });
        in_scope(body, self.context.clone(), scope, env)
    }
}

/// A closure in place of a step, with the events that the step would take.
pub(super) struct StubBody<E, O, F, C> {
    inputs: Inputs,
    events: fn(Coder<'_>, &Inputs) -> Result<E, CodecError>,
    is_final: fn(&F) -> bool,
    stub: Arc<C>,
    output: PhantomData<fn() -> O>,
}

impl<E, O, F, C> StubBody<E, O, F, C> {
    pub(super) const fn new(
        inputs: Inputs,
        events: fn(Coder<'_>, &Inputs) -> Result<E, CodecError>,
        is_final: fn(&F) -> bool,
        stub: Arc<C>,
    ) -> Self {
        Self { inputs, events, is_final, stub, output: PhantomData }
    }
}

impl<E, O, F, C> StepBody for StubBody<E, O, F, C>
where
    E: Send + 'static,
    O: Emits,
    F: Failure,
    C: Fn(E) -> Result<O, F> + Send + Sync + 'static,
{
    fn attempt(&self, _: &Value, scope: Arc<StepScope>, env: Arc<RunEnv>) -> Attempt {
        match (self.events)(env.fields.coder(), &self.inputs) {
            Ok(events) => {
                let (stub, is_final) = (self.stub.clone(), self.is_final);
                let inputs = StepInputs::new(env.clone(), scope.clone(), false);
                let body = Box::pin(async move { inputs.end_encoded(stub(events), emit::encode, is_final) });
                in_scope(body, None, scope, env)
            }
            Err(error) => {
                env.fields.vault().keep_fault();
                Attempt::ended(unstorable(&error.to_string()))
            }
        }
    }
}
