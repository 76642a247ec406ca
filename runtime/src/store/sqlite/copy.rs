//! A copy of a file, for a check by a build that may be newer than the one that still runs on the file.
//!
//! The copy is what this build would make of the file at its start, migrations included. The file itself is only read.

use super::fault::fault;
use super::file::{looked_at, not_ours};
use super::open;
use super::session::Sqlite;
use super::{SqliteOptions, SqliteStore};
use crate::store::{StoreError, StoreErrorKind};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// A private folder, removed with its contents.
#[derive(Debug)]
pub(super) struct CopyFolder(PathBuf);

impl CopyFolder {
    /// Creates a folder for the copy of a file, which the error names.
    pub(super) fn new(copied: &str) -> Result<Self, StoreError> {
        Self::create().map_err(|error| {
            let place = std::env::temp_dir();
            let message = format!("{copied} is read in a copy, which cannot be made in {}: {error}", place.display());
            StoreError::new(StoreErrorKind::Io, message).caused_by(error)
        })
    }

    /// Returns the path of the copy.
    pub(super) fn copy(&self) -> PathBuf {
        self.0.join("copy.db")
    }

    fn create() -> std::io::Result<Self> {
        let path = std::env::temp_dir().join(format!("steadfast-copy-{}", uuid::Uuid::new_v4().simple()));
        let mut folder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
        folder.create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for CopyFolder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(folder = %self.0.display(), %error, "the copy of a file that was read is still there");
        }
    }
}

/// Opens a store in a copy of the file, under the name of the file.
pub(super) fn open_copy(path: &Path, options: &SqliteOptions) -> Result<SqliteStore, StoreError> {
    let full = looked_at(path)?;
    let name = path.display().to_string();
    let cannot = |error: std::io::Error| StoreError::new(StoreErrorKind::Io, format!("{name}: {error}"));
    // SQLite keeps the log beside the file itself, not beside a link to it.
    let full = full.canonicalize().map_err(cannot)?;
    let folder = CopyFolder::new(&name)?;
    let copy = folder.copy();
    copy_file(&full, &copy, &name, options.busy_timeout)?;
    open::open_as(copy, name, options, Some(folder))
}

fn copy_file(full: &Path, copy: &Path, name: &str, patience: Duration) -> Result<(), StoreError> {
    let quiet = || (!log_of(full).exists()).then(|| stamp(full)).flatten();
    if let Some(before) = quiet() {
        // No process has it open. Opened as immutable, SQLite makes no log beside it, which would belong to this
        // process and not to the engine, and needs no right to write there.
        let copied = copy_from(&at_rest(full), copy, name, patience);
        if quiet() == Some(before) {
            return copied;
        }
        // An engine has begun meanwhile, so the copy may mix old and new pages.
        let _ = std::fs::remove_file(copy);
    }
    copy_from(full, copy, name, patience)
}

/// Copies one snapshot of the file, even while others write.
fn copy_from(from: &Path, copy: &Path, name: &str, patience: Duration) -> Result<(), StoreError> {
    let or_fault = |error| fault(name, error);
    let read = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let source = Connection::open_with_flags(from, read).map_err(or_fault)?;
    source.busy_timeout(patience).map_err(or_fault)?;
    if open::version(&Sqlite { connection: &source, database: name })?.is_none() {
        return Err(not_ours(format!("{name} is no Steadfast database: there is nothing in it. Check another path")));
    }
    copy_pages(&source, &mut Connection::open(copy).map_err(or_fault)?, name, patience)
}

/// Copies all pages of one database into another.
pub(super) fn copy_pages(
    source: &Connection,
    target: &mut Connection,
    name: &str,
    patience: Duration,
) -> Result<(), StoreError> {
    let or_fault = |error| fault(name, error);
    let begun = Instant::now();
    let backup = Backup::new(source, target).map_err(or_fault)?;
    loop {
        // All pages in one step: with several, each write of the engine in between would restart it.
        match backup.step(-1).map_err(or_fault)? {
            StepResult::Done => return Ok(()),
            _ if begun.elapsed() < patience => std::thread::sleep(Duration::from_millis(5)),
            _ => {
                let message = format!("{name} is busy: another process holds it for itself; check it again later");
                return Err(StoreError::new(StoreErrorKind::Busy, message));
            }
        }
    }
}

pub(super) fn log_of(full: &Path) -> PathBuf {
    let mut log = full.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

pub(super) fn stamp(full: &Path) -> Option<(u64, SystemTime)> {
    let file = full.metadata().ok()?;
    Some((file.len(), file.modified().ok()?))
}

/// Returns the URI that opens a file as immutable.
pub(super) fn at_rest(full: &Path) -> PathBuf {
    let mut uri = String::from("file:");
    for byte in full.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => uri.push(char::from(*byte)),
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri.push_str("?immutable=1");
    uri.into()
}
