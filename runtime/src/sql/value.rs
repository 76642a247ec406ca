//! Values of columns and parameters.

use std::borrow::Cow;
use std::fmt;

/// A value of a column or a parameter, as every database has it.
///
/// Most programs meet it only in a [`ToSql`](super::types::ToSql) or [`FromSql`](super::types::FromSql) of their own. It is
/// one itself:
/// `row.get::<SqlValue>(0)` reads a column whose type is not known.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SqlValue<'a> {
    /// No value.
    Null,
    /// A truth value. SQLite stores 0 or 1.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A floating point number.
    Real(f64),
    /// Text.
    Text(Cow<'a, str>),
    /// Bytes.
    Bytes(Cow<'a, [u8]>),
}

impl SqlValue<'_> {
    /// Returns the same value, borrowed from this one.
    pub(super) fn borrowed(&self) -> SqlValue<'_> {
        match self {
            Self::Null => SqlValue::Null,
            Self::Bool(value) => SqlValue::Bool(*value),
            Self::Integer(value) => SqlValue::Integer(*value),
            Self::Real(value) => SqlValue::Real(*value),
            Self::Text(text) => SqlValue::Text(Cow::Borrowed(text)),
            Self::Bytes(bytes) => SqlValue::Bytes(Cow::Borrowed(bytes)),
        }
    }

    /// Returns the same value without borrows.
    pub(super) fn owned(self) -> SqlValue<'static> {
        match self {
            Self::Null => SqlValue::Null,
            Self::Bool(value) => SqlValue::Bool(value),
            Self::Integer(value) => SqlValue::Integer(value),
            Self::Real(value) => SqlValue::Real(value),
            Self::Text(text) => SqlValue::Text(Cow::Owned(text.into_owned())),
            Self::Bytes(bytes) => SqlValue::Bytes(Cow::Owned(bytes.into_owned())),
        }
    }
}

/// Displays a value in an error: a number as it is, of text and bytes only the length.
pub(super) struct Found<'a>(pub(super) &'a SqlValue<'a>);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            SqlValue::Null => f.write_str("NULL"),
            SqlValue::Bool(value) => write!(f, "{value}"),
            SqlValue::Integer(value) => write!(f, "the whole number {value}"),
            SqlValue::Real(value) => write!(f, "the floating point number {value}"),
            SqlValue::Text(text) => write!(f, "text of {} bytes", text.len()),
            SqlValue::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
        }
    }
}
