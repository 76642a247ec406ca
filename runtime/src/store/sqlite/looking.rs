//! A store on a file that is only read: for an inspection, beside engines or without one.

use super::copy::{at_rest, log_of, stamp};
use super::fault::fault;
use super::file::{looked_at, not_ours};
use super::open::{self, DATABASE};
use super::run_file::APPLICATION;
use super::session::Sqlite;
use super::{STATEMENTS, measures};
use crate::store::sql::{META_TABLE, Reader, VERSION, reads};
use crate::store::{
    Belongings, EntryRow, FieldRow, InboxRow, LeaseRow, Measures, NextSchedule, OutputRow, QueueKeyRow, QueueRow,
    QueueState, Rejected, RequestKey, RequestRow, RunKey, RunPage, RunQuery, RunRow, ScheduleRow, Store, StoreError,
    StoreErrorKind, TaskKey, TaskRow, TraceKey, TracedRow, WaitingRuns, Write, Written,
};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The time that a read waits for a process that holds the file for itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often a read is tried on a file that engines open and close meanwhile.
const TRIES: usize = 4;

/// A [`Store`] on a file of SQLite that never writes: neither the file nor its log, and it makes no log.
///
/// Each read has a connection of its own, so that an engine that ends can still remove its log.
#[derive(Clone, Debug)]
pub(crate) struct LookingStore {
    path: PathBuf,
    name: String,
    database_id: String,
}

impl LookingStore {
    /// Opens a file that exists.
    ///
    /// # Errors
    /// There is no file, it is not a Steadfast database of this version, or it cannot be read.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let name = path.display().to_string();
        let full = looked_at(path)?;
        if !full.exists() {
            let message = format!("{name}: there is no such file; check the path; an inspection creates no file");
            return Err(StoreError::new(StoreErrorKind::Missing, message));
        }
        // SQLite keeps the log beside the file itself, not beside a link to it.
        let path = full.canonicalize().unwrap_or(full);
        let mut store = Self { path, name, database_id: String::new() };
        store.database_id = store.reading(|reader| {
            reader.meta(DATABASE)?.ok_or_else(|| {
                let message =
                    format!("{}: {META_TABLE} has no row `{DATABASE}`; restore the file from a copy", reader.database);
                StoreError::new(StoreErrorKind::Damaged, message)
            })
        })?;
        Ok(store)
    }

    fn reading<T>(&self, read: impl Fn(&Reader<'_, Sqlite<'_>>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let quiet = || (!log_of(&self.path).exists()).then(|| stamp(&self.path)).flatten();
        for _ in 0..TRIES {
            let Some(before) = quiet() else { break };
            // No process has it open. Opened as immutable, SQLite makes no log beside it and needs no right to write.
            let answer = self.connected(&at_rest(&self.path), &read);
            if quiet() == Some(before) {
                return answer;
            }
            // An engine has begun meanwhile, so the answer may mix old and new pages.
        }
        self.connected(&self.path, &read)
    }

    fn connected<T>(
        &self,
        path: &Path,
        read: impl Fn(&Reader<'_, Sqlite<'_>>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let name = self.name.as_str();
        let or_fault = |error| fault(name, error);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let connection =
            Connection::open_with_flags(path, flags).map_err(|error| unreadable(name, fault(name, error)))?;
        connection.busy_timeout(PATIENCE).map_err(or_fault)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        for (config, on) in
            [(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true), (DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)]
        {
            connection.set_db_config(config, on).map_err(or_fault)?;
        }
        let session = Sqlite { connection: &connection, database: name };
        check(&session)
            .and_then(|()| read(&Reader { session: &session, database: name }))
            .map_err(|error| if error.kind == StoreErrorKind::ReadOnly { unreadable(name, error) } else { error })
    }
}

/// Checks that the file has the tables of this version.
fn check(session: &Sqlite<'_>) -> Result<(), StoreError> {
    let name = session.database;
    let version = open::version(session)?;
    if session.pragma("application_id")? == APPLICATION {
        return Err(not_ours(format!(
            "{name} is the file of a run, which is imported into a database: `Engine::import`; it was left as it is"
        )));
    }
    match version {
        Some(VERSION) => Ok(()),
        Some(older) => Err(StoreError::new(
            StoreErrorKind::Older,
            format!(
                "{name} has schema version {older}, and this version of steadfast ({}) reads version {VERSION}; it was \
                 left as it is. Start an engine of this version on it, which converts it",
                env!("CARGO_PKG_VERSION")
            ),
        )),
        None => Err(StoreError::new(
            StoreErrorKind::Missing,
            format!("{name} is no Steadfast database: there is nothing in it. Check another path"),
        )),
    }
}

/// Says of an error that it is about reading: nothing is ever written here.
fn unreadable(name: &str, error: StoreError) -> StoreError {
    let message = format!(
        "{name} cannot be read; let this user read the file, its log (`-wal`) and the index of that (`-shm`), and enter \
         their folder ({error})"
    );
    StoreError::new(error.kind, message).caused_by(error)
}

impl Store for LookingStore {
    fn commit(&self, _: &[Write]) -> Result<Vec<Result<Written, Rejected>>, StoreError> {
        Err(StoreError::only_read(&self.name))
    }

    reads!();

    fn tasks(&self, which: TaskKey<'_>) -> Result<Vec<TaskRow>, StoreError> {
        self.reading(|reader| reader.tasks(which))
    }

    fn measure(&self, thoroughly: bool) -> Result<Measures, StoreError> {
        let measured = self.reading(|reader| measures::measure(reader.session, thoroughly))?;
        Ok(Measures { log: measures::log_size(&self.path), ..measured })
    }

    /// Returns 0: nothing waits here for what others commit.
    fn foreign_changes(&self) -> Result<u64, StoreError> {
        Ok(0)
    }

    fn database_id(&self) -> &str {
        &self.database_id
    }
}
