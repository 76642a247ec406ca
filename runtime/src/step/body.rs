//! Running one attempt of a step: scope, decoding, and what becomes of its result.

use super::StepDef;
use crate::codec::{self, Storable};
use crate::error::{AttemptCause, Failure};
use crate::journal::{AttemptOutcome, StepBody};
use crate::scope::{Ambient, AmbientContext, Current, Scoped, StepScope};
use crate::value::Value;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::any::Any;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};

type Shared = Option<Arc<dyn Any + Send + Sync>>;

/// The body of a function with `#[step]`, with the context it was called with.
pub(crate) struct Body<S: StepDef> {
    context: Arc<S::Context>,
    shared: Shared,
    step: PhantomData<fn() -> S>,
}

impl<S: StepDef> Body<S> {
    pub(crate) fn new(context: Arc<S::Context>, shared: Shared) -> Self {
        Self { context, shared, step: PhantomData }
    }
}

impl<S: StepDef> StepBody for Body<S> {
    fn blocking(&self) -> bool {
        S::BLOCKING
    }

    fn attempt(&self, arguments: &Value, scope: Arc<StepScope>) -> BoxFuture<'static, AttemptOutcome> {
        let args = match S::decode_args(arguments) {
            Ok(args) => args,
            Err(error) => return std::future::ready(unstorable(&format!("an argument: {error}"))).boxed(),
        };
        let context = self.context.clone();
        // The body is built inside the future, so that its first line already has its scope.
        let body = async move { S::body(context, args).await };
        run_attempt(body, S::is_final, self.shared.clone(), scope)
    }
}

/// The body of an inline step; it can be run once.
pub(crate) struct InlineBody<F> {
    body: Mutex<Option<F>>,
    shared: Shared,
}

impl<F> InlineBody<F> {
    pub(crate) fn new(body: F, shared: Shared) -> Self {
        Self { body: Mutex::new(Some(body)), shared }
    }
}

impl<T, E, F, Fut> StepBody for InlineBody<F>
where
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: Storable,
    E: Failure,
{
    fn attempt(&self, _: &Value, scope: Arc<StepScope>) -> BoxFuture<'static, AttemptOutcome> {
        let Some(body) = self.body.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return std::future::ready(unstorable("an inline step was started twice in one process")).boxed();
        };
        run_attempt(async move { body().await }, E::is_terminal, self.shared.clone(), scope)
    }
}

/// One attempt within its scope. What is to be recorded is decoded once before it is.
pub(crate) fn run_attempt<T: Storable, E: Failure>(
    body: impl Future<Output = Result<T, E>> + Send + 'static,
    is_final: fn(&E) -> bool,
    shared: Shared,
    scope: Arc<StepScope>,
) -> BoxFuture<'static, AttemptOutcome> {
    let ambient = Ambient { current: Current::Step(scope), context: AmbientContext::Fixed(shared) };
    let body = Scoped { ambient, future: Box::pin(body) };
    async move {
        match body.await {
            Ok(value) => match codec::record(&value) {
                Ok(stored) => AttemptOutcome::Completed(stored),
                Err(error) => unstorable(&error.to_string()),
            },
            Err(error) => failed(&error, is_final(&error)),
        }
    }
    .boxed()
}

fn failed<E: Failure>(error: &E, terminal: bool) -> AttemptOutcome {
    match codec::record(error) {
        Ok(stored) => AttemptOutcome::Failed {
            cause: AttemptCause::Failed,
            error: Some(stored),
            message: error.to_string(),
            terminal,
        },
        Err(why) => unstorable(&format!("its error `{error}`: {why}")),
    }
}

/// Trying again would give the same type of value, but perhaps not the same value: the policy decides.
pub(crate) fn unstorable(why: &str) -> AttemptOutcome {
    AttemptOutcome::Failed { cause: AttemptCause::Unstorable, error: None, message: why.to_owned(), terminal: false }
}
