//! The file of one run: an SQLite database with the same tables as any other, which holds only this run.
//!
//! After the last page comes the SHA-256 of all before it, where SQLite does not look. So a file that was cut or
//! changed anywhere is detected before any of it is used, and any tool for SQLite can read it.

mod before;
mod draft;
mod sealed;
#[cfg(test)]
mod tests;

use super::convert;
use super::copy::{CopyFolder, at_rest, copy_pages};
use super::fault::fault;
use super::open::{self, set_fact};
use super::session::Sqlite;
use crate::store::sql::{Cell, Reader, Session, Tables, VERSION};
use crate::store::{FileInfo, RunKey, RunRow, RunRows, StoreError, StoreErrorKind};
use crate::value::Pointer;
use bytes::Bytes;
use draft::Draft;
use rusqlite::{Connection, OpenFlags};
use sealed::{Checked, Format};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

/// The application id in SQLite's header: «STFR».
pub(super) const APPLICATION: i64 = 0x5354_4652;
/// The version of the file; a greater one is refused. Files of format 1 and 2 were no databases.
const FORMAT: i64 = 3;
/// Pages are small, since most tables of a short run are empty.
const PAGE: &str = "1024";

/// The contents of field stores, by the pointers in the fields. SQLite holds no more than 1 GB in a row, and copies
/// what it writes: so they are split into parts.
const CONTENTS: &str = "CREATE TABLE steadfast_contents
    (pointer TEXT NOT NULL, part BIGINT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (pointer, part))";
const INSERT_PART: &str = "INSERT INTO steadfast_contents (pointer, part, body) VALUES (?1, ?2, ?3)";
const POINTERS: &str = "SELECT pointer FROM steadfast_contents WHERE part = 0 ORDER BY pointer";
const PARTS: &str = "SELECT body FROM steadfast_contents WHERE pointer = ?1 ORDER BY part";
const PART: usize = 1 << 20;

/// The keys in the metadata table.
const RUN: &str = "run";
const MOVED: &str = "moved";

/// The file of a run that is being read.
#[derive(Debug)]
pub(crate) struct RunFile {
    connection: Connection,
    name: String,
    /// The copy that is read. After the connection, which must be closed before the folder is removed.
    _copy: Option<CopyFolder>,
}

impl RunFile {
    fn new(path: &Path, opened: rusqlite::Result<Connection>) -> Result<Self, StoreError> {
        let name = format!("the file `{}`", path.display());
        let connection = opened.map_err(|error| fault(&name, error))?;
        connection.set_prepared_statement_cache_capacity(open::STATEMENTS);
        Ok(Self { connection, name, _copy: None })
    }

