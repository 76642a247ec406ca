//! Runs one attempt of a step: decodes its arguments, and encodes its result.

use super::args::ArgsCoding;
use super::transaction::InCommit;
use super::{Remote, StepDef, StepSpec, TransactionDef};
use crate::codec::Storable;
use crate::codec::{ArgsReader, ArgsWriter, CodecError};
use crate::command::Recodes;
use crate::context::SharedContext;
use crate::error::{AttemptCause, Failure};
use crate::fields::Coder;
use crate::journal::{Attempt, StepBody};
use crate::panics::drop_caught;
use crate::policy::Policy;
use crate::record::AttemptOutcome;
use crate::resources::{Anything, ResourceKey};
use crate::run_env::RunEnv;
use crate::scope::{Ambient, AmbientContext, Current, StepScope};
use crate::shared_state::StateDef;
use crate::step::StepInputs;
use crate::value::Value;
use futures_util::future::BoxFuture;
use std::any::TypeId;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};

/// A function with `#[step]` or `#[transaction]` without its types, so that everything common to all of them is
/// compiled once, in this crate.
pub(crate) struct StepTable {
    pub(crate) name: &'static str,
    pub(crate) policy: Policy,
    pub(crate) roles: &'static [&'static str],
    pub(crate) remote: Option<Remote>,
    blocking: bool,
    store: Option<&'static str>,
    pub(crate) resources: &'static [ResourceKey],
    state: fn() -> Option<StateDef>,
    /// The type of the context that it reads.
    context: fn() -> TypeId,
    args: &'static dyn AnyArgs,
    /// Creates the body of a call with the context that it reads.
    body: fn(&'static StepTable, Option<SharedContext>) -> Arc<dyn StepBody>,
}

impl StepTable {
    /// Stands for a step whose types cannot be stored, in a program that does not compile.
    pub(crate) const UNKNOWN: &'static Self = &Self {
        name: "",
        policy: Policy::ONCE,
        roles: &[],
        remote: None,
        blocking: false,
        store: None,
        resources: &[],
        state: super::stateless,
        context: TypeId::of::<()>,
        args: &StepSpec::<(), (), ()>::UNKNOWN,
        body: |_, _| unreachable!("the types of this step cannot be stored"),
    };

    /// Creates the body of a call with the context that it reads.
    pub(crate) fn body(&'static self, context: Option<SharedContext>) -> Arc<dyn StepBody> {
        (self.body)(self, context)
    }
}

/// The body of an attempt, or the outcome of an attempt without one.
type Started = Result<BoxFuture<'static, AttemptOutcome>, AttemptOutcome>;

/// The tables of a step and of a transaction.
#[derive(Debug)]
pub(crate) struct TableOf<S>(PhantomData<S>);

impl<S: StepDef> TableOf<S> {
    /// The step with its types.
    pub(crate) const SPEC: &'static StepSpec<S::Args, S::Output, S::Error> = &S::SPEC;

    /// The table of a step, whose attempts run outside of a commit.
    pub(crate) const STEP: &'static StepTable = &Self::with(Body::shared);

    const fn with(body: fn(&'static StepTable, Option<SharedContext>) -> Arc<dyn StepBody>) -> StepTable {
        StepTable {
            name: Self::SPEC.name,
            policy: Self::SPEC.policy,
            roles: Self::SPEC.roles,
            remote: Self::SPEC.remote,
            blocking: Self::SPEC.blocking,
            store: Self::SPEC.store,
            resources: Self::SPEC.resources,
            state: Self::SPEC.state,
            context: TypeId::of::<S::Context>,
            args: Self::SPEC,
            body,
        }
    }
}

impl<S: TransactionDef> TableOf<S> {
    /// The table of a transaction.
    pub(crate) const TRANSACTION: &'static StepTable = &Self::with(InCommit::<S>::shared);
}

impl Recodes for StepTable {
    fn recode(&self, coder: Coder<'_>, recorded: &Value) -> Option<Value> {
        self.args.recode(coder, self.name, recorded)
    }
}

/// The arguments of a step, and the function that takes them: compiled once for all steps with arguments of the same
/// types.
trait AnyArgs: Sync {
    /// Decodes recorded arguments with current types and encodes them again.
    fn recode(&self, coder: Coder<'_>, step: &'static str, recorded: &Value) -> Option<Value>;

