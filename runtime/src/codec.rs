//! Between a user's value and a stored [`Value`](crate::value::Value): which form a type takes, and what is refused.

mod args;
mod bounds;
mod error;
mod json;
mod typed;

pub use args::{ArgsReader, ArgsWriter};
pub use bounds::{StepArg, Storable};
pub use error::CodecError;
pub use typed::{decode, encode, form_of, round_trip, same_unordered};
