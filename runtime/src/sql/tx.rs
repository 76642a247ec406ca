//! Transactions of users' code.

use super::error::SqlError;
use super::guard::Guard;
use rusqlite::{Connection, ErrorCode, Params, Row, Statement};
use std::fmt;
use std::time::{Duration, Instant};

/// A transaction on the engine's file: statements on your own tables, which become durable together with the engine's
/// own rows or not at all.
///
/// It is all that a transaction can use; the connection behind it is not accessible. `COMMIT`, `ROLLBACK`, savepoints,
/// `PRAGMA`, `ATTACH`, temporary tables, and every table whose name begins with `steadfast_` are refused with a
/// message. Foreign keys are checked.
///
/// A unit test creates one on its own connection:
///
/// ```
/// use steadfast::prelude::*;
/// use steadfast::sql::{params, rusqlite::Connection};
///
/// #[transaction]
/// fn book(tx: &mut Tx<'_>, seat: String) -> Result<i64> {
///     tx.execute("INSERT INTO seats (name) VALUES (?1)", params![seat])?;
///     Ok(tx.last_insert_rowid())
/// }
///
/// # fn main() -> Result<()> {
/// let mut connection = Connection::open_in_memory()?;
/// connection.execute_batch("CREATE TABLE seats (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)")?;
/// let mut tx = Tx::for_tests(&mut connection);
/// assert_eq!(book::direct(&mut tx, "4A".into())?, 1);
/// assert!(book::direct(&mut tx, "4A".into()).is_err());
/// # Ok(())
/// # }
/// ```
pub struct Tx<'a> {
    connection: &'a Connection,
    guard: Guard,
    /// Whether it is inside a transaction of the engine.
    inside: bool,
    /// Whether it is a part of another one, and does not end the transaction when dropped.
    part: bool,
}

/// The end of a user's code in its transaction.
#[derive(Debug)]
pub(crate) struct End {
    /// Whether its time was up.
    pub(crate) late: bool,
    /// Whether SQLite has rolled back the whole transaction.
    pub(crate) lost: bool,
    /// The failure of the file, if it failed.
    pub(crate) fault: Option<rusqlite::Error>,
}

impl<'a> Tx<'a> {
    /// Creates one on a connection of a unit test, with the same refusals. Each statement commits by itself, unless the
    /// test has begun a transaction.
    ///
    /// # Panics
    /// SQLite cannot watch the connection.
    pub fn for_tests(connection: &'a mut Connection) -> Self {
        let guard = Guard::install(connection).expect("a connection can be watched");
        guard.begin(None);
        Self { connection, guard, inside: false, part: false }
    }

    /// Creates one inside a transaction that has begun.
    pub(crate) fn inside(connection: &'a Connection, guard: &Guard, within: Duration) -> Self {
        guard.begin(Instant::now().checked_add(within));
        Self { connection, guard: guard.clone(), inside: true, part: false }
    }

    /// Creates a second handle, for as long as this one is borrowed.
    pub(crate) fn part(&mut self) -> Tx<'_> {
        Tx { connection: self.connection, guard: self.guard.clone(), inside: self.inside, part: true }
    }

    /// Returns how the code left the transaction.
    pub(crate) fn end(self) -> End {
        End { late: self.guard.is_late(), lost: self.connection.is_autocommit(), fault: self.guard.fault() }
    }

    /// Makes statements the engine's own, until the guard is dropped.
    pub(crate) fn pause(&self) -> impl Drop + use<> {
        struct Resume(Guard, bool);
        impl Drop for Resume {
            fn drop(&mut self) {
                self.0.turn(self.1);
            }
        }
        Resume(self.guard.clone(), self.guard.turn(false))
    }

    /// Runs a statement that returns no rows, and returns the number of rows that it changed.
    ///
    /// # Errors
    /// SQLite, or the engine, refuses the statement: names it, and the reason.
    pub fn execute<P: Params>(&mut self, sql: &str, params: P) -> Result<usize, SqlError> {
        self.run(sql, |statement| statement.execute(params))
    }

    /// Returns the first row of a query. Also for `INSERT .. RETURNING ..`.
    ///
    /// # Errors
    /// There is no row ([`SqlError::is_no_row`]), or the statement is refused.
    pub fn query_row<T, P, F>(&mut self, sql: &str, params: P, read: F) -> Result<T, SqlError>
    where
        P: Params,
        F: FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    {
        self.run(sql, |statement| statement.query_row(params, read))
    }

    /// Returns the first row of a query, if there is one.
    ///
    /// # Errors
    /// The statement is refused, or its row cannot be read.
    pub fn query_optional<T, P, F>(&mut self, sql: &str, params: P, read: F) -> Result<Option<T>, SqlError>
    where
        P: Params,
        F: FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    {
        self.run(sql, |statement| {
            let mut rows = statement.query(params)?;
            rows.next()?.map(read).transpose()
        })
    }

    /// Returns all rows of a query, each converted by `read`.
    ///
    /// # Errors
    /// The statement is refused, or a row cannot be read.
    pub fn query<T, P, F>(&mut self, sql: &str, params: P, read: F) -> Result<Vec<T>, SqlError>
    where
        P: Params,
        F: FnMut(&Row<'_>) -> rusqlite::Result<T>,
    {
        self.run(sql, |statement| statement.query_map(params, read)?.collect())
    }

    /// Returns the key of the last inserted row.
    #[must_use]
    pub fn last_insert_rowid(&self) -> i64 {
        self.connection.last_insert_rowid()
    }

    /// Runs a statement. Users' statements are not cached: a cached one of the engine with the same text would not be
    /// authorized again.
    fn run<T>(
        &mut self,
        sql: &str,
        body: impl FnOnce(&mut Statement<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, SqlError> {
        self.still_open(sql)?;
        if let Some(why) = self.guard.look_at(sql) {
            return Err(SqlError::refused(sql, why));
        }
        let done = self.connection.prepare(sql).and_then(|mut statement| body(&mut statement));
        done.map_err(|error| {
            if let Some(why) = self.guard.refusal() {
                return SqlError::refused(sql, &why);
            }
            if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) {
                return late(sql);
            }
            if let rusqlite::Error::SqliteFailure(code, text) = &error
                && is_of_the_file(code.code)
            {
                self.guard.fail(rusqlite::Error::SqliteFailure(*code, text.clone()));
            }
            SqlError::failed(sql, error)
        })
    }

    fn still_open(&self, sql: &str) -> Result<(), SqlError> {
        if self.guard.is_late() {
            return Err(late(sql));
        }
        if self.inside && self.connection.is_autocommit() {
            let why = "SQLite has rolled this transaction back, so nothing more can be done in it: return an error";
            return Err(SqlError::refused(sql, why));
        }
        Ok(())
    }
}

impl Drop for Tx<'_> {
    fn drop(&mut self) {
        if !self.part {
            self.guard.turn(false);
        }
    }
}

impl fmt::Debug for Tx<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx").finish_non_exhaustive()
    }
}

fn late(sql: &str) -> SqlError {
    SqlError::refused(sql, "the time limit of the transaction is reached")
}

/// Returns whether the error is about the file or the disk, which the user's code cannot fix.
const fn is_of_the_file(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::DiskFull | ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase
    )
}
