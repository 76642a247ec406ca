//! Conversion between a user's value and a stored [`Value`](crate::value::Value): the encoding of each type, and the
//! values that are refused.

mod args;
mod bounds;
mod comparison;
mod error;
mod json;
mod json_text;
mod parts;
mod shown_types;
#[cfg(test)]
mod tests;
mod typed;
mod unordered;

pub(crate) use crate::vault::Location;
pub use args::{ArgsReader, ArgsWriter};
pub use bounds::{StepArg, Storable, StoredValue};
#[doc(hidden)]
pub use comparison::{Comparison, Incomparable, Same};
pub use error::CodecError;
pub(crate) use json_text::JsonText;
pub(crate) use parts::{change_parts, split_parts, split_text_and_bytes, tag, tagged, text_and_bytes};
pub(crate) use typed::short;
pub(crate) use typed::{
    check_size, decode_at, decode_field, encode_at, encode_field, record_at, record_same, round_trip_at, says_damaged,
    short as short_name,
};
pub(crate) use typed::{decode, encode, form_of};
pub(crate) use unordered::same_unordered;
