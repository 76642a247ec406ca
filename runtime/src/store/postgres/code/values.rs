//! Values of users' parameters and columns.

use crate::sql::error::SqlError;
use crate::sql::statements::RowValues;
use crate::sql::types::SqlValue;
use crate::store::postgres::cells::raw;
use bytes::BytesMut;
use std::borrow::Cow;
use std::fmt;
use tokio_postgres::Row;
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

/// A user's value as a parameter.
pub(super) struct Given<'a>(pub(super) &'a SqlValue<'a>);

impl Given<'_> {
    /// Returns its type. A text, and what is null, has that of its place: a text may become a UUID, a time or JSON.
    pub(super) const fn kind(&self) -> Type {
        match self.0 {
            SqlValue::Bool(_) => Type::BOOL,
            SqlValue::Integer(_) => Type::INT8,
            SqlValue::Real(_) => Type::FLOAT8,
            SqlValue::Bytes(_) => Type::BYTEA,
            SqlValue::Null | SqlValue::Text(_) => Type::UNKNOWN,
        }
    }
}

impl ToSql for Given<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self.0 {
            SqlValue::Bool(value) => out.extend_from_slice(&[u8::from(*value)]),
            SqlValue::Integer(value) => out.extend_from_slice(&value.to_be_bytes()),
            SqlValue::Real(value) => out.extend_from_slice(&value.to_be_bytes()),
            SqlValue::Text(text) => out.extend_from_slice(text.as_bytes()),
            SqlValue::Bytes(bytes) => out.extend_from_slice(bytes),
            SqlValue::Null => return Ok(IsNull::Yes),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        if matches!(self.0, SqlValue::Text(_)) { Format::Text } else { Format::Binary }
    }

    to_sql_checked!();
}

/// The client logs the values of statements: users' values do not belong there.
impl fmt::Debug for Given<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

/// A row of a user's query.
pub(super) struct Read<'a>(pub(super) &'a Row);

impl RowValues for Read<'_> {
    fn columns(&self) -> usize {
        self.0.len()
    }

    fn name(&self, column: usize) -> &str {
        self.0.columns()[column].name()
    }

    fn value(&self, column: usize) -> Result<SqlValue<'_>, SqlError> {
        let (kind, Some(bytes)) = raw(self.0, column) else { return Ok(SqlValue::Null) };
        let broken = || SqlError::msg(format_args!("a value of type `{kind}` of {} bytes", bytes.len()));
        let value = match *kind {
            Type::BOOL => bytes.first().map(|byte| SqlValue::Bool(*byte != 0)),
            Type::INT2 => bytes.try_into().ok().map(i16::from_be_bytes).map(|value| SqlValue::Integer(value.into())),
            Type::INT4 => bytes.try_into().ok().map(i32::from_be_bytes).map(|value| SqlValue::Integer(value.into())),
            Type::INT8 => bytes.try_into().ok().map(i64::from_be_bytes).map(SqlValue::Integer),
            Type::OID => bytes.try_into().ok().map(u32::from_be_bytes).map(|value| SqlValue::Integer(value.into())),
            Type::FLOAT4 => bytes.try_into().ok().map(f32::from_be_bytes).map(|value| SqlValue::Real(value.into())),
            Type::FLOAT8 => bytes.try_into().ok().map(f64::from_be_bytes).map(SqlValue::Real),
            Type::BYTEA => Some(SqlValue::Bytes(Cow::Borrowed(bytes))),
            Type::NUMERIC => numeric(bytes),
            Type::UUID => {
                bytes.try_into().ok().map(uuid::Uuid::from_bytes).map(|id| owned(id.hyphenated().to_string()))
            }
            Type::JSONB => bytes.split_first().and_then(|(_, json)| text(json)),
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN | Type::JSON => text(bytes),
            _ => {
                return Err(SqlError::msg(format_args!(
                    "it is of type `{kind}`, which no Rust type here is read from: cast it in the query, as with `::text`"
                )));
            }
        };
        value.ok_or_else(broken)
    }
}

