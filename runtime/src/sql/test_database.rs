//! A database for unit tests of transactions.

use super::error::SqlError;
use super::sqlite::{Guard, Guarded, of_sqlite};
use super::tx::Tx;
use rusqlite::Connection;
use std::path::Path;
use std::time::Duration;

/// The time for which it waits for another connection to its file.
const PATIENCE: Duration = Duration::from_secs(10);

/// A database for unit tests of functions with [`#[transaction]`](macro@crate::transaction): no engine, but the same
/// statements, refusals and errors. It is an SQLite database with your tables only.
///
/// ```
/// use steadfast::prelude::*;
/// use steadfast::sql::TestDatabase;
///
/// #[transaction]
/// fn withdraw(tx: &mut Tx<'_>, account: String, cents: i64) -> Result<i64> {
///     let sql = "UPDATE accounts SET cents = cents - ?2 WHERE name = ?1 RETURNING cents";
///     Ok(tx.query_row(sql, (account, cents), |row| row.get(0))?)
/// }
///
/// # fn main() -> Result<()> {
/// let mut database = TestDatabase::new();
/// database.execute(
///     "CREATE TABLE accounts (name TEXT PRIMARY KEY, cents INTEGER NOT NULL CHECK (cents >= 0));
///      INSERT INTO accounts VALUES ('savings', 500)",
/// )?;
/// assert_eq!(database.transaction(|tx| withdraw::direct(tx, "savings".into(), 200))?, 300);
/// let error = database.transaction(|tx| withdraw::direct(tx, "savings".into(), 301)).unwrap_err();
/// assert!(error.to_string().contains("CHECK constraint failed"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TestDatabase {
    connection: Connection,
    guard: Guard,
}

impl TestDatabase {
    /// Creates an empty one in memory.
    ///
    /// # Panics
    /// SQLite has no memory for it.
    #[must_use]
    pub fn new() -> Self {
        Connection::open_in_memory().and_then(Self::on).expect("a database in memory can be opened")
    }

    /// Opens a file, or creates it.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn at(path: impl AsRef<Path>) -> Result<Self, SqlError> {
        let path = path.as_ref();
        Connection::open(path).and_then(Self::on).map_err(|error| of_sqlite(error).about(path.display()))
    }

    fn on(mut connection: Connection) -> rusqlite::Result<Self> {
        connection.busy_timeout(PATIENCE)?;
        let guard = Guard::install(&mut connection)?;
        Ok(Self { connection, guard })
    }

    /// Executes statements, separated by `;`, each committed by itself: those that create your tables.
    ///
    /// # Errors
    /// One of them is refused, as in a transaction.
    pub fn execute(&mut self, statements: &str) -> Result<(), SqlError> {
        let _watched = self.guard.watch(None);
        let refused = self.guard.look_at(statements).map(SqlError::refused);
        let done = refused.map_or_else(
            || {
                let done = self.connection.execute_batch(statements);
                done.map_err(|error| self.guard.refusal().map_or_else(|| of_sqlite(error), SqlError::refused))
            },
            Err,
        );
        done.map_err(|error| error.of_statement(statements))
    }

    /// Runs code in a transaction, which is committed if it returns a value, and rolled back if it returns an error or
    /// panics. The time is not limited.
    ///
    /// # Errors
    /// The error of the code, or of the commit: a deferred foreign key.
    pub fn transaction<T, E>(&mut self, code: impl FnOnce(&mut Tx<'_>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<SqlError>,
    {
        let sqlite = |what: &str, error| E::from(of_sqlite(error).of_statement(what));
        let transaction = self.connection.transaction().map_err(|error| sqlite("BEGIN", error))?;
        let mut statements = Guarded::new(&transaction, &self.guard);
        let mut tx = Tx::new(&mut statements, None);
        let value = code(&mut tx)?;
        tx.usable().map_err(|error| E::from(error.of_statement("COMMIT")))?;
        transaction.commit().map_err(|error| sqlite("COMMIT", error))?;
        Ok(value)
    }
}

impl Default for TestDatabase {
    fn default() -> Self {
        Self::new()
    }
}
