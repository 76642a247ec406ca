//! A connection to a file, for the SQL core.

use super::fault::fault;
use crate::store::{
    StoreError, StoreErrorKind,
    sql::{Cell, EachRow, Row, Session},
};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ToSql};
use std::ops::ControlFlow;

/// The number of free pages that a file may keep for its next rows, and that are released at a time.
const FREE_PAGES: i64 = 1_024;

/// A connection with the name of its file.
pub(super) struct Sqlite<'a> {
    pub(super) connection: &'a Connection,
    pub(super) database: &'a str,
}

impl Sqlite<'_> {
    fn or_fault<T>(&self, result: rusqlite::Result<T>) -> Result<T, StoreError> {
        result.map_err(|error| fault(self.database, error))
    }

    fn bound(&self, query: &str, values: &[Cell<'_>]) -> Result<CachedStatement<'_>, StoreError> {
        let mut statement = self.or_fault(self.connection.prepare_cached(query))?;
        for (n, value) in values.iter().enumerate() {
            self.or_fault(statement.raw_bind_parameter(n + 1, value))?;
        }
        Ok(statement)
    }

    /// Returns the integer value of a pragma.
    pub(super) fn pragma(&self, name: &str) -> Result<i64, StoreError> {
        let mut statement = self.bound(&format!("PRAGMA {name}"), &[])?;
        self.or_fault(statement.query_row([], |row| row.get(0)))
    }

    /// Sets a pragma, ignoring its result.
    pub(super) fn set(&self, name: &str, value: &str) -> Result<(), StoreError> {
        self.select(&format!("PRAGMA {name} = {value}"), &[], &mut |_| ControlFlow::Continue(()))
    }

    /// Returns whether the file could only be opened for reading.
    pub(super) fn read_only(&self) -> Result<bool, StoreError> {
        self.or_fault(self.connection.is_readonly("main"))
    }

    /// Shrinks the file by some pages after deletions, if it has many to spare.
    pub(super) fn give_back_free_pages(&self) {
        if self.pragma("freelist_count").is_ok_and(|free| free > FREE_PAGES) {
            // Returns one row per page. If it fails, the pages stay free for the next rows.
            let _ = self
                .select(&format!("PRAGMA incremental_vacuum({FREE_PAGES})"), &[], &mut |_| ControlFlow::Continue(()));
        }
    }
}

impl Session for Sqlite<'_> {
    const STREAMS: bool = true;
    const SKIP_LOCKED: &'static str = "";

    fn execute(&self, query: &str, values: &[Cell<'_>]) -> Result<usize, StoreError> {
        let mut statement = self.bound(query, values)?;
        self.or_fault(statement.raw_execute())
    }

    fn select(&self, query: &str, values: &[Cell<'_>], each: EachRow<'_>) -> Result<(), StoreError> {
        let mut statement = self.bound(query, values)?;
        let mut rows = statement.raw_query();
        while let Some(row) = self.or_fault(rows.next())? {
            if each(&Found(row)).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn begin(&self) -> Result<(), StoreError> {
        self.rollback()?;
        self.execute("BEGIN IMMEDIATE", &[]).map(drop)
    }

    fn begin_read(&self) -> Result<(), StoreError> {
        self.rollback()?;
        self.execute("BEGIN", &[]).map(drop)
    }

    fn commit(&self) -> Result<(), StoreError> {
        if self.connection.is_autocommit() {
            return Err(StoreError::new(
                StoreErrorKind::Io,
                format!("{}: SQLite gave up the transaction", self.database),
            ));
        }
        self.execute("COMMIT", &[]).map(drop)
    }

    fn rollback(&self) -> Result<(), StoreError> {
        if self.connection.is_autocommit() { Ok(()) } else { self.execute("ROLLBACK", &[]).map(drop) }
    }
}

struct Found<'a, 's>(&'a rusqlite::Row<'s>);

impl Row for Found<'_, '_> {
    fn cell(&self, column: usize) -> Cell<'_> {
        match self.0.get_ref(column) {
            Ok(ValueRef::Null) => Cell::Null,
            Ok(ValueRef::Integer(value)) => Cell::Int(value),
            Ok(ValueRef::Text(text)) => Cell::Text(text),
            Ok(ValueRef::Blob(bytes)) => Cell::Bytes(bytes),
            Ok(ValueRef::Real(_)) => Cell::Other("floating point number"),
            Err(_) => Cell::Other("column that is missing"),
        }
    }
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Int(value) => ValueRef::Integer(value),
            Self::Text(text) | Self::Json(text) => ValueRef::Text(text),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
            Self::Null | Self::Other(_) => ValueRef::Null,
        }))
    }
}
