//! The file of one run: an SQLite database with the tables of every other one, in which this run is alone.
//!
//! After the last page comes the SHA-256 of all before it, where SQLite does not look: so a file that was cut or changed
//! anywhere is found out before anything of it is used, and a person can read it with any tool for SQLite.

mod before;
mod draft;
mod sealed;
#[cfg(test)]
mod tests;

use super::copy::{at_rest, copy_pages};
use super::fault::fault;
use super::open::{self, set_fact};
use super::session::Sqlite;
use crate::store::sql::{Apply, Cell, Reader, Session, VERSION};
use crate::store::{FileInfo, RunKey, RunRow, RunRows, StoreError, StoreErrorKind};
use crate::value::Pointer;
use bytes::Bytes;
use draft::Draft;
use rusqlite::{Connection, OpenFlags};
use sealed::Format;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

/// What SQLite says the file belongs to: «STFR».
pub(super) const APPLICATION: i64 = 0x5354_4652;
/// The version of the file; one of a greater number is refused. Those of format 1 and 2 were no databases.
const FORMAT: i64 = 3;
/// Pages are small, since most tables of a short run are empty.
const PAGE: &str = "1024";

/// The contents of field stores, by what stands in the fields for them. SQLite holds no more than 1 GB in a row, and has a
/// copy of what it writes: so they come in parts.
const CONTENTS: &str = "CREATE TABLE steadfast_contents
    (pointer TEXT NOT NULL, part BIGINT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (pointer, part))";
const INSERT_PART: &str = "INSERT INTO steadfast_contents (pointer, part, body) VALUES (?1, ?2, ?3)";
const POINTERS: &str = "SELECT pointer FROM steadfast_contents WHERE part = 0 ORDER BY pointer";
const PARTS: &str = "SELECT body FROM steadfast_contents WHERE pointer = ?1 ORDER BY part";
const PART: usize = 1 << 20;

/// The keys in the table of facts.
const RUN: &str = "run";
const MOVED: &str = "moved";

/// The file of a run that is being read.
#[derive(Debug)]
pub(crate) struct RunFile {
    connection: Connection,
    name: String,
}

impl RunFile {
    fn new(path: &Path, opened: rusqlite::Result<Connection>) -> Result<Self, StoreError> {
        let name = format!("the file `{}`", path.display());
        let connection = opened.map_err(|error| fault(&name, error))?;
        connection.set_prepared_statement_cache_capacity(open::STATEMENTS);
        Ok(Self { connection, name })
    }

    fn session(&self) -> Sqlite<'_> {
        Sqlite { connection: &self.connection, database: &self.name }
    }

    /// Opens a file after its hash was compared, and reads all but the contents.
    ///
    /// # Errors
    /// It cannot be read, is no such file, of a newer version, or damaged: the sentence names it and says what to do.
    pub(crate) fn open(path: &Path) -> Result<(Self, FileInfo, RunRows), StoreError> {
        let format = sealed::check(path)?;
        // It is as it was written, so what is not known in it is newer.
        let newer = |error: StoreError| match error.kind {
            StoreErrorKind::Damaged | StoreErrorKind::Newer => sealed::newer(path, &error.message),
            _ => error,
        };
        let file = match format {
            Format::Database => Self::at_rest(path).and_then(|file| file.of_today(path)),
            Format::Records => before::read(path),
        };
        let file = file.map_err(newer)?;
        let (info, rows) = file.read().map_err(newer)?;
        Ok((file, info, rows))
    }

    /// The file itself, which is not changed and gets no log beside it.
    fn at_rest(path: &Path) -> Result<Self, StoreError> {
        let full = path.canonicalize().map_err(|error| sealed::unreadable(path, error))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let file = Self::new(path, Connection::open_with_flags(at_rest(&full), flags))?;
        // A file may come from anywhere: nothing in its schema calls functions.
        file.session().set("trusted_schema", "OFF")?;
        Ok(file)
    }

    /// The file if it has the tables of this version; else a copy that has them, which goes when it is closed.
    fn of_today(self, path: &Path) -> Result<Self, StoreError> {
        if open::version(&self.session())? == Some(VERSION) {
            return Ok(self);
        }
        let mut copy = Self::new(path, Connection::open(""))?;
        copy_pages(&self.connection, &mut copy.connection, &self.name, Duration::ZERO)?;
        open::migrate(&copy.session())?;
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

    /// The content of a field store that a pointer names.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn content(&self, pointer: &Pointer) -> Result<Bytes, StoreError> {
        let mut content = Vec::new();
        // What cannot be had at once is had bit by bit, or not.
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
    /// Begins a file under another name beside its own.
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
        // Nobody reads a draft, so nothing in it is ever taken back.
        session.set("journal_mode", "OFF")?;
        session.set("synchronous", "OFF")?;
        session.begin()?;
        open::steps(&session)?;
        session.execute(CONTENTS, &[])?;
        set_fact(&session, open::DATABASE, &info.database)?;
        set_fact(&session, RUN, &info.run.number.to_string())?;
        if info.moved {
            set_fact(&session, MOVED, "it goes on from this file only")?;
        }
        Apply::new(&session, &file.name).copy_run(&info.run)?;
        Ok(Self { file, run: info.run, draft })
    }

    /// Adds rows of the run.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn add(&self, rows: &RunRows) -> Result<(), StoreError> {
        Apply::new(&self.file.session(), &self.file.name).add_rows(&self.run, rows)
    }

    /// Adds the content of a field store.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn add_content(&self, pointer: &Pointer, content: &[u8]) -> Result<(), StoreError> {
        add_content(&self.file.session(), pointer, content)
    }

    /// Gives the file its name, once all of it is on the disk, and says how many bytes it has.
    ///
    /// # Errors
    /// The file cannot be written: then there is none.
    pub(crate) fn finish(self) -> Result<u64, StoreError> {
        let Self { file, draft, .. } = self;
        file.session().commit()?;
        let RunFile { connection, name } = file;
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
