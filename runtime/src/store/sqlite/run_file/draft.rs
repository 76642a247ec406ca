//! A file that gets its name only once it is complete.

use super::sealed;
use crate::store::{StoreError, StoreErrorKind};
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// A file that is being written under another name beside its own; removed on drop.
#[derive(Debug)]
pub(super) struct Draft {
    path: PathBuf,
    pub(super) draft: PathBuf,
}

impl Draft {
    pub(super) fn create(path: &Path) -> Result<Self, StoreError> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", uuid::Uuid::new_v4().simple()));
        let draft = path.with_file_name(name);
        File::create_new(&draft).map_err(|error| unwritable(path, error))?;
        Ok(Self { path: path.to_owned(), draft })
    }

    /// Seals the file, syncs it to disk and renames it; returns its size in bytes.
    pub(super) fn finish(self) -> Result<u64, StoreError> {
        self.named().map_err(|error| unwritable(&self.path, error))
    }

    fn named(&self) -> io::Result<u64> {
        let mut file = OpenOptions::new().read(true).append(true).open(&self.draft)?;
        let bytes = sealed::seal(&mut file)?;
        file.sync_all()?;
        drop(file);
        std::fs::rename(&self.draft, &self.path)?;
        sync_folder(&self.path)?;
        Ok(bytes)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Best effort: after the rename this name does not exist.
        let _ = std::fs::remove_file(&self.draft);
    }
}

/// Syncs the folder, so that the name of a file is durable.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Does nothing: other systems cannot open a folder as a file, and the name is durable with the file.
#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

fn unwritable(path: &Path, why: io::Error) -> StoreError {
    let message = format!("the file `{}` cannot be written: {why}", path.display());
    StoreError::new(StoreErrorKind::Io, message).caused_by(why)
}
