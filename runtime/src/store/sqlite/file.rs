//! Checks whether a path can be a database of the engine, before SQLite opens it.

use crate::store::{StoreError, StoreErrorKind};
use std::path::{Path, PathBuf};

/// The smallest file that SQLite has written anything into. SQLite takes a smaller one for empty, and overwrites it.
const LEAST: u64 = 512;

/// Returns the absolute path, if its folder exists and it is not a folder itself.
///
/// This does not open the file: closing it would drop the locks that SQLite holds on it elsewhere in this process.
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
    if full.metadata().is_ok_and(|file| (1..LEAST).contains(&file.len())) {
        return Err(not_a_database(&name.to_string()));
    }
    Ok(full)
}

pub(super) fn not_a_database(name: &str) -> StoreError {
    not_ours(format!(
        "{name} holds something that is not an SQLite database; it was left as it is. Choose another path"
    ))
}

pub(super) fn not_ours(message: String) -> StoreError {
    StoreError::new(StoreErrorKind::NotOurs, message)
}

fn unusable(message: String) -> StoreError {
    StoreError::new(StoreErrorKind::ReadOnly, message)
}
