//! Types that can be read from a column.

use super::error::SqlError;
use super::value::SqlValue;
use bytes::Bytes;
use uuid::Uuid;

/// A type that can be read from a column.
///
/// Implemented for integers, `f32`, `f64`, `bool`, `String`, bytes, and for a [`Uuid`], from text or from 16 bytes. An
/// `Option` reads `NULL` as `None`. A type of your own converts one of these:
///
/// ```
/// use steadfast::sql::SqlError;
/// use steadfast::sql::types::{FromSql, SqlValue};
///
/// #[derive(Debug, PartialEq)]
/// enum Side {
///     Left,
///     Right,
/// }
///
/// impl FromSql for Side {
///     fn from_sql(value: SqlValue<'_>) -> Result<Self, SqlError> {
///         match String::from_sql(value)?.as_str() {
///             "left" => Ok(Self::Left),
///             "right" => Ok(Self::Right),
///             other => Err(SqlError::msg(format!("expected left or right, found {other}"))),
///         }
///     }
/// }
/// # assert_eq!(Side::from_sql(SqlValue::Text("left".into())).unwrap(), Side::Left);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a column",
    label = "not a number, `bool`, `String` or bytes",
    note = "an `Option` of one reads `NULL` too; a type of your own implements `steadfast::sql::types::FromSql`"
)]
pub trait FromSql: Sized {
    /// Returns the value of a column as this type.
    ///
    /// # Errors
    /// It is not a value of this type: [`SqlError::msg`] says what was expected.
    fn from_sql(value: SqlValue<'_>) -> Result<Self, SqlError>;
}

macro_rules! integers {
    ($($type:ty)*) => {$(
        impl FromSql for $type {
            fn from_sql(value: SqlValue<'_>) -> Result<Self, SqlError> {
                let number = match value {
                    SqlValue::Integer(number) => number,
                    SqlValue::Bool(yes) => i64::from(yes),
                    other => return Err(SqlError::expected("a whole number", &other)),
                };
                let range = || format!("a whole number that `{}` holds", stringify!($type));
                <$type>::try_from(number).map_err(|_| SqlError::expected(&range(), &SqlValue::Integer(number)))
            }
        }
    )*};
}

integers!(i8 i16 i32 isize u8 u16 u32 u64 usize);

impl FromSql for i64 {
    fn from_sql(value: SqlValue<'_>) -> Result<Self, SqlError> {
        match value {
            SqlValue::Integer(number) => Ok(number),
            SqlValue::Bool(yes) => Ok(Self::from(yes)),
            other => Err(SqlError::expected("a whole number", &other)),
        }
    }
}

impl FromSql for bool {
    fn from_sql(value: SqlValue<'_>) -> Result<Self, SqlError> {
        match value {
            SqlValue::Bool(yes) => Ok(yes),
            SqlValue::Integer(number @ (0 | 1)) => Ok(number == 1),
            other => Err(SqlError::expected("true or false (1 or 0)", &other)),
        }
    }
}

impl FromSql for f64 {
    fn from_sql(value: SqlValue<'_>) -> Result<Self, SqlError> {
        /// Up to this, every whole number is an `f64` too.
        const EXACT: i64 = 1 << f64::MANTISSA_DIGITS;
        match value {
            SqlValue::Real(number) => Ok(number),
            #[expect(clippy::cast_precision_loss, reason = "it is exact in this range")]
            SqlValue::Integer(number) if (-EXACT..=EXACT).contains(&number) => Ok(number as Self),
            other => Err(SqlError::expected("a number that `f64` holds exactly", &other)),
        }
    }
}

impl FromSql for f32 {
    fn from_sql(value: SqlValue<'_>) -> Result<Self, SqlError> {
        let number = f64::from_sql(value)?;
        #[expect(clippy::cast_possible_truncation, reason = "rounded to the next `f32`")]
        let rounded = number as Self;
        if rounded.is_infinite() && number.is_finite() {
            return Err(SqlError::expected("a number that `f32` holds", &SqlValue::Real(number)));
        }
        Ok(rounded)
    }
}

impl FromSql for String {
    fn from_sql(value: SqlValue<'_>) -> Result<Self, SqlError> {
        match value {
            SqlValue::Text(text) => Ok(text.into_owned()),
            other => Err(SqlError::expected("text", &other)),
        }
    }
}

impl FromSql for Vec<u8> {
    fn from_sql(value: SqlValue<'_>) -> Result<Self, SqlError> {
        match value {
            SqlValue::Bytes(bytes) => Ok(bytes.into_owned()),
            other => Err(SqlError::expected("bytes", &other)),
        }
    }
}

impl FromSql for Bytes {
    fn from_sql(value: SqlValue<'_>) -> Result<Self, SqlError> {
        Vec::from_sql(value).map(Self::from)
    }
}

impl<const N: usize> FromSql for [u8; N] {
    fn from_sql(value: SqlValue<'_>) -> Result<Self, SqlError> {
        match &value {
            SqlValue::Bytes(bytes) => bytes.as_ref().try_into().ok(),
            _ => None,
        }
        .ok_or_else(|| SqlError::expected(&format!("exactly {N} bytes"), &value))
    }
}

impl FromSql for Uuid {
    fn from_sql(value: SqlValue<'_>) -> Result<Self, SqlError> {
        match &value {
            SqlValue::Text(text) => Self::parse_str(text).ok(),
            SqlValue::Bytes(bytes) => Self::from_slice(bytes).ok(),
            _ => None,
        }
        .ok_or_else(|| SqlError::expected("a UUID, as text or as 16 bytes", &value))
    }
}

impl<T: FromSql> FromSql for Option<T> {
    fn from_sql(value: SqlValue<'_>) -> Result<Self, SqlError> {
        if matches!(value, SqlValue::Null) { Ok(None) } else { T::from_sql(value).map(Some) }
    }
}

impl FromSql for SqlValue<'static> {
    fn from_sql(value: SqlValue<'_>) -> Result<Self, SqlError> {
        Ok(value.owned())
    }
}
