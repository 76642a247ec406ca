//! Types with a recorded name, so that sender and receiver agree on a value's type.

use crate::codec::{self, CodecError, Location, Storable};
use crate::fields::Coder;
use crate::value::Value;

/// A type with a recorded name, implemented by `#[derive(Message)]` for a struct or an enum.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use steadfast::Message;
///
/// #[derive(Message, Serialize, Deserialize)]
/// struct Approve {
///     by: String,
/// }
///
/// #[derive(Message, Serialize, Deserialize)]
/// #[message(name = "approval.withdrawn")]
/// enum Withdrawn {
///     By(String),
///     Expired,
/// }
///
/// assert_eq!((Approve::NAME, Withdrawn::NAME), ("Approve", "approval.withdrawn"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a message",
    label = "it has no recorded name",
    note = "put `#[derive(steadfast::Message, serde::Serialize, serde::Deserialize)]` on it"
)]
pub trait Message: Storable {
    /// The recorded name.
    const NAME: &'static str;
}

/// Encodes a message, bound to its name, so that a secret in it cannot be moved to another.
pub(crate) fn encode<M: Message>(coder: Coder<'_>, message: &M) -> Result<Value, CodecError> {
    codec::record_at(coder, Location::Message(M::NAME), message)
}

pub(crate) fn decode<M: Message>(coder: Coder<'_>, value: &Value) -> Result<M, CodecError> {
    codec::decode_at(coder, Location::Message(M::NAME), value)
}

/// Decodes a recorded message with the current type, and encodes it again.
pub(crate) fn recode<M: Message>(coder: Coder<'_>, recorded: &Value) -> Option<Value> {
    encode(coder, &decode::<M>(coder, recorded).ok()?).ok()
}