    fn session(&self) -> Sqlite<'_> {
        Sqlite { connection: &self.connection, database: &self.name }
    }

    /// Opens a file after comparing its hash, and reads all but the contents.
    ///
    /// # Errors
    /// It cannot be read, is not the file of a run, is of a newer version, or is damaged: the message names it and says
    /// what to do.
    pub(crate) fn open(path: &Path) -> Result<(Self, FileInfo, RunRows), StoreError> {
        Self::of(path, sealed::check(path)?)
    }

    /// Reads the copy of a file that was checked.
    fn of(path: &Path, Checked { format, folder }: Checked) -> Result<(Self, FileInfo, RunRows), StoreError> {
        // The hash matches, so anything unknown in it is newer, not damaged.
        let newer = |error: StoreError| match error.kind {
            StoreErrorKind::Damaged | StoreErrorKind::Newer => sealed::newer(path, &error.message),
            _ => error,
        };
        let file = match format {
            Format::Database => Self::at_rest(path, folder).and_then(|file| file.of_today(path)),
            Format::Records => before::read(path, &folder.copy()),
        };
        let file = file.map_err(newer)?;
        let (info, rows) = file.read().map_err(newer)?;
        Ok((file, info, rows))
    }

    /// Opens the copy of a file, which does not change.
    fn at_rest(path: &Path, folder: CopyFolder) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let opened = Connection::open_with_flags(at_rest(&folder.copy()), flags);
        let file = Self { _copy: Some(folder), ..Self::new(path, opened)? };
        // A file may come from anywhere: its schema must not call functions.
        file.session().set("trusted_schema", "OFF")?;
        Ok(file)
    }

    /// Returns the file if it has the tables of this version, otherwise a migrated copy, which is removed when closed.
    fn of_today(self, path: &Path) -> Result<Self, StoreError> {
        if open::version(&self.session())? == Some(VERSION) {
            return Ok(self);
        }
        let mut copy = Self::new(path, Connection::open(""))?;
        copy_pages(&self.connection, &mut copy.connection, &self.name, Duration::ZERO)?;
        convert::migrate(&copy.session())?;
        Ok(copy)
    }

    fn read(&self) -> Result<(FileInfo, RunRows), StoreError> {
        let session = self.session();
        let reader = Reader { session: &session, database: &self.name };
        let number = reader.meta(RUN)?.and_then(|number| number.parse().ok()).unwrap_or(0);
        let run = reader.run(RunKey::Number(number))?;
        let run = run.ok_or_else(|| StoreError::new(StoreErrorKind::Damaged, format!("there is no run {number}")))?;
        let mut rows = reader.all_rows(&run)?;
        session.select(POINTERS, &[], &mut |row| {
            if let Cell::Text(text) = row.cell(0) {
                rows.contents.extend(serde_json::from_slice::<Pointer>(text));
            }
            ControlFlow::Continue(())
        })?;
        let database = reader.meta(open::DATABASE)?.unwrap_or_default();
        Ok((FileInfo { run, moved: reader.meta(MOVED)?.is_some(), database }, rows))
    }

    /// Returns the content of a field store that a pointer names.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn content(&self, pointer: &Pointer) -> Result<Bytes, StoreError> {
        let mut content = Vec::new();
        // Best effort: if the size cannot be reserved at once, the vector grows part by part.
        let _ = content.try_reserve_exact(pointer.bytes);
        self.session().select(PARTS, &[Cell::Text(&pointer.to_value().bytes)], &mut |row| {
            if let Cell::Bytes(part) = row.cell(0) {
                content.extend_from_slice(part);
            }
            ControlFlow::Continue(())
        })?;
        Ok(content.into())
    }
}

/// The file of a run that is being written.
#[derive(Debug)]
pub(crate) struct RunFileWriter {
    file: RunFile,
    run: RunRow,
    draft: Draft,
}

impl RunFileWriter {
    /// Creates a file under another name beside its own.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub(crate) fn create(path: &Path, info: FileInfo) -> Result<Self, StoreError> {
        let draft = Draft::create(path)?;
        let file = RunFile::new(path, Connection::open(&draft.draft))?;
        let session = file.session();
        session.set("page_size", PAGE)?;
        session.set("application_id", &APPLICATION.to_string())?;
        session.set("user_version", &FORMAT.to_string())?;
        // A draft has no readers, so it needs no rollback.
        session.set("journal_mode", "OFF")?;
        session.set("synchronous", "OFF")?;
        session.begin()?;
        convert::steps(&session)?;
        session.execute(CONTENTS, &[])?;
        set_fact(&session, open::DATABASE, &info.database)?;
        set_fact(&session, RUN, &info.run.number.to_string())?;
        if info.moved {
            set_fact(&session, MOVED, "it goes on from this file only")?;
        }
        Tables::new(&session, &file.name).copy_run(&info.run)?;
        Ok(Self { file, run: info.run, draft })
    }

    /// Adds rows of the run.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn add(&self, rows: &RunRows) -> Result<(), StoreError> {
        Tables::new(&self.file.session(), &self.file.name).add_rows(&self.run, rows)
    }

    /// Adds the content of a field store.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn add_content(&self, pointer: &Pointer, content: &[u8]) -> Result<(), StoreError> {
        add_content(&self.file.session(), pointer, content)
    }

    /// Renames the file to its name once all of it is on disk, and returns its size in bytes.
    ///
    /// # Errors
    /// The file cannot be written: then it does not exist.
    pub(crate) fn finish(self) -> Result<u64, StoreError> {
        let Self { file, draft, .. } = self;
        file.session().commit()?;
        let RunFile { connection, name, .. } = file;
        connection.close().map_err(|(_, error)| fault(&name, error))?;
        draft.finish()
    }
}

fn add_content(session: &Sqlite<'_>, pointer: &Pointer, content: &[u8]) -> Result<(), StoreError> {
    let pointer = pointer.to_value().bytes;
    let parts = content.chunks(PART).chain(content.is_empty().then_some(content));
    (0..).zip(parts).try_for_each(|(number, part)| {
        let values = [Cell::Text(&pointer), Cell::Int(number), Cell::Bytes(part)];
        session.execute(INSERT_PART, &values).map(drop)
    })
}
