//! The writing connection, which lets users' code execute SQL within a transaction.

use super::fault::fault;
use super::session::Sqlite;
use crate::record::AttemptOutcome;
use crate::sql::sqlite::{Guard, Guarded};
use crate::store::{
    StoreError,
    sql::{Cell, EachRow, Session},
    user_code::{UserCode, Within},
};

/// A connection with the guard that watches it.
pub(super) struct Writing<'a> {
    pub(super) sqlite: Sqlite<'a>,
    pub(super) guard: &'a Guard,
}

impl Session for Writing<'_> {
    const STREAMS: bool = true;
    const SKIP_LOCKED: &'static str = "";

    fn execute(&self, query: &str, values: &[Cell<'_>]) -> Result<usize, StoreError> {
        self.sqlite.execute(query, values)
    }

    fn select(&self, query: &str, values: &[Cell<'_>], each: EachRow<'_>) -> Result<(), StoreError> {
        self.sqlite.select(query, values, each)
    }

    fn begin(&self) -> Result<(), StoreError> {
        self.sqlite.begin()
    }

    fn begin_read(&self) -> Result<(), StoreError> {
        self.sqlite.begin_read()
    }

    fn commit(&self) -> Result<(), StoreError> {
        self.sqlite.commit()
    }

    fn rollback(&self) -> Result<(), StoreError> {
        self.sqlite.rollback()
    }

    fn user_code(&self, code: &UserCode, within: &mut dyn Within) -> Result<Option<AttemptOutcome>, StoreError> {
        let mut statements = Guarded::new(self.sqlite.connection, self.guard);
        let outcome = code.run(&mut statements, within);
        match statements.into_fault() {
            Some(error) => Err(fault(self.sqlite.database, error)),
            None => outcome.map(Some),
        }
    }
}
