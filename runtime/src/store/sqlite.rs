//! A store in one SQLite file.

mod convert;
mod copy;
mod fault;
mod file;
mod identity;
#[cfg(feature = "postgres")]
mod leaving;
mod looking;
mod measures;
mod open;
mod options;
#[cfg(test)]
mod plans;
mod readers;
mod run_file;
mod session;
mod views;
mod writing;

#[cfg(feature = "postgres")]
pub(super) use leaving::Leaving;
pub(crate) use looking::LookingStore;
pub use options::SqliteOptions;
pub(crate) use run_file::{RunFile, RunFileWriter};

use super::sql::{self, Reader, reads};
use super::{
    Belongings, Durability, EntryRow, FieldRow, InboxRow, LeaseRow, Measures, NextSchedule, OutputRow, QueueKeyRow,
    QueueRow, QueueState, Rejected, RequestKey, RequestRow, RunKey, RunPage, RunQuery, RunRow, ScheduleRow, Status,
    Store, StoreError, StoreErrorKind, TaskKey, TaskRow, TraceKey, TracedRow, WaitingRuns, Write, Written,
};
use crate::sql::sqlite::Guard;
use identity::Identity;
use open::STATEMENTS;
use readers::Readers;
use rusqlite::Connection;
use session::Sqlite;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;
use writing::Writing;

/// A [`Store`] in one SQLite file, with its write-ahead log beside it (`-wal`, `-shm`).
///
/// Several stores, in one process or in several on the same machine, may have the same file open. The file may also
/// hold tables of your own: the engine's begin with `steadfast_`. For a person with the `sqlite3` shell there are
/// views: `steadfast_history` (the events of each run), `steadfast_context` (its current context) and `steadfast_state`
/// (what its steps share).
///
/// A clone is the same store with the same connections. If the file, or its log, is deleted, moved or replaced while it
/// is open, every later call is an error ([`StoreErrorKind::Gone`](super::StoreErrorKind::Gone)), because further
/// writes would be lost. Each commit checks this.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    file: Arc<File>,
    asked_by: AskedBy,
}

/// The open file.
#[derive(Debug)]
struct File {
    /// The reader for the engine's loads. Never holds a transaction open, so that the log can be checkpointed at any
    /// time.
    reader: Mutex<Connection>,
    /// The connections for all other readers.
    readers: Readers,
    writer: Mutex<Connection>,
    /// The time for which a commit waits for other processes.
    busy_timeout: Duration,
    /// The guard of the connection that writes while a user's code runs on it.
    guard: Guard,
    path: PathBuf,
    name: String,
    database_id: String,
    /// The value of `data_version` when it was last read.
    data_version: AtomicU64,
    identity: Identity,
    /// The folder of the file, if it is a copy of another; dropped last.
    #[expect(dead_code, reason = "it is kept to be dropped")]
    copy: Option<copy::CopyFolder>,
}

/// The side whose reads a store serves, and so its connections.
#[derive(Clone, Copy, Debug)]
enum AskedBy {
    Engine,
    Users,
}

impl SqliteStore {
    /// Opens the file, or creates it.
    ///
    /// # Errors
    /// The file cannot be opened or written, or it is not a Steadfast database, in which case it is left as it is. The
    /// message names the file and says what to do.
    pub fn open(path: impl AsRef<Path>, durability: Durability) -> Result<Self, StoreError> {
        Self::options().durability(durability).open(path)
    }

    /// Returns the options for opening a file.
    pub fn options() -> SqliteOptions {
        SqliteOptions::default()
    }

    /// Returns the file, as an absolute path without symbolic links.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.file.path
    }

    fn reading<T>(&self, read: impl FnOnce(&Reader<'_, Sqlite<'_>>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let File { name, identity, .. } = &*self.file;
        identity.check_again(name)?;
        let read =
            |connection: &Connection| read(&Reader { session: &Sqlite { connection, database: name }, database: name });
        match self.asked_by {
            AskedBy::Engine => read(&locked(&self.file.reader)),
            AskedBy::Users => self.file.readers.with(|| identity.check_all(name), read),
        }
    }

    fn commit_with(
        &self,
        connection: &Connection,
        patience: Duration,
        writes: &[Write],
    ) -> Result<Vec<Result<Written, Rejected>>, StoreError> {
        let File { name, guard, identity, .. } = &*self.file;
        identity.check_again(name)?;
        let session = Writing { sqlite: Sqlite { connection, database: name }, guard, patience };
        let answers = sql::commit(&session, name, writes)?;
        // Checked after the commit: a file that went away before it has taken the commit along.
        identity.check(name)?;
        if answers.iter().any(|answer| matches!(answer, Ok(Written::Deleted(_)))) {
            session.sqlite.give_back_free_pages();
        }
        Ok(answers)
    }
}

