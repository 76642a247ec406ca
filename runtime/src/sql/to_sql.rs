//! Values that can be parameters of a statement.

use super::error::SqlError;
use super::value::SqlValue;
use bytes::Bytes;
use std::borrow::Cow;
use std::fmt::Display;
use uuid::Uuid;

/// A value that can be a parameter of a statement.
///
/// Implemented for integers, `f32`, `f64`, `bool`, text, bytes, and for a [`Uuid`], which is stored as text. `None` is
/// `NULL`. A type of your own returns the value that it is stored as:
///
/// ```
/// use steadfast::sql::SqlError;
/// use steadfast::sql::types::{SqlValue, ToSql};
///
/// struct Account(i64);
///
/// impl ToSql for Account {
///     fn to_sql(&self) -> Result<SqlValue<'_>, SqlError> {
///         self.0.to_sql()
///     }
/// }
/// # let _ = Account(1).to_sql();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a statement",
    label = "not a number, `bool`, text or bytes",
    note = "an `Option` of one is `NULL` or its value; a type of your own implements `steadfast::sql::types::ToSql`"
)]
pub trait ToSql {
    /// Returns the value for the database.
    ///
    /// # Errors
    /// It cannot be stored: [`SqlError::msg`] says why.
    fn to_sql(&self) -> Result<SqlValue<'_>, SqlError>;
}

macro_rules! integers {
    ($($type:ty)*) => {$(
        impl ToSql for $type {
            fn to_sql(&self) -> Result<SqlValue<'_>, SqlError> {
                i64::try_from(*self).map(SqlValue::Integer).map_err(|_| out_of_range(self))
            }
        }
    )*};
}

integers!(i8 i16 i32 i64 isize u8 u16 u32 u64 usize);

fn out_of_range(number: impl Display) -> SqlError {
    SqlError::msg(format_args!("{number} is out of range: a database stores whole numbers up to {}", i64::MAX))
}

macro_rules! simple {
    ($($type:ty: $value:pat => $sql:expr;)*) => {$(
        impl ToSql for $type {
            fn to_sql(&self) -> Result<SqlValue<'_>, SqlError> {
                let $value = self;
                $sql
            }
        }
    )*};
}

simple! {
    bool: value => Ok(SqlValue::Bool(*value));
    f32: value => real(f64::from(*value));
    f64: value => real(*value);
    str: text => Ok(SqlValue::Text(Cow::Borrowed(text)));
    String: text => Ok(SqlValue::Text(Cow::Borrowed(text)));
    Cow<'_, str>: text => Ok(SqlValue::Text(Cow::Borrowed(text)));
    [u8]: bytes => Ok(SqlValue::Bytes(Cow::Borrowed(bytes)));
    Vec<u8>: bytes => Ok(SqlValue::Bytes(Cow::Borrowed(bytes)));
    Bytes: bytes => Ok(SqlValue::Bytes(Cow::Borrowed(bytes)));
    Uuid: id => Ok(SqlValue::Text(Cow::Owned(id.to_string())));
    SqlValue<'_>: value => Ok(value.borrowed());
}

/// SQLite would store `NULL` for a NaN, and compares it with nothing.
fn real<'a>(value: f64) -> Result<SqlValue<'a>, SqlError> {
    if value.is_nan() {
        return Err(SqlError::msg("NaN is no number that a database stores: pass `None` if there is none"));
    }
    Ok(SqlValue::Real(value))
}

impl<const N: usize> ToSql for [u8; N] {
    fn to_sql(&self) -> Result<SqlValue<'_>, SqlError> {
        self.as_slice().to_sql()
    }
}

impl<T: ToSql> ToSql for Option<T> {
    fn to_sql(&self) -> Result<SqlValue<'_>, SqlError> {
        self.as_ref().map_or(Ok(SqlValue::Null), T::to_sql)
    }
}

#[diagnostic::do_not_recommend]
impl<T: ToSql + ?Sized> ToSql for &T {
    fn to_sql(&self) -> Result<SqlValue<'_>, SqlError> {
        (**self).to_sql()
    }
}
