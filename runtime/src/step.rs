//! The runtime side of `#[step]`: the definition of a step, and how its body runs.

mod body;
mod ended;
mod inputs;
mod outcome;
mod stored;
mod stream;
mod transaction;

#[cfg(feature = "testing")]
pub(crate) use body::decoded_args;
pub(crate) use body::{
    Body, Encode, InlineBody, StepTable, TableOf, encode_args, in_scope, refused, unmade, unstorable, whole_context,
};
pub use inputs::{HandleParameter, StepInputs};
pub use outcome::{Input, Outcome};
pub use stream::{StepStreamWriter, stream};
pub(crate) use stream::{encode as encode_shown, hand_over};
pub(crate) use transaction::InCommit;
pub use transaction::TransactionDef;

use crate::codec::{ArgsReader, ArgsWriter, CodecError, Same, Storable};
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
    #[doc(hidden)]
    #[must_use]
    fn state() -> Option<StateDef> {
        None
    }

    /// The context that it reads; `()` if none.
    type Context: Send + Sync + 'static;
    /// The arguments, as a tuple.
    type Args: Send + 'static;
    /// The value that it returns on success.
    type Output: Storable;
    /// The error that it returns.
    type Error: Failure;

    /// Returns how results are compared with their decoded form, if their type can be.
    #[doc(hidden)]
    #[must_use]
    fn same_output() -> Option<Same<Self::Output>> {
        None
    }

    /// Encodes the arguments in canonical form.
    ///
    /// # Errors
    /// An argument cannot be stored; the path begins with its name.
    fn encode_args(args: &Self::Args, writer: &mut ArgsWriter<'_>) -> Result<(), CodecError>;

    /// Decodes recorded arguments.
    ///
    /// # Errors
    /// They do not fit the current types.
    fn decode_args(reader: &mut ArgsReader<'_>) -> Result<Self::Args, CodecError>;

    /// Returns whether this error ends the step at once: `Terminal`, or `retry(unless = ..)`.
    fn is_final(error: &Self::Error) -> bool {
        error.is_terminal()
    }

    /// Runs the user's function to the attempt's outcome; none of it runs before the first poll.
    fn body(args: Self::Args, inputs: StepInputs) -> BoxFuture<'static, AttemptOutcome>;
}
