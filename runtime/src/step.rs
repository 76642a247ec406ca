//! The runtime side of `#[step]`: the definition of a step, and how its body runs.

mod args;
mod body;
mod ended;
mod inputs;
mod outcome;
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
pub use inputs::{HandleParameter, StepInputs};
pub use outcome::{Input, Returned};
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
    /// The recorded name.
    const NAME: &'static str;
    /// Retries and time limit.
    const POLICY: Policy;
    /// Whether attempts block their thread.
    const BLOCKING: bool = false;
    /// The roles of which the principal of the run needs one; empty if none is needed.
    const ROLES: &'static [&'static str] = &[];
    /// The field store that takes its results; the database takes them if there is none.
    const STORE: Option<&'static str> = None;
    /// The resources that it takes.
    const RESOURCES: &'static [ResourceKey] = &[];
    /// Returns the shared state that it takes, if it is typed.
    //
    // A constant, as below: a method that has a default would be compiled again for each step.
    #[doc(hidden)]
    const STATE: fn() -> Option<StateDef> = stateless;

    /// The context that it reads; `()` if none.
    type Context: Send + Sync + 'static;
    /// The arguments, as a tuple.
    type Args: Send + 'static;
    /// The value that it returns on success.
    type Output: StoredValue;
    /// The error that it returns.
    type Error: Failure;

    /// Returns how results are compared with their decoded form, if their type can be.
    #[doc(hidden)]
    #[must_use]
    fn same_output() -> Option<Same<Self::Output>> {
        None
    }

    /// How the arguments are encoded and decoded.
    const ARGS: ArgsCoding<Self::Args>;

    /// Whether an error ends the step at once: `Terminal`, or `retry(unless = ..)`.
    const IS_FINAL: fn(&Self::Error) -> bool = Self::Error::is_terminal;

    /// Runs the user's function to the attempt's outcome; none of it runs before the first poll.
    fn body(args: Self::Args, inputs: StepInputs) -> BoxFuture<'static, AttemptOutcome>;
}

/// The state of a step that takes none.
pub(crate) fn stateless() -> Option<StateDef> {
    None
}
