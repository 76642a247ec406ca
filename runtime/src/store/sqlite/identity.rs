//! Whether the files that are open are still the ones that their paths name.
//!
//! SQLite goes on with a file that was deleted or replaced: everything it writes is then lost with the last handle.

use super::StoreError;
use crate::store::StoreErrorKind;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// The files of an open database, as they were when it was opened.
#[derive(Debug)]
pub(super) struct Identity {
    database: Known,
    log: Known,
    index: Known,
    /// Whether the last look found one of them gone: then nothing is read or written before the next look.
    gone: AtomicBool,
}

/// A path and the file it named.
#[derive(Debug)]
struct Known {
    path: PathBuf,
    id: Option<Id>,
}

/// Device and file number.
type Id = (u64, u64);

impl Identity {
    /// Remembers the files of the database at this path, which is open.
    pub(super) fn of(path: &Path) -> Self {
        let beside = |suffix: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            Known::at(name.into())
        };
        let (database, log, index) = (Known::at(path.to_owned()), beside("-wal"), beside("-shm"));
        Self { database, log, index, gone: AtomicBool::new(false) }
    }

    /// Checks the files that hold what was committed: the database and its log.
    pub(super) fn check(&self, name: &str) -> Result<(), StoreError> {
        self.look(name, &[&self.database, &self.log])
    }

    /// Checks all files. The index of the log holds no data, but other processes would miss our locks on it.
    pub(super) fn check_all(&self, name: &str) -> Result<(), StoreError> {
        self.look(name, &[&self.database, &self.log, &self.index])
    }

    /// Checks all files if the last look found one of them gone: it may have been moved back.
    pub(super) fn check_again(&self, name: &str) -> Result<(), StoreError> {
        if self.gone.load(Ordering::Acquire) { self.check_all(name) } else { Ok(()) }
    }

    /// Whether the files are certainly ours to remove or to write over by their names.
    pub(super) fn is_intact(&self) -> bool {
        [&self.database, &self.log, &self.index].into_iter().all(|known| known.fault().is_none())
    }

    fn look(&self, name: &str, files: &[&Known]) -> Result<(), StoreError> {
        let fault = files.iter().find_map(|known| known.fault().map(|fault| (known, fault)));
        let Some((known, fault)) = fault else {
            // One look at two of the files does not clear what was said of the third.
            if files.len() == 3 && self.gone.swap(false, Ordering::AcqRel) {
                tracing::info!(database = name, "the files of the database are back, and the engine goes on");
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
        Self { path, id }
    }

    /// What has become of the file, if the path names it no longer.
    fn fault(&self) -> Option<&'static str> {
        let known = self.id?;
        match id_of(&self.path) {
            Ok(Some(found)) if found != known => Some("was replaced by another file"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some("was deleted or moved"),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => Some("was deleted or moved"),
            // A folder that cannot be searched at the moment says nothing of the file.
            _ => None,
        }
    }
}

#[cfg(unix)]
fn id_of(path: &Path) -> io::Result<Option<Id>> {
    use std::os::unix::fs::MetadataExt as _;
    let file = path.metadata()?;
    Ok(Some((file.dev(), file.ino())))
}

/// Elsewhere a file that is open cannot be deleted, moved or replaced.
#[cfg(not(unix))]
fn id_of(_: &Path) -> io::Result<Option<Id>> {
    Ok(None)
}
