//! The bounds of stored values, by their use.

use super::{ArgsReader, ArgsWriter, CodecError, Location, Same, decode_at, encode_at, record_same};
use crate::fields::Coder;
use crate::value::Value;
use serde::{Serialize, de::DeserializeOwned};

/// A value that can be the result of a step, or the input or result of a workflow: any owned serde type, or bytes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept in the journal",
    label = "results and inputs are stored, so that they survive a crash",
    note = "derive `serde::Serialize` and `serde::Deserialize` for it; it must own what it holds (`String` instead of `&str`)"
)]
pub trait Storable: Serialize + DeserializeOwned + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + 'static> Storable for T {}

/// A value that is kept in the journal: the types that are [`Storable`], without the traits of serde. Generated code assumes
/// it of types, perhaps of one twice, which would make those ambiguous.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept in the journal",
    label = "results and inputs are stored, so that they survive a crash",
    note = "derive `serde::Serialize` and `serde::Deserialize` for it; it must own what it holds (`String` instead of `&str`)"
)]
pub trait StoredValue: Sized + Send + 'static {
    /// Encodes the value at a location, and checks that it can be decoded.
    fn record(&self, coder: Coder<'_>, location: Location<'_>, same: Option<Same<Self>>) -> Result<Value, CodecError>;

    /// Encodes the value at a location, unchecked.
    fn encode(&self, coder: Coder<'_>, location: Location<'_>) -> Result<Value, CodecError>;

    /// Decodes the value at a location.
    fn decode(coder: Coder<'_>, location: Location<'_>, recorded: &Value) -> Result<Self, CodecError>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + 'static> StoredValue for T {
    fn record(&self, coder: Coder<'_>, location: Location<'_>, same: Option<Same<Self>>) -> Result<Value, CodecError> {
        record_same(coder, location, self, same)
    }

    fn encode(&self, coder: Coder<'_>, location: Location<'_>) -> Result<Value, CodecError> {
        encode_at(coder, location, self)
    }

    fn decode(coder: Coder<'_>, location: Location<'_>, recorded: &Value) -> Result<Self, CodecError> {
        decode_at(coder, location, recorded)
    }
}

/// A value that can be an argument of a step: any owned serde type, or bytes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a step",
    label = "arguments are recorded, so that a step can be run again after a crash",
    note = "derive `serde::Serialize` and `serde::Deserialize` for it; it must own what it holds (`String` instead of `&str`)",
    note = "the context of a step comes first, and is borrowed: `ctx: &{Self}`",
    note = "the handle of a workflow cannot be passed into a step: return a value, and let the workflow change the context with `flow.update(..)`"
)]
pub trait StepArg: Sized + Send + 'static {
    /// Adds the argument to those of a call.
    #[doc(hidden)]
    fn write(&self, name: &'static str, args: &mut ArgsWriter) -> Result<(), CodecError>;

    /// Compares the argument, which was added last, with the value that a reader will decode.
    #[doc(hidden)]
    fn compare(&self, name: &'static str, same: Option<Same<Self>>, args: &mut ArgsWriter) -> Result<(), CodecError>;

    /// Reads the argument from the recorded ones.
    #[doc(hidden)]
    fn read(name: &'static str, args: &mut ArgsReader) -> Result<Self, CodecError>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + 'static> StepArg for T {
    fn write(&self, name: &'static str, args: &mut ArgsWriter) -> Result<(), CodecError> {
        args.arg_to_read(name, self)
    }

    fn compare(&self, name: &'static str, same: Option<Same<Self>>, args: &mut ArgsWriter) -> Result<(), CodecError> {
        args.compare(name, self, same)
    }

    fn read(name: &'static str, args: &mut ArgsReader) -> Result<Self, CodecError> {
        args.arg(name)
    }
}