fn text(bytes: &[u8]) -> Option<SqlValue<'_>> {
    std::str::from_utf8(bytes).ok().map(|text| SqlValue::Text(Cow::Borrowed(text)))
}

fn owned(text: String) -> SqlValue<'static> {
    SqlValue::Text(Cow::Owned(text))
}

/// Returns a whole number as such, which sums and products are, and any other one as the text of its digits: nothing is
/// rounded. The form is that of `numeric_send` of the server: counts, sign, and digits to the base 10,000.
fn numeric(bytes: &[u8]) -> Option<SqlValue<'static>> {
    let mut words = bytes.chunks_exact(2).map(|word| u16::from_be_bytes([word[0], word[1]]));
    let (count, weight, sign, scale) = (words.next()?, words.next()?.cast_signed(), words.next()?, words.next()?);
    let digits: Vec<u16> = words.take(count.into()).collect();
    match sign {
        0 | 0x4000 => {}
        0xC000 => return Some(owned("NaN".to_owned())),
        0xD000 => return Some(owned("Infinity".to_owned())),
        0xF000 => return Some(owned("-Infinity".to_owned())),
        _ => return None,
    }
    let digit = |place: i32| {
        let index = i32::from(weight) - place;
        usize::try_from(index).ok().and_then(|index| digits.get(index)).copied().unwrap_or(0)
    };
    let four = |place: i32| format!("{:04}", digit(place));
    let whole = (0..=i32::from(weight).max(0)).rev().map(four).collect::<Vec<_>>().concat();
    let whole = Some(whole.trim_start_matches('0')).filter(|text| !text.is_empty()).unwrap_or("0");
    let minus = if sign == 0x4000 { "-" } else { "" };
    if scale == 0 {
        let number = format!("{minus}{whole}");
        return Some(number.parse().map_or_else(|_| owned(number.clone()), SqlValue::Integer));
    }
    let places = i32::from(scale).div_euclid(4) + 1;
    let mut fraction = (1..=places).map(|place| four(-place)).collect::<Vec<_>>().concat();
    fraction.truncate(scale.into());
    Some(owned(format!("{minus}{whole}.{fraction}")))
}

#[cfg(test)]
mod tests {
    use super::{SqlValue, numeric, owned};

    fn sent(words: &[u16]) -> Option<SqlValue<'static>> {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        numeric(&bytes)
    }

    #[test]
    fn numbers_are_read_digit_by_digit() {
        // As Postgres sends 0, 7, 12345678, -20000, 12.50, 0.0005, -1.5 and a number beyond 64 bits.
        assert_eq!(sent(&[0, 0, 0, 0]), Some(SqlValue::Integer(0)));
        assert_eq!(sent(&[1, 0, 0, 0, 7]), Some(SqlValue::Integer(7)));
        assert_eq!(sent(&[2, 1, 0, 0, 1234, 5678]), Some(SqlValue::Integer(12_345_678)));
        assert_eq!(sent(&[1, 1, 0x4000, 0, 2]), Some(SqlValue::Integer(-20_000)));
        assert_eq!(sent(&[2, 0, 0, 2, 12, 5000]), Some(owned("12.50".to_owned())));
        assert_eq!(sent(&[1, 0xFFFF, 0, 4, 5]), Some(owned("0.0005".to_owned())));
        assert_eq!(sent(&[2, 0, 0x4000, 1, 1, 5000]), Some(owned("-1.5".to_owned())));
        let large = [6, 5, 0, 0, 1, 0, 0, 0, 0, 1];
        assert_eq!(sent(&large), Some(owned("100000000000000000001".to_owned())));
        assert_eq!(sent(&[0, 0, 0xC000, 0]), Some(owned("NaN".to_owned())));
    }
}
