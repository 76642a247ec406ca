//! The parameters of a statement.

use super::error::SqlError;
use super::to_sql::ToSql;
use super::value::SqlValue;

/// The parameters of a statement: `()`, an array, a tuple, a slice or a `Vec` of values that are [`ToSql`], or
/// `params![..]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of parameters",
    label = "pass an array, a tuple or `params![..]`",
    note = "one parameter is `[value]`, several of one type `[a, b]`, of several types `(a, b)` or `params![a, b]`, none `()`",
    note = "each value is a number, `bool`, text, bytes, an `Option` of one, or implements `steadfast::sql::types::ToSql`"
)]
pub trait Params {
    /// Returns the values, in order.
    ///
    /// # Errors
    /// One of them cannot be stored: names it, and the reason.
    fn to_values(&self) -> Result<Vec<SqlValue<'_>>, SqlError>;
}

/// Makes parameters of any types and any number: `params![name, 5, None::<String>]`.
#[doc(hidden)]
#[macro_export]
macro_rules! __sql_params {
    () => {
        &[] as &[&dyn $crate::sql::types::ToSql]
    };
    ($($value:expr),+ $(,)?) => {
        &[$(&$value as &dyn $crate::sql::types::ToSql),+] as &[&dyn $crate::sql::types::ToSql]
    };
}

fn values<'p>(count: usize, values: &mut dyn Iterator<Item = &'p dyn ToSql>) -> Result<Vec<SqlValue<'p>>, SqlError> {
    let mut found = Vec::with_capacity(count);
    for (index, value) in values.enumerate() {
        found.push(value.to_sql().map_err(|error| error.about(format_args!("parameter ?{}", index + 1)))?);
    }
    Ok(found)
}

impl Params for () {
    fn to_values(&self) -> Result<Vec<SqlValue<'_>>, SqlError> {
        Ok(Vec::new())
    }
}

impl<T: ToSql> Params for [T] {
    fn to_values(&self) -> Result<Vec<SqlValue<'_>>, SqlError> {
        values(self.len(), &mut self.iter().map(|value| value as &dyn ToSql))
    }
}

impl<T: ToSql> Params for Vec<T> {
    fn to_values(&self) -> Result<Vec<SqlValue<'_>>, SqlError> {
        values(self.len(), &mut self.iter().map(|value| value as &dyn ToSql))
    }
}

#[diagnostic::do_not_recommend]
impl<P: Params + ?Sized> Params for &P {
    fn to_values(&self) -> Result<Vec<SqlValue<'_>>, SqlError> {
        (**self).to_values()
    }
}

/// An implementation for each length, so that the type of `[]` is known.
macro_rules! arrays {
    ($($length:literal)*) => {$(
        impl<T: ToSql> Params for [T; $length] {
            fn to_values(&self) -> Result<Vec<SqlValue<'_>>, SqlError> {
                values(self.len(), &mut self.iter().map(|value| value as &dyn ToSql))
            }
        }
    )*};
}

arrays!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16);

impl Params for [&dyn ToSql; 0] {
    fn to_values(&self) -> Result<Vec<SqlValue<'_>>, SqlError> {
        Ok(Vec::new())
    }
}

macro_rules! tuples {
    ($($name:ident)*) => {
        impl<$($name: ToSql),*> Params for ($($name,)*) {
            fn to_values(&self) -> Result<Vec<SqlValue<'_>>, SqlError> {
                #[allow(non_snake_case, reason = "the names of the types")]
                let ($($name,)*) = self;
                let all = [$($name as &dyn ToSql),*];
                values(all.len(), &mut all.into_iter())
            }
        }
    };
}

tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);
tuples!(A B C D E F G H I);
tuples!(A B C D E F G H I J);
tuples!(A B C D E F G H I J K);
tuples!(A B C D E F G H I J K L);
