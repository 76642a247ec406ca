//! Arguments and inputs: as they are recorded, and as they are compared with recorded ones.

use crate::codec;
use crate::value::{Form, Value};
use crate::vault::sealed_any;
use bytes::Bytes;

/// Decodes a recorded value with today's types and encodes it again.
pub(crate) type Recode = fn(&Value) -> Option<Value>;

/// Arguments as they are recorded: above `limit` bytes only their hash, unless their type has no order to rely on.
pub(super) fn to_record(recode: Recode, arguments: &Value, limit: usize) -> Value {
    if arguments.bytes.len() <= limit {
        return arguments.clone();
    }
    // What holds a secret is written otherwise under another key, so a hash could not be compared after a rotation.
    let (unordered, secret) = sealed_any(|| is_unordered(recode, arguments));
    if unordered || secret { arguments.clone() } else { hash(arguments) }
}

fn hash(arguments: &Value) -> Value {
    Value { form: Form::Hash, bytes: Bytes::copy_from_slice(&hmac_sha256::Hash::hash(&arguments.bytes)) }
}

/// Whether today's arguments, or today's input, are those that were recorded.
///
/// Recorded values are decoded with today's types and encoded again before they are compared, so a field that was
/// added with a default is no difference; nor is the order of a set.
pub(crate) fn same_value(recode: Recode, recorded: &Value, found: &Value) -> bool {
    if recorded == found {
        return true;
    }
    if recorded.form == Form::Hash {
        return hash(found) == *recorded;
    }
    let Some(again) = recode(recorded) else { return false };
    again == *found || (codec::same_unordered(&again, found) && is_unordered(recode, recorded))
}

/// Whether decoding and encoding again gives another order: sets and maps of the standard library draw a new order for
/// each value. Sixteen draws of a set of two agree by chance once in 32,768.
fn is_unordered(recode: Recode, value: &Value) -> bool {
    let first = recode(value);
    (0..16).any(|_| recode(value) != first)
}
