//! Values of commands, as recorded and as compared with a recorded one.

use crate::codec::{self, Location};
use crate::fields::{Coder, Fields};
use crate::value::{Encoding, Value};
use crate::vault::sealed_any;
use bytes::Bytes;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// Decodes a recorded value with current types and encodes it again.
#[derive(Clone)]
pub struct Recode {
    fields: Option<Arc<Fields>>,
    recode: Recoding,
}

/// A function that recodes values of a type, which it knows.
#[derive(Clone)]
enum Recoding {
    Function(fn(Coder<'_>, &Value) -> Option<Value>),
    /// For a value at a location.
    At(Location<'static>, fn(Coder<'_>, Location<'static>, &Value) -> Option<Value>),
    /// For the arguments of a step.
    Arguments(&'static dyn Recodes),
}

/// Decodes recorded arguments of a step with current types and encodes them again.
pub(crate) trait Recodes: Sync {
    fn recode(&self, coder: Coder<'_>, recorded: &Value) -> Option<Value>;
}

impl fmt::Debug for Recode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recode").finish_non_exhaustive()
    }
}

impl Recode {
    pub(crate) fn new(coder: Coder<'_>, recode: fn(Coder<'_>, &Value) -> Option<Value>) -> Self {
        Self { fields: coder.fields(), recode: Recoding::Function(recode) }
    }

    /// Creates a recode of a value at a location.
    pub(crate) fn at(
        coder: Coder<'_>,
        location: Location<'static>,
        recode: fn(Coder<'_>, Location<'static>, &Value) -> Option<Value>,
    ) -> Self {
        Self { fields: coder.fields(), recode: Recoding::At(location, recode) }
    }

    /// Creates a recode of the arguments of a step.
    pub(crate) fn arguments(coder: Coder<'_>, step: &'static dyn Recodes) -> Self {
        Self { fields: coder.fields(), recode: Recoding::Arguments(step) }
    }

    /// Creates a recode that leaves values unchanged.
    pub(crate) fn none() -> Self {
        Self { fields: None, recode: Recoding::Function(|_, recorded| Some(recorded.clone())) }
    }

    fn of(&self, recorded: &Value) -> Option<Value> {
        let coder = Coder::new(self.fields.as_ref());
        match self.recode {
            Recoding::Function(recode) => recode(coder, recorded),
            Recoding::At(location, recode) => recode(coder, location, recorded),
            Recoding::Arguments(step) => step.recode(coder, recorded),
        }
    }
}

/// A value of a command, or why it cannot be stored.
#[derive(Clone, Debug)]
pub struct Given<'a> {
    value: Result<Cow<'a, Value>, String>,
    /// The recode of an issued value; an entry does not know its type.
    recode: Option<Recode>,
}

impl<'a> Given<'a> {
    /// Creates an issued value, or one that cannot be stored.
    pub fn new(value: Result<Value, String>, recode: Recode) -> Self {
        Self { value: value.map(Cow::Owned), recode: Some(recode) }
    }

    /// Creates a recorded value; without one it was refused when it was issued.
    pub(super) fn recorded(value: Option<&'a Value>) -> Self {
        Self { value: value.map(Cow::Borrowed).ok_or_else(String::new), recode: None }
    }

    /// Returns the value, if it can be stored.
    pub(crate) fn value(&self) -> Option<&Value> {
        self.value.as_deref().ok()
    }

    /// Returns the value with its recode, if it can be stored.
    pub(crate) fn comparable(&self) -> Option<(&Value, &Recode)> {
        self.value().zip(self.recode.as_ref())
    }

    /// Returns why it cannot be stored.
    pub(crate) fn refusal(&self) -> Option<&str> {
        self.value.as_ref().err().map(String::as_str)
    }

    /// Marks a value as not storable after all.
    pub(crate) fn refuse(&mut self, why: String) {
        self.value = Err(why);
    }

    /// Returns the value in its recorded form, if it can be stored: above `limit` bytes only its hash, unless its type
    /// has an unreliable order. Deciding that runs user code.
    pub(crate) fn to_record(&self, limit: usize) -> Option<Value> {
        let value = self.value()?;
        let Some(recode) = self.recode.as_ref().filter(|_| value.bytes.len() > limit) else {
            return Some(value.clone());
        };
        // A secret is encrypted differently under another key, so its hash could not be compared after a rotation.
        let (unordered, secret) = sealed_any(|| is_unordered(recode, value));
        Some(if unordered || secret { value.clone() } else { hash(value) })
    }
}

/// Compares a recorded value with an issued one, running user code. A value that was refused when it was issued stays
/// refused.
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

/// Returns whether issued arguments or an issued input equal the recorded ones.
///
/// Recorded values are decoded with current types and encoded again before they are compared, so a field added with a
/// default makes no difference, nor does the order of a set.
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

/// Returns whether encoding again changes the order: sets and maps of the standard library draw a new order for each
/// value. Sixteen draws of a set of two agree by chance once in 32,768.
fn is_unordered(recode: &Recode, value: &Value) -> bool {
    let first = recode.of(value);
    (0..16).any(|_| recode.of(value) != first)
}
