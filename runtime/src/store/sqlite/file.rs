//! Whether a path can be a database of ours, before SQLite looks at it.

use crate::store::{StoreError, StoreErrorKind};
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

/// How every SQLite file with something in it begins.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// The absolute path, if there is a folder for it and it is not a file of another kind. Changes nothing.
pub(super) fn looked_at(path: &Path) -> Result<PathBuf, StoreError> {
    let name = path.display();
    if path.as_os_str().is_empty() || path == Path::new(":memory:") {
        return Err(not_ours(format!("`{name}` names no file; give a path, or use MemoryStore")));
    }
    let full = std::path::absolute(path).map_err(|error| unusable(format!("{name}: {error}")))?;
    let folder = full.parent().unwrap_or(&full);
    if !folder.is_dir() {
        return Err(unusable(format!(
            "{name}: there is no folder {}; make it, or choose another path",
            folder.display()
        )));
    }
    if full.is_dir() {
        return Err(not_ours(format!(
            "{name} is a folder; give the path of a file, such as {}",
            path.join("steadfast.db").display()
        )));
    }
    match File::open(&full) {
        Ok(file) => begins_well(file, path)?,
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => {
            return Err(unusable(format!("{name} cannot be read ({error}); allow this user to read and write it")));
        }
    }
    Ok(full)
}

fn begins_well(file: File, path: &Path) -> Result<(), StoreError> {
    let mut start = Vec::new();
    file.take(MAGIC.len() as u64).read_to_end(&mut start).map_err(|error| {
        StoreError::new(StoreErrorKind::Io, format!("{}: cannot be read ({error}); look at the disk", path.display()))
    })?;
    if start.is_empty() || start == MAGIC {
        return Ok(());
    }
    Err(not_ours(format!(
        "{} holds something that is not an SQLite database; it was left as it is. Choose another path",
        path.display()
    )))
}

pub(super) fn not_ours(message: String) -> StoreError {
    StoreError::new(StoreErrorKind::NotOurs, message)
}

fn unusable(message: String) -> StoreError {
    StoreError::new(StoreErrorKind::ReadOnly, message)
}
