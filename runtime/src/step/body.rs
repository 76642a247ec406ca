//! Running one attempt of a step: scope, decoding, and what becomes of its result.

use super::StepDef;
use crate::codec::{self, CodecError, Location, Storable};
use crate::context::SharedContext;
use crate::error::{AttemptCause, Failure};
use crate::fields::Fields;
use crate::journal::StepBody;
use crate::lengths;
use crate::panics::drop_caught;
use crate::record::AttemptOutcome;
use crate::resources::{Anything, Need};
use crate::run_env::RunEnv;
use crate::scope::{Ambient, AmbientContext, Current, Scoped, StepScope};
use crate::shared_state::StateDef;
use crate::step::StepInputs;
use crate::value::Value;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::any::TypeId;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

/// The body of a function with `#[step]`, with the context it was called with.
pub(crate) struct Body<S: StepDef> {
    context: Option<SharedContext>,
    step: PhantomData<fn() -> S>,
}

impl<S: StepDef> Body<S> {
    pub(crate) fn new(context: Option<SharedContext>) -> Self {
        Self { context, step: PhantomData }
    }

    /// The whole context as the step's type; `()` for a step that takes none.
    fn whole(&self, env: &RunEnv) -> Option<Arc<S::Context>> {
        whole_context(self.context.as_ref(), env)
    }
}

/// The whole context as the type of a step; `()` for a step that takes none.
pub(crate) fn whole_context<C: Send + Sync + 'static>(context: Option<&SharedContext>, env: &RunEnv) -> Option<Arc<C>> {
    if TypeId::of::<C>() == TypeId::of::<()>() {
        return (Arc::new(()) as Anything).downcast().ok();
    }
    env.live.whole(context?)?.downcast().ok()
}

/// What an attempt comes to if a resource that it takes is not there.
pub(crate) fn unmade(resources: &[Need], env: &RunEnv) -> Option<AttemptOutcome> {
    let made = resources.iter().all(|need| env.resources.is_made(need));
    (!made).then(|| unstorable("a resource was not made before it started"))
}

impl<S: StepDef> StepBody for Body<S> {
    fn blocking(&self) -> bool {
        S::BLOCKING
    }

    fn context(&self) -> Option<&SharedContext> {
        self.context.as_ref()
    }

    fn resources(&self) -> &'static [Need] {
        S::RESOURCES
    }

    fn state(&self) -> Option<StateDef> {
        S::state()
    }

    fn attempt(
        &self,
        arguments: &Value,
        scope: Arc<StepScope>,
        env: Arc<RunEnv>,
    ) -> BoxFuture<'static, AttemptOutcome> {
        let args = match decoded_args::<S>(arguments, &env) {
            Ok(args) => args,
            Err(outcome) => return std::future::ready(outcome).boxed(),
        };
        let Some(context) = self.whole(&env) else {
            return std::future::ready(unstorable("its context was not made before it started")).boxed();
        };
        if let Some(missing) = unmade(S::RESOURCES, &env) {
            return std::future::ready(missing).boxed();
        }
        let inputs = StepInputs::new(env.clone(), scope.clone(), S::BLOCKING);
        // The body is built inside the future, so that its first line already has its scope.
        let body = async move { S::body(context, args, inputs).await };
        let encode = |location: Location<'_>, value: S::Output| codec::record_same(location, &value, S::same_output());
        run_encoded(body, encode, S::is_final, self.context.clone(), scope, env)
    }
}

/// The recorded arguments of a step, with their secrets.
///
/// # Errors
/// What an attempt comes to that has none.
pub(crate) fn decoded_args<S: StepDef>(arguments: &Value, env: &RunEnv) -> Result<S::Args, AttemptOutcome> {
    let _offered = env.fields.offer();
    S::decode_args(arguments).map_err(|error| {
        env.fields.vault().keep_fault();
        refused(&format!("an argument: {error}"))
    })
}

/// The body of an inline step; it can be run once.
pub(crate) struct InlineBody<F> {
    body: Mutex<Option<F>>,
    context: Option<SharedContext>,
}

