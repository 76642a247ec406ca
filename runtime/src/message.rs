//! What runs are told: a channel is a type.

use crate::codec::{self, CodecError, Storable};
use crate::value::Value;

/// A message for a run: its type is the channel on which it comes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a message",
    label = "a channel is a type with `#[derive(Message)]`",
    note = "write `#[derive(Serialize, Deserialize, Message)]` on `{Self}`"
)]
pub trait Message: Storable {
    /// The recorded name of the channel.
    const NAME: &'static str;
}

/// A message as it is stored. Bound to its channel, so that a secret in it cannot be moved to another.
pub(crate) fn encode<M: Message>(message: &M) -> Result<Value, CodecError> {
    codec::at_message(M::NAME, || codec::record(message))
}

pub(crate) fn decode<M: Message>(value: &Value) -> Result<M, CodecError> {
    codec::at_message(M::NAME, || codec::decode(value))
}
