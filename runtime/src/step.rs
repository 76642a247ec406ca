//! The runtime side of `#[step]`: the definition of a step, and how its body runs.

mod args;
mod body;
mod ended;
mod inputs;
mod outcome;
mod remote;
mod stored;
mod stored_types;
mod stream;
mod transaction;

pub use args::{ArgsCoding, PlainArgs};
#[cfg(feature = "testing")]
pub(crate) use body::decoded_args;
pub(crate) use body::{InlineBody, encode_args, in_scope, refused, unmade, unstorable, whole_context};
pub(crate) use body::{StepTable, TableOf};
pub use body::{boxed, never};
pub use ended::Ending;
pub use inputs::{HandleParameter, StepInputs};
pub use outcome::{Input, Returned};
pub use remote::{OtherwiseRemoteContext, Remote, RemoteContext, RemoteContextOf};
pub(crate) use stored::{saved, to_save};
pub use stored_types::{OtherwiseStored, StoredBeside};
pub use stream::{StepStreamWriter, stream};
pub(crate) use stream::{encode as encode_shown, hand_over};
pub use transaction::TransactionDef;

use crate::codec::{Same, StoredValue};
use crate::error::Failure;
use crate::policy::Policy;
use crate::record::AttemptOutcome;
use crate::resources::ResourceKey;
use crate::shared_state::StateDef;
use futures_util::future::BoxFuture;

/// The definition of a step that `#[step]` implements on a struct with the function's name.
pub trait StepDef: Send + Sync + 'static {
    /// The context that it reads; `()` if none.
    type Context: Send + Sync + 'static;
    /// The arguments, as a tuple.
    type Args: Send + 'static;
    /// The value that it returns on success.
    type Output: StoredValue;
    /// The error that it returns.
    type Error: Failure;

    /// The step as its attribute and its parameters say. One constant, because the compiler checks and evaluates each
    /// for each step.
    #[doc(hidden)]
    const SPEC: StepSpec<Self::Args, Self::Output, Self::Error>;
}

/// A step with these types of arguments, result and error, as the macro generates it.
#[doc(hidden)]
#[expect(missing_debug_implementations, reason = "for generated code")]
pub struct StepSpec<A, T: 'static, E: 'static> {
    /// The recorded name.
    pub name: &'static str,
    /// Retries and time limit.
    pub policy: Policy,
    /// Whether attempts block their thread.
    pub blocking: bool,
    /// The roles of which the principal of the run needs one; empty if none is needed.
    pub roles: &'static [&'static str],
    /// How it runs in another process; `None` if it runs where the workflow does.
    pub remote: Option<Remote>,
    /// The field store that takes its results; the database takes them if there is none.
    pub store: Option<&'static str>,
    /// The resources that it takes.
    pub resources: &'static [ResourceKey],
    /// Returns the shared state that it takes, if it is typed.
    pub state: fn() -> Option<StateDef>,
    /// How the arguments are encoded and decoded.
    pub args: ArgsCoding<A>,
    /// Runs the user's function to the attempt's outcome; none of it runs before the first poll.
    pub body: RunBody<A, T, E>,
    /// How an attempt ends.
    pub ending: Ending<T, E>,
}

impl<A, T: StoredValue, E: Failure> StepSpec<A, T, E> {
    /// Returns a step without options. Its results are compared with their decoded form if their type can be.
    #[must_use]
    pub const fn of(name: &'static str, args: ArgsCoding<A>, same: Option<Same<T>>, body: RunBody<A, T, E>) -> Self {
        Self {
            name,
            policy: Policy::ONCE,
            blocking: false,
            roles: &[],
            remote: None,
            store: None,
            resources: &[],
            state: stateless,
            args,
            body,
            ending: Ending::new(same, E::is_terminal),
        }
    }
}

impl StepSpec<(), (), ()> {
    /// Stands for a step whose types cannot be stored, in a program that does not compile.
    const UNKNOWN: Self = Self {
        name: "",
        policy: Policy::ONCE,
        blocking: false,
        roles: &[],
        remote: None,
        store: None,
        resources: &[],
        state: stateless,
        args: ArgsCoding::UNKNOWN,
        body: |(), _, _| unreachable!("the types of this step cannot be stored"),
        ending: Ending::UNKNOWN,
    };
}

/// Runs a user's function with these types of arguments, result and error.
//
// A function outside of `impl StepDef`: with the bounds that this assumes, the compiler would look into each type of
// the engine once more for each step, to know that its future can be sent.
#[doc(hidden)]
pub type RunBody<A, T, E> = fn(A, StepInputs, &'static Ending<T, E>) -> BoxFuture<'static, AttemptOutcome>;

/// The state of a step that takes none.
pub(crate) fn stateless() -> Option<StateDef> {
    None
}