impl Store for SqliteStore {
    fn commit(&self, writes: &[Write]) -> Result<Vec<Result<Written, Rejected>>, StoreError> {
        self.commit_with(&locked(&self.file.writer), self.file.busy_timeout, writes)
    }

    fn try_commit(&self, writes: &[Write]) -> Result<Option<Vec<Result<Written, Rejected>>>, StoreError> {
        let connection = locked(&self.file.writer);
        match self.commit_with(&connection, Duration::ZERO, writes) {
            Err(error) if error.kind == StoreErrorKind::Busy => Ok(None),
            answers => answers.map(Some),
        }
    }

    reads!();

    fn run_counts(&self, limit: usize) -> Result<Vec<(Status, u64)>, StoreError> {
        self.reading(|reader| reader.run_counts(limit))
    }

    fn tasks(&self, which: TaskKey<'_>) -> Result<Vec<TaskRow>, StoreError> {
        self.reading(|reader| reader.tasks(which))
    }

    fn measure(&self, thoroughly: bool) -> Result<Measures, StoreError> {
        let measured = self.reading(|reader| measures::measure(reader.session, thoroughly))?;
        Ok(Measures { log: measures::log_size(&self.file.path), ..measured })
    }

    /// Reads `data_version` of the writing connection, whose own commits do not count. While it is busy, returns the
    /// last value.
    fn foreign_changes(&self) -> Result<u64, StoreError> {
        let File { name, data_version, identity, .. } = &*self.file;
        identity.check_all(name)?;
        let connection = match self.file.writer.try_lock() {
            Ok(connection) => connection,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Ok(data_version.load(Ordering::Acquire)),
        };
        let session = Sqlite { connection: &connection, database: name };
        let version = session.pragma("data_version")?.cast_unsigned();
        data_version.store(version, Ordering::Release);
        Ok(version)
    }

    fn settle(&self) -> Result<(), StoreError> {
        self.file.identity.check_all(&self.file.name)?;
        settle(&self.file)
    }

    fn database_id(&self) -> &str {
        &self.file.database_id
    }

    fn lock_stem(&self) -> Option<PathBuf> {
        Some(self.file.path.clone())
    }

    fn for_users(&self) -> Option<Arc<dyn Store>> {
        Some(Arc::new(Self { file: self.file.clone(), asked_by: AskedBy::Users }))
    }
}

/// Leaves the file without a log to replay, if no other process has it open.
impl Drop for File {
    fn drop(&mut self) {
        let (writer, reader, idle) = (locked(&self.writer), locked(&self.reader), self.readers.idle());
        if !self.identity.is_intact() {
            // The last connection to close would remove the log by its name, which may belong to another file by now.
            for connection in [&*writer, &*reader].into_iter().chain(&*idle) {
                let _ = open::keep_log(&Sqlite { connection, database: &self.name }, true);
            }
            return;
        }
        drop((writer, reader, idle));
        // This only saves work for the next process that opens the file.
        let _ = settle(self);
    }
}

/// The time, in milliseconds, that readers get before the log is left beside the file.
const READERS: &str = "50";

/// Checkpoints the log into the file and truncates it. A reader of an earlier state that takes longer than [`READERS`]
/// prevents it.
fn settle(file: &File) -> Result<(), StoreError> {
    let writer = locked(&file.writer);
    let session = Sqlite { connection: &writer, database: &file.name };
    let patience = session.pragma("busy_timeout")?;
    session.set("busy_timeout", READERS)?;
    let settled = session.pragma("wal_checkpoint(TRUNCATE)").map(drop);
    session.set("busy_timeout", &patience.to_string())?;
    settled
}

/// Locks a connection. It is usable after a panic elsewhere: the next commit rolls back what was begun.
fn locked(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}
