//! Opens a file: checks that it is a usable database of this version.

use super::convert;
use super::copy::CopyFolder;
use super::file::{looked_at, not_a_database, not_ours};
use super::identity::Identity;
use super::readers::Readers;
use super::run_file::APPLICATION;
use super::session::Sqlite;
use super::{AskedBy, File, SqliteOptions, SqliteStore};
use crate::sql::sqlite::Guard;
use crate::store::{
    Durability, StoreError, StoreErrorKind,
    sql::Cell,
    sql::{META_TABLE, Reader, SET_META, Session, VERSION},
};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The keys in the metadata table.
pub(super) const SCHEMA: &str = "schema";
pub(super) const DATABASE: &str = "database";
pub(super) const CREATED: &str = "created_by";
/// Where its contents have moved; only in a file that is left.
pub(super) const MOVED: &str = "moved_to";

/// The page cache of the writing connection: 16 MB, in SQLite's notation.
const CACHE: &str = "-16000";

/// The number of pages after which the log is checkpointed and overwritten from its beginning. Until it has this length
/// each commit extends a file, which costs a disk much more than overwriting one. A much shorter log writes hot pages
/// into the file over and over.
const CHECKPOINT: &str = "400";

/// The size that the log may keep on disk between checkpoints: 64 MiB.
const LOG: &str = "67108864";

/// Prepared statements kept per connection: more than there are queries and kinds of changes of a run's row.
pub(super) const STATEMENTS: usize = 128;

pub(super) fn open(path: &Path, options: &SqliteOptions) -> Result<SqliteStore, StoreError> {
    open_as(looked_at(path)?, path.display().to_string(), options, None)
}

/// Opens the file at this absolute path under this name. `copy` is the folder that the store owns.
pub(super) fn open_as(
    full: PathBuf,
    name: String,
    options: &SqliteOptions,
    copy: Option<CopyFolder>,
) -> Result<SqliteStore, StoreError> {
    let (mut writer, mut guard, version) = connect_writer(&full, &name, options, copy.is_some())?;
    if convert::has_no_log(version) {
        drop(writer);
        convert::begin(&full, &name, options)?;
        (writer, guard, _) = connect_writer(&full, &name, options, copy.is_some())?;
    }
    let session = Sqlite { connection: &writer, database: &name };
    if version.is_none() {
        // Takes effect only on a file without tables, and persists in it.
        session.set("auto_vacuum", "INCREMENTAL")?;
    }
    settings(&session, options)?;
    if version != Some(VERSION) {
        convert::migrate(&session)?;
    }
    let reader = Reader { session: &session, database: &name };
    let database_id = reader.meta(DATABASE)?.ok_or_else(|| {
        StoreError::new(
            StoreErrorKind::Damaged,
            format!("{name}: {META_TABLE} has no row `{DATABASE}`; restore the file from a copy"),
        )
    })?;

    let reader = connect_reader(&full, &name, options)?;
    let data_version = AtomicU64::new(session.pragma("data_version")?.cast_unsigned());
    let path = full.canonicalize().unwrap_or(full);
    let readers = Readers::new(path.clone(), name.clone(), options.clone());
    let (reader, writer, identity) = (Mutex::new(reader), Mutex::new(writer), Identity::of(&path));
    let busy_timeout = options.busy_timeout;
    let file =
        File { reader, readers, writer, busy_timeout, guard, path, name, database_id, data_version, identity, copy };
    Ok(SqliteStore { file: Arc::new(file), asked_by: AskedBy::Engine })
}

/// Opens the connection that writes, and returns the version of the schema: `None` of an empty file.
fn connect_writer(
    full: &Path,
    name: &str,
    options: &SqliteOptions,
    is_copy: bool,
) -> Result<(Connection, Guard, Option<usize>), StoreError> {
    let mut writer = connect(full, name, options)?;
    // Installed before any statement is prepared, because it invalidates prepared statements.
    let guard = Guard::install(&mut writer).map_err(|error| super::fault::fault(name, error))?;
    let session = Sqlite { connection: &writer, database: name };
    // Checked before the first read: that creates the log's files, with the rights of this file.
    if session.read_only()? {
        return Err(StoreError::new(
            StoreErrorKind::ReadOnly,
            format!(
                "{name} cannot be written; allow this user to write the file and its folder, or choose another path"
            ),
        ));
    }
    // Until the file is known to be the engine's, no page is moved from its log into it.
    keep_log(&session, has_log(full))?;
    let version = version(&session)?;
    if !is_copy && session.pragma("application_id")? == APPLICATION {
        return Err(not_ours(format!(
            "{name} is the file of a run, which is imported into a database: `Engine::import`; it was left as it is. \
             Choose another path"
        )));
    }
    keep_log(&session, false)?;
    Ok((writer, guard, version))
}

/// Opens a connection that only reads.
pub(super) fn connect_reader(full: &Path, name: &str, options: &SqliteOptions) -> Result<Connection, StoreError> {
    let reader = connect(full, name, options)?;
    Sqlite { connection: &reader, database: name }.set("query_only", "ON")?;
    Ok(reader)
}

