//! What `#[step]` leaves for the runtime: the definition of a step, and how its body is run.

mod body;
mod ended;
mod inputs;
mod outcome;
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

/// A step, as `#[step]` defines it on the braced struct that has the function's name.
pub trait StepDef: Send + Sync + 'static {
    /// The recorded name.
    const NAME: &'static str;
    /// Retries and time limit.
    const POLICY: Policy;
    /// Whether attempts block their thread.
    const BLOCKING: bool = false;
    /// Roles of which the principal of the run needs one; none is needed if it is empty.
    const ROLES: &'static [&'static str] = &[];
    /// The resources that it takes.
    const RESOURCES: &'static [ResourceKey] = &[];
    /// The shared state that it takes, if it takes a typed one.
    #[doc(hidden)]
    #[must_use]
    fn state() -> Option<StateDef> {
        None
    }

    /// The context that it reads; `()` if none.
    type Context: Send + Sync + 'static;
    /// Its arguments, as a tuple.
    type Args: Send + 'static;
    /// What it returns when all is well.
    type Output: Storable;
    /// The error it returns.
    type Error: Failure;

    /// How results are compared with what is read back, if their type can be.
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
    /// They do not fit today's types.
    fn decode_args(reader: &mut ArgsReader<'_>) -> Result<Self::Args, CodecError>;

    /// Whether this error ends the step at once: `Terminal`, or `retry(unless = ..)`.
    fn is_final(error: &Self::Error) -> bool {
        error.is_terminal()
    }

    /// The user's function, up to what the attempt comes to; nothing of it runs before the first poll.
    fn body(args: Self::Args, inputs: StepInputs) -> BoxFuture<'static, AttemptOutcome>;
}