impl<F> InlineBody<F> {
    pub(crate) fn new(body: F, context: Option<SharedContext>) -> Self {
        Self { body: Mutex::new(Some(body)), context }
    }
}

impl<F> Drop for InlineBody<F> {
    /// The call may be dropped by whatever drives the run.
    fn drop(&mut self) {
        drop_caught(self.body.get_mut().map(Option::take), "the closure of an inline step");
    }
}

impl<T, E, F, Fut> StepBody for InlineBody<F>
where
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: Storable,
    E: Failure,
{
    fn context(&self) -> Option<&SharedContext> {
        self.context.as_ref()
    }

    fn attempt(&self, _: &Value, scope: Arc<StepScope>, env: Arc<RunEnv>) -> BoxFuture<'static, AttemptOutcome> {
        let Some(body) = self.body.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return std::future::ready(unstorable("an inline step was started twice in one process")).boxed();
        };
        run_attempt(async move { body().await }, E::is_terminal, self.context.clone(), scope, env)
    }
}

/// One attempt within its scope. What is to be recorded is decoded once before it is.
pub(crate) fn run_attempt<T: Storable, E: Failure>(
    body: impl Future<Output = Result<T, E>> + Send + 'static,
    is_final: fn(&E) -> bool,
    context: Option<SharedContext>,
    scope: Arc<StepScope>,
    env: Arc<RunEnv>,
) -> BoxFuture<'static, AttemptOutcome> {
    run_encoded(body, |location, value| codec::record_at(location, &value), is_final, context, scope, env)
}

/// The same for results that are written down in a way of their own.
pub(crate) fn run_encoded<T: Send + 'static, E: Failure>(
    body: impl Future<Output = Result<T, E>> + Send + 'static,
    encode: fn(Location<'_>, T) -> Result<Value, CodecError>,
    is_final: fn(&E) -> bool,
    context: Option<SharedContext>,
    scope: Arc<StepScope>,
    env: Arc<RunEnv>,
) -> BoxFuture<'static, AttemptOutcome> {
    async move {
        let ambient =
            Ambient { current: Current::Step(scope.clone()), context: AmbientContext::Step(context), env: env.clone() };
        let outcome = Scoped { ambient, future: pin!(body) }.await;
        let fields = &env.fields;
        let _offered = fields.offer();
        let location = Location::Result(&scope.name);
        let outcome = match outcome {
            Ok(value) => match encode(location, value) {
                Ok(stored) => AttemptOutcome::Completed(stored),
                Err(error) => unstorable(&error.to_string()),
            },
            Err(error) => failed(location, &error, is_final(&error)),
        };
        keep_fault(&outcome, fields);
        outcome
    }
    .boxed()
}

/// If what could not be stored is a secret without a key, the run waits for the key.
pub(super) fn keep_fault(outcome: &AttemptOutcome, fields: &Fields) {
    if matches!(outcome, AttemptOutcome::Failed { cause: AttemptCause::Unstorable, .. }) {
        fields.vault().keep_fault();
    }
}

pub(super) fn failed<E: Failure>(location: Location<'_>, error: &E, terminal: bool) -> AttemptOutcome {
    let cut = error.cut();
    let error = cut.as_ref().unwrap_or(error);
    let message = lengths::cut(error.to_string());
    match codec::record_at(location, error) {
        Ok(stored) => AttemptOutcome::Failed { cause: AttemptCause::Failed, error: Some(stored), message, terminal },
        Err(why) => unstorable(&format!("its error `{message}`: {why}")),
    }
}

/// No body ran, and none will with these arguments: trying again would not help.
pub(crate) fn refused(why: &str) -> AttemptOutcome {
    AttemptOutcome::Failed { cause: AttemptCause::Refused, error: None, message: why.to_owned(), terminal: true }
}

/// Trying again would give the same type of value, but perhaps not the same value: the policy decides.
pub(crate) fn unstorable(why: &str) -> AttemptOutcome {
    AttemptOutcome::Failed { cause: AttemptCause::Unstorable, error: None, message: why.to_owned(), terminal: false }
}