    /// Starts the body with recorded arguments.
    fn start(&'static self, step: &'static str, arguments: &Value, inputs: StepInputs) -> Started;
}

impl<A, T, E> AnyArgs for StepSpec<A, T, E> {
    fn recode(&self, coder: Coder<'_>, step: &'static str, recorded: &Value) -> Option<Value> {
        let args = decode_args(coder, step, recorded, &self.args).ok()?;
        encode_args(coder, step, &args, &self.args).ok()
    }

    fn start(&'static self, step: &'static str, arguments: &Value, inputs: StepInputs) -> Started {
        match decoded(step, arguments, inputs.env(), &self.args) {
            Ok(args) => Ok((self.body)(args, inputs, &self.ending)),
            Err(outcome) => Err(outcome),
        }
    }
}

/// The body of a function with `#[step]`, with the context of its call.
struct Body {
    table: &'static StepTable,
    context: Option<SharedContext>,
}

impl Body {
    fn shared(table: &'static StepTable, context: Option<SharedContext>) -> Arc<dyn StepBody> {
        Arc::new(Self { table, context })
    }
}

/// Returns the whole context for a step that reads this type; `()` for a step that reads none.
///
/// # Errors
/// The outcome of an attempt without its context.
pub(crate) fn whole_context(
    wanted: TypeId,
    context: Option<&SharedContext>,
    env: &RunEnv,
) -> Result<Anything, AttemptOutcome> {
    if wanted == TypeId::of::<()>() {
        return Ok(env.no_context.clone());
    }
    let context = context.and_then(|context| env.live.whole(context));
    let context = context.filter(|context| context.as_ref().type_id() == wanted);
    context.ok_or_else(|| unstorable("its context was not made before it started"))
}

/// Returns the outcome of an attempt, if a resource that it takes does not exist.
pub(crate) fn unmade(resources: &[ResourceKey], env: &RunEnv) -> Option<AttemptOutcome> {
    let made = resources.iter().all(|need| env.resources.is_made(need));
    (!made).then(|| unstorable("a resource was not made before it started"))
}

impl StepBody for Body {
    fn blocking(&self) -> bool {
        self.table.blocking
    }

    fn context(&self) -> Option<&SharedContext> {
        self.context.as_ref()
    }

    fn resources(&self) -> &'static [ResourceKey] {
        self.table.resources
    }

    fn store(&self) -> Option<&'static str> {
        self.table.store
    }

    fn queue(&self) -> Option<&'static str> {
        self.table.remote.map(|remote| remote.queue)
    }

    #[cfg(feature = "testing")]
    fn remote_context(&self) -> Option<crate::context::ContextType> {
        self.table.remote.and_then(|remote| (remote.context)())
    }

    #[cfg(feature = "testing")]
    fn in_context(&self, context: Option<SharedContext>) -> Option<Arc<dyn StepBody>> {
        Some(self.table.body(context))
    }

    fn state(&self) -> Option<StateDef> {
        (self.table.state)()
    }

    fn attempt(&self, arguments: &Value, scope: Arc<StepScope>, env: Arc<RunEnv>) -> Attempt {
        let start = |context| {
            let inputs = StepInputs::in_context(env.clone(), scope.clone(), self.table.blocking, context);
            self.table.args.start(self.table.name, arguments, inputs)
        };
        let body = match whole_context((self.table.context)(), self.context.as_ref(), &env).and_then(start) {
            Ok(body) => body,
            Err(outcome) => return Attempt::ended(outcome),
        };
        match unmade(self.table.resources, &env) {
            Some(missing) => Attempt::ended(missing),
            None => in_scope(body, self.context.clone(), scope, env),
        }
    }
}

