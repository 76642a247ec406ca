//! The folders that lead to a content: made, checked, and brought to the disk.

use super::fault::{Doing, Fault};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Makes the folder of a store and what leads to it.
pub(super) fn create_root(root: &Path) -> Result<(), Fault> {
    let made: Vec<&Path> = root.ancestors().take_while(|folder| !folder.exists()).collect();
    fs::create_dir_all(root).doing("create the folder", root)?;
    made.iter().filter_map(|folder| folder.parent()).try_for_each(sync)
}

/// Without its folder a store is not empty, but out of reach: a volume that is not mounted must not look like lost contents.
pub(super) fn require_root(root: &Path) -> Result<(), Fault> {
    if root.is_dir() {
        return Ok(());
    }
    let error = io::Error::new(io::ErrorKind::NotConnected, "the folder of the store is not there");
    Err(Fault::new("find", root, error))
}

/// The device that a folder is on, where the system numbers them.
#[cfg(unix)]
pub(super) fn device(root: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt as _;
    root.metadata().ok().map(|folder| folder.dev())
}

#[cfg(not(unix))]
pub(super) fn device(_: &Path) -> Option<u64> {
    None
}

/// The place where a volume is to be mounted is a folder too: what is saved there is hidden once the volume is back.
pub(super) fn require_device(root: &Path, known: Option<u64>) -> Result<(), Fault> {
    match (known, device(root)) {
        (Some(known), Some(found)) if known != found => {
            let what = "it is on another device than when the store was made";
            Err(Fault::new("use the folder", root, io::Error::new(io::ErrorKind::NotConnected, what)))
        }
        _ => Ok(()),
    }
}

/// Makes the folders below `root` that lead to `path` (all but its last segment) and returns the last of them.
pub(super) fn create(root: &Path, path: &str) -> Result<PathBuf, Fault> {
    require_root(root)?;
    let mut folder = root.to_owned();
    for segment in parents(path) {
        folder.push(segment);
        match fs::create_dir(&folder) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => check(&folder)?,
            Err(error) => return Err(Fault::new("create the folder", &folder, error)),
        }
    }
    Ok(folder)
}

/// Finds the folders below `root` that lead to `path` and returns the last of them.
pub(super) fn find(root: &Path, path: &str) -> Result<PathBuf, Fault> {
    require_root(root)?;
    let mut folder = root.to_owned();
    for segment in parents(path) {
        folder.push(segment);
        check(&folder)?;
    }
    Ok(folder)
}

/// Brings the names in `folder` and in all that lead to it from `root` to the disk.
///
/// All of them each time: a folder that was there already may have been made a moment ago, by a process that has not brought
/// its name to the disk yet, or died before.
pub(super) fn sync_from(root: &Path, folder: &Path) -> Result<(), Fault> {
    folder.ancestors().take_while(|folder| folder.starts_with(root)).try_for_each(sync)
}

/// Removes the folders below `root` that lead to `path`, from the innermost up to the first that holds something.
pub(super) fn remove_empty(root: &Path, path: &str) {
    let place = super::below(root, path);
    let mut folders = place.ancestors().skip(1).take_while(|folder| *folder != root);
    // The system refuses to remove a folder that is not empty, so nothing that is saved meanwhile is lost.
    while folders.next().is_some_and(|folder| fs::remove_dir(folder).is_ok()) {}
}

fn parents(path: &str) -> impl Iterator<Item = &str> {
    let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
    folders.split('/').filter(|segment| !segment.is_empty())
}

/// A link may lead out of the store, so it is no folder of ours.
fn check(folder: &Path) -> Result<(), Fault> {
    let kind = fs::symlink_metadata(folder).doing("look at", folder)?.file_type();
    if kind.is_symlink() {
        return Err(Fault::strange("go through", folder, "it is a symbolic link"));
    }
    if !kind.is_dir() {
        return Err(Fault::strange("go through", folder, "it is not a folder"));
    }
    Ok(())
}

#[cfg(unix)]
fn sync(folder: &Path) -> Result<(), Fault> {
    fs::File::open(folder).and_then(|opened| opened.sync_all()).doing("bring to the disk the folder", folder)
}

/// Other systems have no such call; they write the names of files with the files.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, reason = "the same form on all systems")]
fn sync(_folder: &Path) -> Result<(), Fault> {
    Ok(())
}
