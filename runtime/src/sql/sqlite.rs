//! Users' statements on a connection to SQLite.

mod guard;
mod tokens;

pub(crate) use guard::Guard;

use super::error::{SqlError, SqlErrorKind};
use super::statements::{EachRow, RowValues, Statement, Statements, TxState};
use super::value::SqlValue;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, ToSql};
use std::borrow::Cow;

/// Users' statements on a connection within a transaction.
pub(crate) struct Guarded<'a> {
    connection: &'a Connection,
    guard: &'a Guard,
    /// The failure of the file, if it failed.
    fault: Option<rusqlite::Error>,
}

impl<'a> Guarded<'a> {
    /// Creates one in a transaction that has begun.
    pub(crate) fn new(connection: &'a Connection, guard: &'a Guard) -> Self {
        Self { connection, guard, fault: None }
    }

    /// Returns the failure of the file, if it failed.
    pub(crate) fn into_fault(self) -> Option<rusqlite::Error> {
        self.fault
    }

    /// Executes a statement. Users' statements are not cached: a cached one of the engine with the same text would not
    /// be authorized again.
    fn perform(&self, statement: &Statement<'_>, rows: Option<EachRow<'_>>) -> Result<usize, Failed> {
        let mut prepared = self.connection.prepare(statement.sql)?;
        for (index, value) in bound(&prepared, statement.values)?.iter().enumerate() {
            prepared.raw_bind_parameter(index + 1, Parameter(value))?;
        }
        let Some(each) = rows else {
            // SQLite would execute it, and say so afterwards.
            return if prepared.column_count() > 0 {
                Err(rusqlite::Error::ExecuteReturnedResults.into())
            } else {
                Ok(prepared.raw_execute()?)
            };
        };
        let mut rows = prepared.raw_query();
        while let Some(row) = rows.next()? {
            if each(&Found(row)).is_break() {
                break;
            }
        }
        Ok(0)
    }

    fn error(&mut self, error: rusqlite::Error) -> SqlError {
        if let Some(why) = self.guard.refusal() {
            return SqlError::refused(why);
        }
        let code = error.sqlite_error_code();
        if code == Some(ErrorCode::OperationInterrupted) {
            return SqlError::late();
        }
        if let rusqlite::Error::SqliteFailure(code, text) = &error
            && is_of_the_file(code.code)
        {
            self.fault.get_or_insert(rusqlite::Error::SqliteFailure(*code, text.clone()));
        }
        of_sqlite(error)
    }
}

impl Statements for Guarded<'_> {
    fn run(&mut self, statement: &Statement<'_>, rows: Option<EachRow<'_>>) -> Result<usize, SqlError> {
        let _watched = self.guard.watch(statement.until);
        if let Some(why) = self.guard.look_at(statement.sql) {
            return Err(SqlError::refused(why));
        }
        self.perform(statement, rows).map_err(|failed| match failed {
            Failed::Unfit(error) => error,
            Failed::Sqlite(error) => self.error(error),
        })
    }

    fn state(&self) -> TxState {
        if self.fault.is_some() {
            TxState::Broken
        } else if self.connection.is_autocommit() {
            TxState::RolledBack
        } else {
            TxState::Open
        }
    }
}

/// Converts an error of SQLite that is no fault of the file.
pub(super) fn of_sqlite(error: rusqlite::Error) -> SqlError {
    let why = match &error {
        rusqlite::Error::MultipleStatement => {
            "there is more than one statement in this text: execute each by itself".to_owned()
        }
        rusqlite::Error::ExecuteReturnedResults => {
            "it gives rows: ask with `query`, `query_row` or `query_optional`".to_owned()
        }
        error => error.to_string(),
    };
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => SqlErrorKind::Constraint,
        _ => SqlErrorKind::Other,
    };
    SqlError::of_kind(kind, why).caused_by(error)
}

/// A statement that was not executed.
enum Failed {
    /// Its placeholders and its values do not fit each other.
    Unfit(SqlError),
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// Returns the values if they are those of the placeholders.
fn bound<'v>(prepared: &rusqlite::Statement<'_>, values: &'v [SqlValue<'v>]) -> Result<&'v [SqlValue<'v>], Failed> {
    let wanted = prepared.parameter_count();
    // SQLite has names for values too, which other databases have not.
    let name = (1..=wanted).filter_map(|index| prepared.parameter_name(index)).find(|name| !name.starts_with('?'));
    if let Some(name) = name {
        let why = format!("parameters have numbers, not names as `{name}`: write `?1`, `?2`, ..");
        return Err(Failed::Unfit(SqlError::refused(why)));
    }
    if wanted != values.len() {
        let why = format!("it has placeholders for {wanted} parameters, and {} were passed", values.len());
        return Err(Failed::Unfit(SqlError::refused(why)));
    }
    Ok(values)
}

struct Parameter<'a>(&'a SqlValue<'a>);

impl ToSql for Parameter<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            SqlValue::Null => ValueRef::Null,
            SqlValue::Bool(value) => ValueRef::Integer(i64::from(*value)),
            SqlValue::Integer(value) => ValueRef::Integer(*value),
            SqlValue::Real(value) => ValueRef::Real(*value),
            SqlValue::Text(text) => ValueRef::Text(text.as_bytes()),
            SqlValue::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

struct Found<'a, 's>(&'a rusqlite::Row<'s>);

impl RowValues for Found<'_, '_> {
    fn columns(&self) -> usize {
        self.0.as_ref().column_count()
    }

    fn name(&self, column: usize) -> &str {
        self.0.as_ref().column_name(column).unwrap_or_default()
    }

    fn value(&self, column: usize) -> Result<SqlValue<'_>, SqlError> {
        Ok(match self.0.get_ref(column).map_err(of_sqlite)? {
            ValueRef::Null => SqlValue::Null,
            ValueRef::Integer(value) => SqlValue::Integer(value),
            ValueRef::Real(value) => SqlValue::Real(value),
            ValueRef::Text(text) => SqlValue::Text(Cow::Borrowed(
                std::str::from_utf8(text).map_err(|_| SqlError::msg("expected text in UTF-8, found other bytes"))?,
            )),
            ValueRef::Blob(bytes) => SqlValue::Bytes(Cow::Borrowed(bytes)),
        })
    }
}

/// Returns whether the error is about the file or the disk, which the user's code cannot fix.
const fn is_of_the_file(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::DiskFull | ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase
    )
}