pub(super) fn connect(full: &Path, name: &str, options: &SqliteOptions) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(full, flags)
        .and_then(|connection| connection.busy_timeout(options.busy_timeout).map(|()| connection))
        .map_err(|error| super::fault::fault(name, error))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // A plan depends only on the text of a query: otherwise each new value of a range or a limit would re-prepare it.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map_err(|error| super::fault::fault(name, error))?;
    Ok(connection)
}

fn has_log(full: &Path) -> bool {
    let mut log = full.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|log| log.len() > 0)
}

/// Sets whether the log stays when the last connection is closed, instead of being moved into the file.
pub(super) fn keep_log(session: &Sqlite<'_>, keep: bool) -> Result<(), StoreError> {
    let set = session.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep);
    set.map(drop).map_err(|error| super::fault::fault(session.database, error))
}

/// Checks that the file is an SQLite database or empty.
fn is_database(session: &Sqlite<'_>) -> Result<(), StoreError> {
    let read = session.connection.query_row("PRAGMA schema_version", [], |_| Ok(()));
    read.map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => not_a_database(session.database),
        _ => super::fault::fault(session.database, error),
    })
}

/// Returns the version of the schema; `None` if the file is empty.
pub(super) fn version(session: &Sqlite<'_>) -> Result<Option<usize>, StoreError> {
    let name = session.database;
    is_database(session)?;
    let (mut any, mut ours) = (false, false);
    session.select("SELECT name FROM sqlite_master WHERE type = 'table'", &[], &mut |row| {
        any = true;
        ours |= row.cell(0) == Cell::Text(META_TABLE.as_bytes());
        ControlFlow::Continue(())
    })?;
    if !any {
        return Ok(None);
    }
    if !ours {
        return Err(not_ours(format!(
            "{name} is an SQLite database with tables of another program; it was left as it is. Choose another path"
        )));
    }
    let reader = Reader { session, database: name };
    if let Some(to) = reader.meta(MOVED)? {
        let message =
            format!("{name}: its runs have moved to {to} and go on there; it was left as it is. Open that one");
        return Err(not_ours(message));
    }
    let found = reader.meta(SCHEMA)?;
    match found.as_deref().map(str::parse) {
        Some(Ok(version)) if version > VERSION => Err(StoreError::new(
            StoreErrorKind::Newer,
            format!(
                "{name} has schema version {version}, and this version of steadfast ({}) knows up to {VERSION}; it was \
                 left as it is. Run it with the newer version that wrote it",
                env!("CARGO_PKG_VERSION")
            ),
        )),
        Some(Ok(version)) if version > 0 => Ok(Some(version)),
        _ => Err(StoreError::new(
            StoreErrorKind::Damaged,
            format!(
                "{name}: {META_TABLE} should hold the schema's version under `{SCHEMA}`, but it holds {}; restore the \
                 file from a copy",
                found.map_or_else(|| "nothing".to_owned(), |text| format!("{text:?}"))
            ),
        )),
    }
}

fn settings(session: &Sqlite<'_>, options: &SqliteOptions) -> Result<(), StoreError> {
    write_ahead(session, options.busy_timeout)?;
    match options.durability {
        Durability::Full => {
            session.set("synchronous", "FULL")?;
            session.set("fullfsync", "ON")?;
            session.set("checkpoint_fullfsync", "ON")?;
        }
        Durability::Relaxed => session.set("synchronous", "NORMAL")?,
    }
    session.set("cache_size", CACHE)?;
    session.set("wal_autocheckpoint", CHECKPOINT)?;
    session.set("journal_size_limit", LOG)?;
    if let Some(pages) = options.max_pages {
        session.set("max_page_count", &pages.to_string())?;
    }
    Ok(())
}

/// Switches to a write-ahead log. This needs exclusive access for a moment, and SQLite does not wait for that.
fn write_ahead(session: &Sqlite<'_>, patience: Duration) -> Result<(), StoreError> {
    let begun = Instant::now();
    let mut mode = String::new();
    loop {
        let set = session.select("PRAGMA journal_mode = WAL", &[], &mut |row| {
            if let Cell::Text(text) = row.cell(0) {
                mode = String::from_utf8_lossy(text).into_owned();
            }
            ControlFlow::Continue(())
        });
        match set {
            Err(error) if error.kind == StoreErrorKind::Busy && begun.elapsed() < patience => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(error) => return Err(error),
            Ok(()) => break,
        }
    }
    if mode == "wal" {
        return Ok(());
    }
    Err(StoreError::new(
        StoreErrorKind::Io,
        format!(
            "{}: this file system does not allow a write-ahead log (the file is in mode {mode:?}); put the file on a \
             local disk",
            session.database
        ),
    ))
}

/// Writes a key of the metadata table.
pub(super) fn set_fact(session: &Sqlite<'_>, key: &str, value: &str) -> Result<(), StoreError> {
    session.execute(SET_META, &[Cell::Text(key.as_bytes()), Cell::Text(value.as_bytes())]).map(drop)
}
