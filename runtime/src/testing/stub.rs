//! Closures in the place of steps.

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

/// The stubs of an engine or a test, by the recorded name of the step.
#[derive(Clone, Default)]
pub(crate) struct Stubs(HashMap<&'static str, Arc<dyn StepBody>>);

impl Stubs {
    pub(crate) fn add<S: StepDef>(
        &mut self,
        stub: impl Fn(S::Args) -> Result<S::Output, S::Error> + Send + Sync + 'static,
    ) {
        self.0.insert(S::NAME, Arc::new(Stub::<S, _> { stub: Arc::new(stub), step: PhantomData }));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn get(&self, step: &str) -> Option<Arc<dyn StepBody>> {
        self.0.get(step).cloned()
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
