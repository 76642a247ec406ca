//! The writing connection, which lets users' code execute SQL within a transaction.

use super::fault::fault;
use super::session::Sqlite;
use crate::sql::{End, Guard, Tx};
use crate::store::{
    StoreError,
    sql::{Cell, EachRow, Session},
};
use std::time::Duration;

/// A connection with the guard that watches it.
pub(super) struct Writing<'a> {
    pub(super) sqlite: Sqlite<'a>,
    pub(super) guard: &'a Guard,
}

impl Session for Writing<'_> {
    const STREAMS: bool = true;

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

    fn user_code(&self, within: Duration, code: &mut dyn FnMut(&mut Tx<'_>)) -> Result<Option<End>, StoreError> {
        let mut tx = Tx::inside(self.sqlite.connection, self.guard, within);
        code(&mut tx);
        let mut end = tx.end();
        match end.fault.take() {
            Some(error) => Err(fault(self.sqlite.database, error)),
            None => Ok(Some(end)),
        }
    }
}
