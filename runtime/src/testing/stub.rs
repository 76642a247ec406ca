//! Closures in the place of steps.

use crate::graph::{GraphStep, StepOf};
use crate::journal::{StepBody, Stubs};
use crate::record::AttemptOutcome;
use crate::run_env::RunEnv;
use crate::scope::StepScope;
use crate::step::{StepDef, decoded_args, run_attempt};
use crate::value::Value;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::marker::PhantomData;
use std::sync::Arc;

impl Stubs {
    pub(crate) fn add<S: StepDef>(
        &mut self,
        stub: impl Fn(S::Args) -> Result<S::Output, S::Error> + Send + Sync + 'static,
    ) {
        self.steps.insert(S::NAME, Arc::new(Stub::<S, _> { stub: Arc::new(stub), step: PhantomData }));
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
    fn attempt(
        &self,
        arguments: &Value,
        scope: Arc<StepScope>,
        env: Arc<RunEnv>,
    ) -> BoxFuture<'static, AttemptOutcome> {
        let stub = self.stub.clone();
        match decoded_args::<S>(arguments, &env) {
            Ok(args) => run_attempt(async move { stub(args) }, S::is_final, None, scope, env),
            Err(outcome) => std::future::ready(outcome).boxed(),
        }
    }
}
