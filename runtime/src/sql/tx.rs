//! Transactions of users' code.

use super::error::{SqlError, SqlErrorKind};
use super::params::Params;
use super::row::Row;
use super::statements::{Statement, Statements, TxState};
use super::value::SqlValue;
use std::fmt;
use std::ops::ControlFlow;
use std::time::Instant;

/// A transaction on the engine's database: statements on your own tables, which become durable together with the
/// engine's own rows or not at all.
///
/// It is all that a transaction can use; the connection behind it is not accessible. `COMMIT`, `ROLLBACK`, savepoints,
/// `PRAGMA`, `ATTACH`, temporary tables, and every table whose name begins with `steadfast_` are refused with a
/// message. Foreign keys are checked. A statement that fails changes nothing, and those before it stay.
///
/// A unit test gets one from a [`TestDatabase`](super::TestDatabase):
///
/// ```
/// use steadfast::prelude::*;
/// use steadfast::sql::TestDatabase;
///
/// #[transaction]
/// fn book(tx: &mut Tx<'_>, seat: String) -> Result<i64> {
///     let sql = "INSERT INTO seats (name) VALUES (?1) RETURNING id";
///     Ok(tx.query_row(sql, [seat], |row| row.get("id"))?)
/// }
///
/// # fn main() -> Result<()> {
/// let mut database = TestDatabase::new();
/// database.execute("CREATE TABLE seats (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)")?;
/// assert_eq!(database.transaction(|tx| book::direct(tx, "4A".into()))?, 1);
/// assert!(database.transaction(|tx| book::direct(tx, "4A".into())).is_err());
/// # Ok(())
/// # }
/// ```
pub struct Tx<'a> {
    statements: &'a mut dyn Statements,
    /// The end of its time.
    until: Option<Instant>,
}

impl<'a> Tx<'a> {
    /// Creates one for code that has time until then.
    pub(crate) fn new(statements: &'a mut dyn Statements, until: Option<Instant>) -> Self {
        Self { statements, until }
    }

    /// Creates a second handle, for as long as this one is borrowed.
    pub(crate) fn part(&mut self) -> Tx<'_> {
        Tx { statements: &mut *self.statements, until: self.until }
    }

    /// Executes a statement that returns no rows, and returns the number of rows that it changed.
    ///
    /// # Errors
    /// The database, or the engine, refuses the statement: names it, and the reason.
    pub fn execute<P: Params>(&mut self, sql: &str, params: P) -> Result<usize, SqlError> {
        self.changed(sql, params.to_values())
    }

    /// Returns the first row of a query. Also for `INSERT .. RETURNING ..`.
    ///
    /// # Errors
    /// There is no row ([`SqlError::is_no_row`]), or the statement is refused.
    pub fn query_row<T, P, F>(&mut self, sql: &str, params: P, read: F) -> Result<T, SqlError>
    where
        P: Params,
        F: FnOnce(&Row<'_>) -> Result<T, SqlError>,
    {
        self.query_optional(sql, params, read)?.ok_or_else(|| no_row(sql))
    }

    /// Returns the first row of a query, if there is one.
    ///
    /// # Errors
    /// The statement is refused, or its row cannot be read.
    pub fn query_optional<T, P, F>(&mut self, sql: &str, params: P, read: F) -> Result<Option<T>, SqlError>
    where
        P: Params,
        F: FnOnce(&Row<'_>) -> Result<T, SqlError>,
    {
        let (mut read, mut found) = (Some(read), None);
        self.rows(sql, params.to_values(), &mut |row| {
            if let Some(read) = read.take() {
                found = Some(read(row)?);
            }
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }

    /// Returns all rows of a query, each converted by `read`.
    ///
    /// # Errors
    /// The statement is refused, or a row cannot be read.
    pub fn query<T, P, F>(&mut self, sql: &str, params: P, mut read: F) -> Result<Vec<T>, SqlError>
    where
        P: Params,
        F: FnMut(&Row<'_>) -> Result<T, SqlError>,
    {
        let mut found = Vec::new();
        self.rows(sql, params.to_values(), &mut |row| {
            found.push(read(row)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }

    fn changed(&mut self, sql: &str, values: Result<Vec<SqlValue<'_>>, SqlError>) -> Result<usize, SqlError> {
        let run = self
            .still_open()
            .and(values)
            .and_then(|values| self.statements.run(&Statement { sql, values: &values, until: self.until }, None));
        run.map_err(|error| error.of_statement(sql))
    }

    fn rows(
        &mut self,
        sql: &str,
        values: Result<Vec<SqlValue<'_>>, SqlError>,
        each: &mut dyn FnMut(&Row<'_>) -> Result<ControlFlow<()>, SqlError>,
    ) -> Result<(), SqlError> {
        let mut unread = None;
        let run = self.still_open().and(values).and_then(|values| {
            let statement = Statement { sql, values: &values, until: self.until };
            self.statements.run(
                &statement,
                Some(&mut |row| {
                    each(&Row(row)).unwrap_or_else(|error| {
                        unread = Some(error);
                        ControlFlow::Break(())
                    })
                }),
            )
        });
        match (run, unread) {
            (Err(error), _) | (Ok(_), Some(error)) => Err(error.of_statement(sql)),
            (Ok(_), None) => Ok(()),
        }
    }

    fn still_open(&self) -> Result<(), SqlError> {
        if self.until.is_some_and(|until| Instant::now() >= until) { Err(SqlError::late()) } else { self.usable() }
    }

    /// Fails if the database has given the transaction up.
    pub(crate) fn usable(&self) -> Result<(), SqlError> {
        match self.statements.state() {
            TxState::Open => Ok(()),
            TxState::RolledBack => Err(SqlError::refused(
                "the database has rolled this transaction back, so nothing more can be done in it: return an error",
            )),
            TxState::Broken => Err(SqlError::refused("the database has failed, so nothing more can be done in it")),
        }
    }
}

impl fmt::Debug for Tx<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx").finish_non_exhaustive()
    }
}

fn no_row(sql: &str) -> SqlError {
    let why = "it found no row: ask with `query_optional` if there may be none";
    SqlError::of_kind(SqlErrorKind::NoRow, why).of_statement(sql)
}
