//! Cells of rows and queries as values of Postgres, both ways.

use crate::store::sql::{Cell, Row};
use crate::value::Encoding;
use bytes::BytesMut;
use std::borrow::Cow;
use std::fmt;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

/// A value of a query.
pub(super) struct Parameter<'a>(pub(super) Cell<'a>);

impl Parameter<'_> {
    /// Returns its type; what is null has that of its place.
    pub(super) const fn kind(&self) -> Type {
        match self.0 {
            Cell::Int(_) => Type::INT8,
            Cell::Text(_) => Type::TEXT,
            Cell::Json(_) | Cell::Bytes(_) => Type::BYTEA,
            Cell::Null | Cell::Other(_) => Type::UNKNOWN,
        }
    }
}

impl ToSql for Parameter<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self.0 {
            Cell::Int(number) => out.extend_from_slice(&number.to_be_bytes()),
            Cell::Text(text) => out.extend_from_slice(&escaped(text)),
            Cell::Json(bytes) | Cell::Bytes(bytes) => out.extend_from_slice(bytes),
            Cell::Null | Cell::Other(_) => return Ok(IsNull::Yes),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// The client logs the values of statements: users' values do not belong there.
impl fmt::Debug for Parameter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

/// Texts of Postgres have no character 0. It is written as character 1 and a digit, as is character 1 itself, so that the
/// order of texts stays what it was.
fn escaped(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.iter().any(|byte| *byte <= 1) {
        return Cow::Borrowed(text);
    }
    let mut escaped = Vec::with_capacity(text.len() + 8);
    for byte in text {
        match byte {
            0 | 1 => escaped.extend_from_slice(&[1, b'0' + byte]),
            byte => escaped.push(*byte),
        }
    }
    Cow::Owned(escaped)
}

fn unescaped(text: &[u8]) -> Option<Vec<u8>> {
    text.contains(&1).then(|| {
        let mut plain = Vec::with_capacity(text.len());
        let mut bytes = text.iter();
        while let Some(byte) = bytes.next() {
            plain.push(if *byte == 1 { bytes.next().map_or(1, |digit| digit.wrapping_sub(b'0')) } else { *byte });
        }
        plain
    })
}

/// A row that was read.
pub(super) struct Found {
    row: tokio_postgres::Row,
    /// The texts that had to be changed, by column.
    texts: Vec<(usize, Vec<u8>)>,
}

impl Found {
    pub(super) fn new(row: tokio_postgres::Row) -> Self {
        let texts = (0..row.len()).filter_map(|column| match raw(&row, column) {
            (&Type::TEXT, Some(text)) => Some((column, unescaped(text)?)),
            _ => None,
        });
        Self { texts: texts.collect(), row }
    }
}

impl Found {
    /// Returns whether a column is the body of a value whose form, before it, is JSON.
    fn is_json(&self, column: usize) -> bool {
        let form = column.checked_sub(1).and_then(|form| raw(&self.row, form).1);
        self.row.columns()[column].name() == "body" && form == Some(Encoding::Json.as_str().as_bytes())
    }
}

impl Row for Found {
    fn cell(&self, column: usize) -> Cell<'_> {
        if column >= self.row.len() {
            return Cell::Other("column that is missing");
        }
        if let Some((_, text)) = self.texts.iter().find(|(changed, _)| *changed == column) {
            return Cell::Text(text);
        }
        let number = |bytes: Option<i64>| bytes.map_or(Cell::Other("number of another size"), Cell::Int);
        match raw(&self.row, column) {
            (_, None) => Cell::Null,
            (&Type::INT8, Some(bytes)) => number(bytes.try_into().ok().map(i64::from_be_bytes)),
            (&Type::INT4, Some(bytes)) => number(bytes.try_into().ok().map(i32::from_be_bytes).map(i64::from)),
            (&Type::BOOL, Some(bytes)) => number(bytes.first().map(|byte| i64::from(*byte))),
            (&Type::TEXT, Some(text)) => Cell::Text(text),
            (&Type::BYTEA, Some(bytes)) if self.is_json(column) => Cell::Json(bytes),
            (&Type::BYTEA, Some(bytes)) => Cell::Bytes(bytes),
            (_, Some(_)) => Cell::Other("value of another type"),
        }
    }
}

/// The bytes of a column as they came.
struct Raw<'a>(Option<&'a [u8]>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(Some(raw)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

pub(super) fn raw(row: &tokio_postgres::Row, column: usize) -> (&Type, Option<&[u8]>) {
    let bytes = row.try_get::<_, Raw<'_>>(column).ok().and_then(|raw| raw.0);
    (row.columns()[column].type_(), bytes)
}

/// Returns the number in the first column of a row.
pub(super) fn first_number(row: &Found) -> Option<i64> {
    if let Cell::Int(number) = row.cell(0) { Some(number) } else { None }
}

#[cfg(test)]
mod tests {
    use super::{escaped, unescaped};

    #[test]
    fn texts_come_back_and_keep_their_order() {
        let texts: [&[u8]; 9] = [b"", b"\0", b"\0\0", b"\0a", b"\x01", b"\x010", b"\x02", b"a", b"a\0"];
        let written = texts.map(|text| escaped(text).into_owned());
        assert!(written.is_sorted(), "{written:?}");
        for (text, written) in texts.iter().zip(&written) {
            assert!(!written.contains(&0));
            assert_eq!(unescaped(written).as_deref().unwrap_or(written), *text);
        }
    }
}
