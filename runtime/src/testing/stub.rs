//! Closures in the place of steps.

use crate::context::Anything;
use crate::graph::{GraphStep, StepOf};
use crate::journal::{AttemptOutcome, StepBody};
use crate::run_env::RunEnv;
use crate::scope::StepScope;
use crate::step::{StepDef, decoded_args, run_attempt};
use crate::value::Value;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;

/// The stubs of an engine or a test.
#[derive(Clone, Default)]
pub(crate) struct Stubs {
    /// By the recorded name of the step.
    steps: HashMap<&'static str, Arc<dyn StepBody>>,
    /// Of event-driven workflows, by the recorded names of workflow and step.
    of_graphs: HashMap<(&'static str, &'static str), Anything>,
}

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

    pub(crate) fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.of_graphs.is_empty()
    }

    pub(crate) fn get(&self, step: &str) -> Option<Arc<dyn StepBody>> {
        self.steps.get(step).cloned()
    }

    pub(crate) fn get_in_graph(&self, workflow: &str, step: &str) -> Option<Anything> {
        self.of_graphs.iter().find(|((of, name), _)| *of == workflow && *name == step).map(|(_, stub)| stub.clone())
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
