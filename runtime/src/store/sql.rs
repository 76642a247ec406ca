//! The one SQL core: every query, the writes of a batch that use them, and the meaning of their rows.
//!
//! A driver supplies the connection ([`Session`]), the names of types, the frame of a transaction and the classes of
//! its errors.

mod acts;
mod batch;
mod belongings;
mod columns;
mod delegated;
mod find;
mod indexed;
mod packed;
pub(super) mod queries;
mod read;
mod rows;
#[cfg(feature = "sqlite")]
mod run_rows;
mod schedules;
#[cfg(feature = "sqlite")]
mod schema;
mod select;
mod tables;
#[cfg(all(test, feature = "sqlite"))]
mod texts;
mod traces;
mod user_code;
mod waiting;

pub(super) use batch::commit;
pub(super) use delegated::reads;
#[cfg(feature = "postgres")]
pub(super) use packed::{pack, rows as packed_rows};
pub(super) use queries::SET_META;
#[cfg(feature = "postgres")]
pub(super) use queries::tasks::REPORT_TASK;
pub(super) use read::Reader;
#[cfg(feature = "postgres")]
pub(super) use rows::drawn_text;
#[cfg(feature = "postgres")]
pub(super) use schedules::REMOVE_SCHEDULE;
#[cfg(feature = "sqlite")]
pub(super) use schema::{MIGRATIONS, Types, VERSION};
#[cfg(feature = "postgres")]
pub(super) use tables::Pending;
pub(super) use tables::Tables;
#[cfg(all(test, feature = "sqlite"))]
pub(super) use texts::texts;

use super::StoreError;
use super::user_code::{UserCode, Within};
use crate::record::AttemptOutcome;
use std::ops::ControlFlow;

/// The table that marks a database as Steadfast's.
pub(super) const META_TABLE: &str = "steadfast_meta";

/// One value of a row or of a query, in the terms of a database.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    /// No value.
    Null,
    /// An integer.
    Int(i64),
    /// Text, in UTF-8 if the database is sound.
    Text(&'a [u8]),
    /// The text of a JSON value, in UTF-8 if the database is sound.
    Json(&'a [u8]),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A value of another type, by that type's name.
    Other(&'static str),
}

/// A row found by a query.
pub(super) trait Row {
    /// Returns the value of a column, counted from 0.
    fn cell(&self, column: usize) -> Cell<'_>;
}

/// The callback for each row, which may stop the query.
pub(super) type EachRow<'a> = &'a mut dyn FnMut(&dyn Row) -> ControlFlow<()>;

/// A connection, as the core uses it. Queries name their values `?1`, `?2`, ..
pub(super) trait Session {
    /// Whether rows are read as they are asked for. If not, a query reads all of its rows.
    const STREAMS: bool;

    /// The end of a query of rows that are to change, where others may change some of them at the same time: it passes over
    /// those.
    const SKIP_LOCKED: &'static str;

    /// Runs a query that returns no rows, and returns the number of rows that it changed.
    fn execute(&self, query: &str, values: &[Cell<'_>]) -> Result<usize, StoreError>;

    /// Runs a query and passes its rows to `each`, to the last or until `each` stops it.
    fn select(&self, query: &str, values: &[Cell<'_>], each: EachRow<'_>) -> Result<(), StoreError>;

    /// Begins a transaction that excludes other writers.
    fn begin(&self) -> Result<(), StoreError>;

    /// Begins a transaction that only reads: until it is rolled back, all queries see the same rows.
    fn begin_read(&self) -> Result<(), StoreError>;

    /// Commits the transaction; all of it is kept, or this is an error.
    fn commit(&self) -> Result<(), StoreError>;

    /// Rolls back the transaction, if one is open.
    fn rollback(&self) -> Result<(), StoreError>;

    /// Runs a user's code with its SQL within the transaction, and returns its outcome; `None` if this driver cannot.
    fn user_code(&self, _: &UserCode, _: &mut dyn Within) -> Result<Option<AttemptOutcome>, StoreError> {
        Ok(None)
    }
}
