//! A value that a command gives away: as it is recorded, and as it is compared with a recorded one.

use crate::codec;
use crate::fields::{Coder, Fields};
use crate::value::{Encoding, Value};
use crate::vault::sealed_any;
use bytes::Bytes;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// Decodes a recorded value with today's types and encodes it again.
#[derive(Clone, Debug)]
pub struct Recode {
    fields: Option<Arc<Fields>>,
    recode: fn(Coder<'_>, &Value) -> Option<Value>,
}

impl Recode {
    pub(crate) fn new(coder: Coder<'_>, recode: fn(Coder<'_>, &Value) -> Option<Value>) -> Self {
        Self { fields: coder.fields(), recode }
    }

    /// Of values that are compared as they stand.
    pub(crate) fn none() -> Self {
        Self { fields: None, recode: |_, recorded| Some(recorded.clone()) }
    }

    fn of(&self, recorded: &Value) -> Option<Value> {
        (self.recode)(Coder::new(self.fields.as_ref()), recorded)
    }
}

/// A value that a command gives away, or why it cannot be stored.
#[derive(Clone, Debug)]
pub struct Given<'a> {
    value: Result<Cow<'a, Value>, String>,
    /// Known for what is asked today; an entry does not know its type.
    recode: Option<Recode>,
}

impl<'a> Given<'a> {
    /// A value of today's type, or why it cannot be stored.
    pub fn new(value: Result<Value, String>, recode: Recode) -> Self {
        Self { value: value.map(Cow::Owned), recode: Some(recode) }
    }

    /// What an entry has of it: nothing if it was refused when it was asked.
    pub(super) fn recorded(value: Option<&'a Value>) -> Self {
        Self { value: value.map(Cow::Borrowed).ok_or_else(String::new), recode: None }
    }

    /// The value, if it can be stored.
    pub(crate) fn value(&self) -> Option<&Value> {
        self.value.as_deref().ok()
    }

    /// The value with what reads a recorded one of its type, if it can be stored.
    pub(crate) fn comparable(&self) -> Option<(&Value, &Recode)> {
        self.value().zip(self.recode.as_ref())
    }

    /// Why it cannot be stored.
    pub(crate) fn refusal(&self) -> Option<&str> {
        self.value.as_ref().err().map(String::as_str)
    }

    /// It cannot be stored after all.
    pub(crate) fn refuse(&mut self, why: String) {
        self.value = Err(why);
    }

    /// The value as it is recorded, if it can be stored: above `limit` bytes only its hash, unless its type has no order to
    /// rely on. Deciding that runs the user's code.
    pub(crate) fn to_record(&self, limit: usize) -> Option<Value> {
        let value = self.value()?;
        let Some(recode) = self.recode.as_ref().filter(|_| value.bytes.len() > limit) else {
            return Some(value.clone());
        };
        // What holds a secret is written otherwise under another key, so a hash could not be compared after a rotation.
        let (unordered, secret) = sealed_any(|| is_unordered(recode, value));
        Some(if unordered || secret { value.clone() } else { hash(value) })
    }
}

/// Compares a recorded value with one of today, with the user's code. What was refused when it was asked stays refused.
impl PartialEq<Given<'_>> for Given<'_> {
    fn eq(&self, other: &Given<'_>) -> bool {
        let (recorded, asked) = if other.recode.is_some() { (self, other) } else { (other, self) };
        match (recorded.value(), asked.value()) {
            (Some(recorded), Some(found)) => match &asked.recode {
                Some(recode) => same_value(recode, recorded, found),
                None => recorded == found,
            },
            (recorded, _) => recorded.is_none(),
        }
    }
}

impl fmt::Display for Given<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value() {
            Some(value) => value.fmt(f),
            None => f.write_str("a value that cannot be stored"),
        }
    }
}

fn hash(value: &Value) -> Value {
    Value { encoding: Encoding::Hash, bytes: Bytes::copy_from_slice(&hmac_sha256::Hash::hash(&value.bytes)) }
}

/// Whether today's arguments, or today's input, are those that were recorded.
///
/// Recorded values are decoded with today's types and encoded again before they are compared, so a field that was
/// added with a default is no difference; nor is the order of a set.
pub(crate) fn same_value(recode: &Recode, recorded: &Value, asked: &Value) -> bool {
    if recorded == asked {
        return true;
    }
    if recorded.encoding == Encoding::Hash {
        return hash(asked) == *recorded;
    }
    let Some(again) = recode.of(recorded) else { return false };
    again == *asked || (codec::same_unordered(&again, asked) && is_unordered(recode, recorded))
}

/// Whether decoding and encoding again gives another order: sets and maps of the standard library draw a new order for
/// each value. Sixteen draws of a set of two agree by chance once in 32,768.
fn is_unordered(recode: &Recode, value: &Value) -> bool {
    let first = recode.of(value);
    (0..16).any(|_| recode.of(value) != first)
}
