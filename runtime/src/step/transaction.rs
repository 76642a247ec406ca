//! The runtime side of `#[transaction]`: a step whose attempts run within the commit of the run's entries.

use super::StepDef;
use super::body::{StepTable, TableOf, decoded_args, unstorable};
use super::ended::failed;
use crate::codec::{Location, StoredValue as _};
use crate::context::SharedContext;
use crate::journal::{Attempt as StepAttempt, StepBody, keep_fault};
use crate::panics::Held;
use crate::record::AttemptOutcome;
use crate::run_env::RunEnv;
use crate::scope::{self, Ambient, AmbientContext, Current, StepScope};
use crate::sql::Tx;
use crate::store::{
    UserCode,
    user_code::{TIME_LIMIT, TransactionBody, Within},
};
use crate::value::Value;
use std::any::TypeId;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The definition of a step that `#[transaction]` implements on a struct with the function's name.
pub trait TransactionDef: StepDef {
    /// The time for which an attempt may block all other writers.
    const TIME_LIMIT: Duration = TIME_LIMIT;

    /// Runs the user's function with the stored part of the context; `()` if it takes none.
    ///
    /// # Errors
    /// The error of the user's function.
    fn transact(
        tx: &mut Tx<'_>,
        context: &Self::Context,
        args: Self::Args,
    ) -> std::result::Result<Self::Output, Self::Error>;
}

/// The body of a function with `#[transaction]`, with the context of its call.
pub(super) struct InCommit<S> {
    context: Option<SharedContext>,
    step: PhantomData<fn() -> S>,
}

impl<S: TransactionDef> InCommit<S> {
    pub(super) fn shared(_: &'static StepTable, context: Option<SharedContext>) -> Arc<dyn StepBody> {
        Arc::new(Self { context, step: PhantomData })
    }

    fn stored(&self) -> Option<Arc<S::Context>> {
        if TypeId::of::<S::Context>() == TypeId::of::<()>() {
            return (Arc::new(()) as crate::resources::Anything).downcast().ok();
        }
        self.context.as_ref()?.to_stored().downcast().ok()
    }
}

impl<S: TransactionDef> StepBody for InCommit<S> {
    fn context(&self) -> Option<&SharedContext> {
        self.context.as_ref()
    }

    fn is_transaction(&self) -> bool {
        true
    }

    fn transaction(
        &self,
        arguments: &Value,
        scope: Arc<StepScope>,
        env: Arc<RunEnv>,
        limit: usize,
    ) -> Option<UserCode> {
        let args = match decoded_args::<S>(arguments, &env) {
            Ok(args) => Held::new(Mutex::new(Some(args))),
            Err(outcome) => return Some(UserCode::failing(outcome)),
        };
        let Some(stored) = self.stored().map(Held::new) else {
            return Some(UserCode::failing(unstorable("its context was not set before it was called")));
        };
        let (arguments, context) = (arguments.clone(), self.context.clone());
        let attempt = Attempt::<S> { args, arguments, stored, context, scope, env, limit };
        Some(UserCode::new(Arc::new(attempt), S::TIME_LIMIT))
    }

    fn attempt(&self, _: &Value, _: Arc<StepScope>, _: Arc<RunEnv>) -> StepAttempt {
        StepAttempt::ended(UserCode::no_sql())
    }
}

/// One attempt, with its arguments.
struct Attempt<S: TransactionDef> {
    /// The decoded arguments, until the first run takes them.
    args: Held<Mutex<Option<S::Args>>>,
    arguments: Value,
    stored: Held<Arc<S::Context>>,
    context: Option<SharedContext>,
    scope: Arc<StepScope>,
    env: Arc<RunEnv>,
    /// The largest result that is recorded, in bytes.
    limit: usize,
}

impl<S: TransactionDef> TransactionBody for Attempt<S> {
    fn run(&self, tx: &mut Tx<'_>, _: &mut dyn Within) -> AttemptOutcome {
        let first = self.args.lock().unwrap_or_else(PoisonError::into_inner).take();
        let args = match first.map_or_else(|| decoded_args::<S>(&self.arguments, &self.env), Ok) {
            Ok(args) => args,
            Err(outcome) => return outcome,
        };
        let outcome = {
            let _ambient = scope::enter(Ambient {
                current: Current::Transaction(self.scope.clone()),
                context: AmbientContext::Step(self.context.clone()),
                env: self.env.clone(),
            });
            S::transact(tx, &self.stored, args)
        };
        let coder = self.env.fields.coder();
        let spec = TableOf::<S>::SPEC;
        let location = Location::Result(spec.name);
        let outcome = match outcome {
            Ok(value) => match value.record(coder, location, spec.ending.same()) {
                Ok(stored) if stored.bytes.len() > self.limit => {
                    unstorable(&format!("the result has {} bytes, the limit is {}", stored.bytes.len(), self.limit))
                }
                Ok(stored) => AttemptOutcome::Completed(stored),
                Err(error) => unstorable(&error.to_string()),
            },
            Err(error) => failed(coder, location, &error, spec.ending.is_final(&error)),
        };
        keep_fault(&outcome, &self.env.fields);
        outcome
    }
}
