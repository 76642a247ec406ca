//! The operations of a collection: list, delete, and the removal of files that crashed saves left behind.

use super::fault::{Doing, Fault};
use super::place;
use crate::field_store::{
    StoredField,
    segment::{LONGEST, encode},
};
use std::fs::{self, DirEntry};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// The suffix of a file that is being written. The name of a content has no dot.
pub(super) const LEFTOVER_SUFFIX: &str = ".tmp";

/// The age after which a leftover is removed: no save takes longer, so its process is dead.
const OLD: Duration = Duration::from_hours(24);

/// The number of folders between that of the database and a content.
const LEVELS: usize = 3;

/// Removes the file `path` below `root`, and the folders that become empty.
pub(super) fn delete(root: &Path, path: &str) -> Result<(), Fault> {
    let folder = match place::find(root, path) {
        Err(fault) if fault.is_missing() => return Ok(()),
        found => found?,
    };
    let file = super::below(root, path);
    match fs::remove_file(&file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Fault::new("remove", &file, error)),
        _ => {}
    }
    for entry in entries(&folder)? {
        remove_if_old_leftover(&entry);
    }
    place::remove_empty(root, path);
    Ok(())
}

/// Returns all contents of one database.
pub(super) fn list(root: &Path, database: &str) -> Result<Vec<StoredField>, Fault> {
    place::require_root(root)?;
    let database = encode(database, LONGEST);
    let folder = root.join(&database);
    let mut found = Vec::new();
    if folder.symlink_metadata().is_ok_and(|found| found.is_dir()) {
        visit(&folder, &database, LEVELS, &mut found)?;
    }
    Ok(found)
}

fn visit(folder: &Path, path: &str, levels: usize, found: &mut Vec<StoredField>) -> Result<(), Fault> {
    for entry in entries(folder)? {
        let Ok(kind) = entry.file_type() else { continue };
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let path = format!("{path}/{name}");
        if levels > 0 && kind.is_dir() {
            visit(&entry.path(), &path, levels - 1, found)?;
        } else if levels == 0 && kind.is_file() && !remove_if_old_leftover(&entry) {
            let saved_at = entry.metadata().and_then(|metadata| metadata.modified()).ok();
            found.extend(StoredField::parse(&path).map(|stored| stored.with_saved_at(saved_at)));
        }
    }
    Ok(())
}

/// Returns the entries of a folder; none if it was removed meanwhile.
fn entries(folder: &Path) -> Result<Vec<DirEntry>, Fault> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        opened => opened.and_then(Iterator::collect).doing("read the folder", folder),
    }
}

/// Returns whether this file is a leftover or being written, and removes it if it is old.
fn remove_if_old_leftover(entry: &DirEntry) -> bool {
    let leftover = entry.file_name().to_str().is_some_and(|name| name.ends_with(LEFTOVER_SUFFIX));
    let modified = entry.metadata().and_then(|metadata| metadata.modified());
    let age = modified.map(|time| SystemTime::now().duration_since(time).unwrap_or_default());
    if leftover && age.is_ok_and(|age| age > OLD) {
        // Another collector may have been faster; otherwise the next list tries again.
        let _removed = fs::remove_file(entry.path());
    }
    leftover
}
