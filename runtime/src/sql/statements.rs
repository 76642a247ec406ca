//! The seam between a transaction of users' code and a database: one statement at a time.

use super::error::SqlError;
use super::value::SqlValue;
use std::ops::ControlFlow;
use std::time::Instant;

/// One statement with its values.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'a> {
    /// The user's text. Its values are `?1`, `?2`, .. or `?`.
    pub sql: &'a str,
    /// The values, in order.
    pub values: &'a [SqlValue<'a>],
    /// When the time of the user's code is up: a statement that runs then is interrupted, and an error.
    pub until: Option<Instant>,
}

/// The callback for each row of a query, which may ask for no more.
pub(crate) type EachRow<'a> = &'a mut dyn FnMut(&dyn RowValues) -> ControlFlow<()>;

/// A row, as a database has it.
pub trait RowValues {
    /// Returns the number of columns.
    fn columns(&self) -> usize;

    /// Returns the name of a column, counted from 0 and below [`columns`](Self::columns).
    fn name(&self, column: usize) -> &str;

    /// Returns the value of a column.
    ///
    /// # Errors
    /// It has a type that [`SqlValue`] has not.
    fn value(&self, column: usize) -> Result<SqlValue<'_>, SqlError>;
}

/// A database within a transaction of the engine, as users' code executes statements in it.
pub trait Statements {
    /// Executes one statement, of a user and so with all refusals: of statements that begin or end a transaction, of the
    /// engine's tables, of more than one statement in the text.
    ///
    /// With `rows`, it is a query: each row is passed on until `rows` asks for no more, and the whole statement has its
    /// effect (`INSERT .. RETURNING ..`). Without, it returns the number of rows that it changed, and a statement that
    /// gives rows is an error. A statement that fails leaves the transaction as it was before it, unless
    /// [`state`](Self::state) says otherwise.
    ///
    /// # Errors
    /// The reason, without the text of the statement, which is named before it.
    fn run(&mut self, statement: &Statement<'_>, rows: Option<EachRow<'_>>) -> Result<usize, SqlError>;

    /// Returns how the statements so far have left the transaction.
    fn state(&self) -> TxState {
        TxState::Open
    }
}

/// The state of a transaction while users' code runs in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TxState {
    /// Statements can be executed.
    Open,
    /// The database has rolled back the whole transaction, by a fault of the code, which is not run again.
    RolledBack,
    /// The transaction failed by no fault of the code (disk, connection, serialization): its outcome does not count.
    Broken,
}
