//! Rows of queries.

use super::error::SqlError;
use super::from_sql::FromSql;
use super::statements::RowValues;
use std::fmt;

/// A row that a query found, in the closure that reads it.
pub struct Row<'a>(pub(super) &'a dyn RowValues);

impl Row<'_> {
    /// Reads a column: by its number, counted from 0, or by its name, in upper or lower case.
    ///
    /// # Errors
    /// There is no such column, or its value is not of this type: names the column, what was expected and what was found.
    pub fn get<T: FromSql>(&self, column: impl Column) -> Result<T, SqlError> {
        let number = column.number(self)?;
        self.0.value(number).and_then(T::from_sql).map_err(|error| self.about(number, error))
    }

    fn about(&self, column: usize, error: SqlError) -> SqlError {
        error.about(format_args!("column {column} (`{}`)", self.0.name(column)))
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        (0..self.0.columns()).map(|column| self.0.name(column))
    }

    fn missing(&self, column: impl fmt::Display) -> SqlError {
        let names: Vec<_> = self.names().map(|name| format!("`{name}`")).collect();
        SqlError::msg(format_args!("there is no column {column}; from 0 on there are {}", names.join(", ")))
    }
}

impl fmt::Debug for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

/// The number of a column of a [`Row`], as `usize`, or its name, as `&str`.
#[diagnostic::on_unimplemented(
    message = "a column is named by its number or its name, not by `{Self}`",
    label = "neither a `usize` nor a `&str`"
)]
pub trait Column: Sized {
    /// Returns the number of the column.
    ///
    /// # Errors
    /// There is no such column.
    fn number(self, row: &Row<'_>) -> Result<usize, SqlError>;
}

impl Column for usize {
    fn number(self, row: &Row<'_>) -> Result<usize, SqlError> {
        if self < row.0.columns() { Ok(self) } else { Err(row.missing(self)) }
    }
}

impl Column for &str {
    fn number(self, row: &Row<'_>) -> Result<usize, SqlError> {
        let number = row.names().position(|name| name.eq_ignore_ascii_case(self));
        number.ok_or_else(|| row.missing(format_args!("`{self}`")))
    }
}
