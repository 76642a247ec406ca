//! Checks that the open files are still the ones that their paths name.
//!
//! SQLite keeps using a file that was deleted or replaced: all its writes are then lost with the last handle.

use super::StoreError;
use crate::store::StoreErrorKind;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// The files of an open database, as they were when it was opened.
#[derive(Debug)]
pub(super) struct Identity {
    database: Known,
    log: Known,
    index: Known,
    /// Whether the last check found one of them gone: then nothing is read or written before the next check.
    gone: AtomicBool,
}

/// A path and the file it named.
#[derive(Debug)]
struct Known {
    path: PathBuf,
    id: Option<Id>,
    handle: Option<Handle>,
}

/// An open file whose current path the system reports (`/proc/self/fd`).
///
/// `stat` on the log queries its timestamps too. With multigrain timestamps (ext4 since Linux 6.13) the next write must
/// then record a new one, and its sync waits for the file system's journal: 60 us of 230 a commit.
#[derive(Debug)]
struct Handle {
    /// The open log. Closing it drops no locks of SQLite, unlike closing the database.
    _file: File,
    link: PathBuf,
    named: PathBuf,
}

/// Device and file number.
type Id = (u64, u64);

impl Identity {
    /// Records the files of the database at this path, which is open.
    pub(super) fn of(path: &Path) -> Self {
        let beside = |suffix: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            Known::at(name.into())
        };
        let (database, log, index) = (Known::at(path.to_owned()), beside("-wal").held(), beside("-shm"));
        Self { database, log, index, gone: AtomicBool::new(false) }
    }

    /// Checks the files that hold commits: the database and its log.
    pub(super) fn check(&self, name: &str) -> Result<(), StoreError> {
        self.look(name, &[&self.database, &self.log])
    }

    /// Checks all files. The index of the log holds no data, but other processes would miss this one's locks on it.
    pub(super) fn check_all(&self, name: &str) -> Result<(), StoreError> {
        self.look(name, &[&self.database, &self.log, &self.index])
    }

    /// Checks all files if the last look found one of them gone: it may have been moved back.
    pub(super) fn check_again(&self, name: &str) -> Result<(), StoreError> {
        if self.gone.load(Ordering::Acquire) { self.check_all(name) } else { Ok(()) }
    }

    /// Returns whether the files may safely be removed or overwritten by their names.
    pub(super) fn is_intact(&self) -> bool {
        [&self.database, &self.log, &self.index].into_iter().all(|known| known.fault().is_none())
    }

    fn look(&self, name: &str, files: &[&Known]) -> Result<(), StoreError> {
        let fault = files.iter().find_map(|known| known.fault().map(|fault| (known, fault)));
        let Some((known, fault)) = fault else {
            // A check of two files does not clear the result of the third.
            if files.len() == 3 && self.gone.swap(false, Ordering::AcqRel) {
                tracing::info!(database = name, "the files of the database are back, and the engine continues");
            }
            return Ok(());
        };
        let message = format!(
            "{name}: {} {fault} while it was open, so nothing more is written or read: it would be lost. Stop this \
             program; if the files were only moved, put them back first; then start it again",
            known.path.display()
        );
        if !self.gone.swap(true, Ordering::AcqRel) {
            tracing::error!(database = name, "{message}");
        }
        Err(StoreError::new(StoreErrorKind::Gone, message))
    }
}

impl Known {
    fn at(path: PathBuf) -> Self {
        let id = id_of(&path).ok().flatten();
        Self { path, id, handle: None }
    }

    /// Enables the check without `stat` where the system supports it.
    fn held(mut self) -> Self {
        self.handle = Handle::of(&self.path).filter(|_| self.id.is_some());
        self
    }

    /// Returns what happened to the file, if the path no longer names it.
    fn fault(&self) -> Option<&'static str> {
        let known = self.id?;
        if self.handle.as_ref().is_some_and(Handle::has_its_path) {
            return None;
        }
        match id_of(&self.path) {
            Ok(Some(found)) if found != known => Some("was replaced by another file"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some("was deleted or moved"),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => Some("was deleted or moved"),
            // A folder that cannot be searched right now proves nothing about the file.
            _ => None,
        }
    }
}

impl Handle {
    #[cfg(unix)]
    fn of(path: &Path) -> Option<Self> {
        use std::os::fd::AsRawFd as _;
        let file = File::open(path).ok()?;
        let link = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
        let named = std::fs::read_link(&link).ok()?;
        Some(Self { _file: file, link, named })
    }

    #[cfg(not(unix))]
    fn of(_: &Path) -> Option<Self> {
        None
    }

    /// Returns whether the file still has its path. That of a deleted or replaced file ends in ` (deleted)`, that of a
    /// moved one differs.
    fn has_its_path(&self) -> bool {
        std::fs::read_link(&self.link).is_ok_and(|named| named == self.named)
    }
}

#[cfg(unix)]
fn id_of(path: &Path) -> io::Result<Option<Id>> {
    use std::os::unix::fs::MetadataExt as _;
    let file = path.metadata()?;
    Ok(Some((file.dev(), file.ino())))
}

/// Returns `None`: other systems do not let an open file be deleted, moved or replaced.
#[cfg(not(unix))]
fn id_of(_: &Path) -> io::Result<Option<Id>> {
    Ok(None)
}
