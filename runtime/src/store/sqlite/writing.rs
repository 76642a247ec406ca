//! The writing connection, which lets users' code execute SQL within a transaction.

use super::fault::fault;
use super::session::Sqlite;
use crate::record::AttemptOutcome;
use crate::sql::sqlite::{Guard, Guarded};
use crate::store::{
    StoreError, StoreErrorKind,
    sql::{Cell, EachRow, Session},
    user_code::{UserCode, Within},
};
use std::time::{Duration, Instant};

/// A connection with the guard that watches it.
pub(super) struct Writing<'a> {
    pub(super) sqlite: Sqlite<'a>,
    pub(super) guard: &'a Guard,
    /// The time for which it waits for other processes.
    pub(super) patience: Duration,
}

/// How often a transaction that cannot begin is tried again after the shorter of two waits, and both waits. SQLite itself
/// waits up to 100 ms between two tries, by which time another process has committed, and holds the file again.
const SOON: u32 = 50;
const WAITS: [Duration; 2] = [Duration::from_micros(100), Duration::from_millis(1)];

impl Writing<'_> {
    fn set_patience(&self, patience: Duration) -> Result<(), StoreError> {
        let Sqlite { connection, database } = self.sqlite;
        connection.busy_timeout(patience).map_err(|error| fault(database, error))
    }

    /// Begins as soon as no other process writes.
    fn begin_in_time(&self) -> Result<(), StoreError> {
        let (begun, mut tries) = (Instant::now(), 0_u32);
        loop {
            match self.sqlite.begin() {
                Err(error) if error.kind == StoreErrorKind::Busy && begun.elapsed() < self.patience => {
                    std::thread::sleep(WAITS[usize::from(tries >= SOON)]);
                    tries += 1;
                }
                done => return done,
            }
        }
    }
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
        self.set_patience(Duration::ZERO)?;
        let begun = self.begin_in_time();
        self.set_patience(self.patience)?;
        begun
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
