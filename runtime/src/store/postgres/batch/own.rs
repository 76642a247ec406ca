//! Values of statements that are kept until they are executed.

use crate::store::RequestRow;
use crate::store::sql::Cell;
use crate::value::{Encoding, Value};
use bytes::Bytes;

/// A value of a statement.
#[derive(Clone, Debug)]
pub(in crate::store::postgres) enum Own {
    Null,
    Int(i64),
    Text(Bytes),
    Json(Bytes),
    Bytes(Bytes),
}

impl Own {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(Bytes::copy_from_slice(text.as_bytes()))
    }

    pub(super) fn number(number: u64) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }

    pub(super) fn maybe_text(text: Option<&str>) -> Self {
        text.map_or(Self::Null, Self::text)
    }

    pub(super) fn maybe_int(number: Option<i64>) -> Self {
        number.map_or(Self::Null, Self::Int)
    }

    /// Returns form and body of a value.
    pub(super) fn value(value: Option<&Value>) -> [Self; 2] {
        let Some(value) = value else { return [Self::Null, Self::Null] };
        let body = match value.encoding {
            Encoding::Json => Self::Json(value.bytes.clone()),
            _ => Self::Bytes(value.bytes.clone()),
        };
        [Self::Text(Bytes::from_static(value.encoding.as_str().as_bytes())), body]
    }

    /// Returns the columns of a request, as they are inserted.
    pub(super) fn request(row: &RequestRow) -> Vec<Self> {
        let [form, body] = Self::value(Some(&row.value));
        vec![
            Self::text(&row.id),
            Self::Int(row.run),
            Self::number(row.position),
            Self::text(&row.name),
            Self::text(&row.answer),
            Self::Int(row.at),
            Self::maybe_int(row.due),
            Self::maybe_text(row.answered.as_deref()),
            form,
            body,
        ]
    }

    /// Returns how many bytes it has, of those that vary.
    #[cfg(feature = "sqlite")]
    pub(in crate::store::postgres) fn size(&self) -> usize {
        match self {
            Self::Null | Self::Int(_) => 8,
            Self::Text(bytes) | Self::Json(bytes) | Self::Bytes(bytes) => bytes.len(),
        }
    }

    pub(in crate::store::postgres) fn cell(&self) -> Cell<'_> {
        match self {
            Self::Null => Cell::Null,
            Self::Int(number) => Cell::Int(*number),
            Self::Text(text) => Cell::Text(text),
            Self::Json(text) => Cell::Json(text),
            Self::Bytes(bytes) => Cell::Bytes(bytes),
        }
    }
}