/// Creates an attempt whose body is polled in its scope.
pub(crate) fn in_scope(
    body: BoxFuture<'static, AttemptOutcome>,
    context: Option<SharedContext>,
    scope: Arc<StepScope>,
    env: Arc<RunEnv>,
) -> Attempt {
    Attempt::running(Ambient { current: Current::Step(scope), context: AmbientContext::Step(context), env }, body)
}

/// Pins the future of an attempt. Not `Box::pin`, which would be compiled for each step.
#[doc(hidden)]
#[must_use]
pub fn boxed(attempt: Box<dyn Future<Output = AttemptOutcome> + Send>) -> BoxFuture<'static, AttemptOutcome> {
    Box::into_pin(attempt)
}

/// Stands for a value of a type where it is never evaluated.
///
/// # Panics
/// Always.
#[doc(hidden)]
#[must_use]
pub fn never<T>() -> T {
    unreachable!("it names a type, and is never called")
}

/// Encodes the arguments of a step as one value.
///
/// # Errors
/// An argument cannot be stored; the path begins with its name.
pub(crate) fn encode_args<A>(
    coder: Coder<'_>,
    step: &'static str,
    args: &A,
    coding: &ArgsCoding<A>,
) -> Result<Value, CodecError> {
    let mut writer = ArgsWriter::of(coder, step);
    match coding.encode(args, &mut writer) {
        Ok(()) => Ok(writer.finish()),
        Err(error) => Err(error),
    }
}

fn decode_args<A>(
    coder: Coder<'_>,
    step: &'static str,
    recorded: &Value,
    coding: &ArgsCoding<A>,
) -> Result<A, CodecError> {
    let mut reader = ArgsReader::of(coder, step, recorded)?;
    let args = coding.decode(&mut reader)?;
    reader.finish()?;
    Ok(args)
}

/// Decodes the recorded arguments of a step, with their secrets.
///
/// # Errors
/// The outcome of an attempt without arguments.
pub(crate) fn decoded_args<S: StepDef>(arguments: &Value, env: &RunEnv) -> Result<S::Args, AttemptOutcome> {
    decoded(TableOf::<S>::SPEC.name, arguments, env, &TableOf::<S>::SPEC.args)
}

fn decoded<A>(
    step: &'static str,
    arguments: &Value,
    env: &RunEnv,
    coding: &ArgsCoding<A>,
) -> Result<A, AttemptOutcome> {
    decode_args(env.fields.coder(), step, arguments, coding).map_err(|error| unreadable(&error, env))
}

fn unreadable(error: &CodecError, env: &RunEnv) -> AttemptOutcome {
    env.fields.vault().keep_fault();
    refused(&format!("an argument: {error}"))
}

/// The body of an inline step, which can run once.
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
    /// Catches panics, because the driver may drop the call anywhere.
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

    fn attempt(&self, _: &Value, scope: Arc<StepScope>, env: Arc<RunEnv>) -> Attempt {
        let Some(body) = self.body.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return Attempt::ended(unstorable("an inline step was started twice in one process"));
        };
        let inputs = StepInputs::new(env.clone(), scope.clone(), false);
        let body = Box::pin(async move { inputs.end(body().await, None, E::is_terminal) });
        in_scope(body, self.context.clone(), scope, env)
    }
}

/// Creates a refusal: no body ran, and none will with these arguments, so a retry would not help.
pub(crate) fn refused(why: &str) -> AttemptOutcome {
    AttemptOutcome::Failed {
        cause: AttemptCause::Refused,
        error: None,
        message: why.to_owned(),
        terminal: true,
        retry_after: None,
    }
}

/// Creates the failure to store a value: a retry yields the same type, but perhaps another value, so the policy
/// decides.
pub(crate) fn unstorable(why: &str) -> AttemptOutcome {
    AttemptOutcome::Failed {
        cause: AttemptCause::Unstorable,
        error: None,
        message: why.to_owned(),
        terminal: false,
        retry_after: None,
    }
}
