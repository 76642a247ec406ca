//! The names of the rows in which shared state is recorded: none of them can be the name of a field of a context.

use crate::value::{Encoding, Value};
use bytes::Bytes;

const FIELD: &str = "state.";
const KEY: &str = "key.";

/// What a row holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StateRow<'a> {
    /// A field of the typed part.
    Field(&'a str),
    /// The value of a key.
    Key(&'a str),
}

/// What the row of this name holds; `None` if it is one of the context.
pub(crate) fn parse(row: &str) -> Option<StateRow<'_>> {
    row.strip_prefix(FIELD).map(StateRow::Field).or_else(|| row.strip_prefix(KEY).map(StateRow::Key))
}

/// The row of a field.
pub(crate) fn of_field(name: &str) -> String {
    format!("{FIELD}{name}")
}

/// The row of a key.
pub(crate) fn of_key(name: &str) -> String {
    format!("{KEY}{name}")
}

/// The place for which a secret in the row is sealed.
pub(crate) fn place(row: &str) -> &str {
    // A field is encoded under its own name, whatever the row is called.
    row.strip_prefix(FIELD).unwrap_or(row)
}

/// What stands in the row of a key that was removed: no value at all.
pub(crate) const fn gone() -> Value {
    Value { encoding: Encoding::Parts, bytes: Bytes::new() }
}

/// Whether the key of this row was removed.
pub(crate) fn is_gone(value: &Value) -> bool {
    value.encoding == Encoding::Parts && value.bytes.is_empty()
}
