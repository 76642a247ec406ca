//! Closures that replace steps.

use crate::graph::{GraphStep, StepOf};
use crate::journal::{Attempt, StepBody, Stubs};
use crate::run_env::RunEnv;
use crate::scope::StepScope;
use crate::step::{StepDef, StepInputs, decoded_args, in_scope};
use crate::value::Value;
use std::marker::PhantomData;
use std::sync::Arc;

impl Stubs {
    pub(crate) fn add<S: StepDef>(
        &mut self,
        stub: impl Fn(S::Args) -> Result<S::Output, S::Error> + Send + Sync + 'static,
    ) {
        self.steps.insert(S::SPEC.name, Arc::new(Stub::<S, _> { stub: Arc::new(stub), step: PhantomData }));
    }

    pub(crate) fn add_in_graph<S: GraphStep>(
        &mut self,
        step: StepOf<S>,
        stub: impl Fn(S::Events) -> Result<S::Output, S::Error> + Send + Sync + 'static,
    ) {
        self.of_graphs.insert(step.names(), crate::graph::stub::<S>(stub));
    }
}

struct Stub<S, F> {
    stub: Arc<F>,
    step: PhantomData<fn() -> S>,
}

impl<S: StepDef, F> StepBody for Stub<S, F>
where
    F: Fn(S::Args) -> Result<S::Output, S::Error> + Send + Sync + 'static,
{
    fn attempt(&self, arguments: &Value, scope: Arc<StepScope>, env: Arc<RunEnv>) -> Attempt {
        let stub = self.stub.clone();
        match decoded_args::<S>(arguments, &env) {
            Ok(args) => {
                let inputs = StepInputs::new(env.clone(), scope.clone(), false);
                let body =
                    Box::pin(async move { inputs.end(stub(args), None, |error| S::SPEC.ending.is_final(error)) });
                in_scope(body, None, scope, env)
            }
            Err(outcome) => Attempt::ended(outcome),
        }
    }
}
