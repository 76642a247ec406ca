//! Names of the rows that record shared state: none of them can be the name of a context field.

use crate::value::{Encoding, Value};
use bytes::Bytes;

const FIELD: &str = "state.";
const KEY: &str = "key.";

/// The content of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StateRow<'a> {
    /// A field of the typed part.
    Field(&'a str),
    /// The value of a key.
    Key(&'a str),
}

/// Parses the name of a row; `None` if it is a row of the context.
pub(crate) fn parse(row: &str) -> Option<StateRow<'_>> {
    row.strip_prefix(FIELD).map(StateRow::Field).or_else(|| row.strip_prefix(KEY).map(StateRow::Key))
}

/// Returns the row of a field.
pub(crate) fn of_field(name: &str) -> String {
    format!("{FIELD}{name}")
}

/// Returns the row of a key.
pub(crate) fn of_key(name: &str) -> String {
    format!("{KEY}{name}")
}

/// Returns the location for which a secret in the row is sealed.
pub(crate) fn place(row: &str) -> &str {
    // A field is encoded under its own name, not under that of its row.
    row.strip_prefix(FIELD).unwrap_or(row)
}

/// Returns the content of a removed key's row: no value at all.
pub(crate) const fn gone() -> Value {
    Value { encoding: Encoding::Parts, bytes: Bytes::new() }
}

/// Returns whether the key of this row was removed.
pub(crate) fn is_gone(value: &Value) -> bool {
    value.encoding == Encoding::Parts && value.bytes.is_empty()
}
