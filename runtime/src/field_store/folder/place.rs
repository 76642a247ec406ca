//! The parent folders of a content: created, checked, and synced to disk.

use super::fault::{Doing, Fault};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Creates the folder of a store and its parents.
pub(super) fn create_root(root: &Path) -> Result<(), Fault> {
    let made: Vec<&Path> = root.ancestors().take_while(|folder| !folder.exists()).collect();
    fs::create_dir_all(root).doing("create the folder", root)?;
    made.iter().filter_map(|folder| folder.parent()).try_for_each(sync)
}

/// Checks that the folder of a store exists. Without it the store is unreachable, not empty: an unmounted volume must
/// not look like lost contents.
pub(super) fn require_root(root: &Path) -> Result<(), Fault> {
    if root.is_dir() {
        return Ok(());
    }
    let error = io::Error::new(io::ErrorKind::NotConnected, "the folder of the store is not there");
    Err(Fault::new("find", root, error))
}

/// Returns the device of a folder, where the system numbers devices.
#[cfg(unix)]
pub(super) fn device(root: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt as _;
    root.metadata().ok().map(|folder| folder.dev())
}

#[cfg(not(unix))]
pub(super) fn device(_: &Path) -> Option<u64> {
    None
}

/// Checks that the folder is on the same device as before. The mount point of a volume is a folder too, and files saved
/// there are hidden once the volume is back.
pub(super) fn require_device(root: &Path, known: Option<u64>) -> Result<(), Fault> {
    match (known, device(root)) {
        (Some(known), Some(found)) if known != found => {
            let what = "it is on another device than when the store was made";
            Err(Fault::new("use the folder", root, io::Error::new(io::ErrorKind::NotConnected, what)))
        }
        _ => Ok(()),
    }
}

/// Creates the parent folders of `path` below `root`, and returns the innermost.
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

/// Finds the parent folders of `path` below `root`, and returns the innermost.
pub(super) fn find(root: &Path, path: &str) -> Result<PathBuf, Fault> {
    require_root(root)?;
    let mut folder = root.to_owned();
    for segment in parents(path) {
        folder.push(segment);
        check(&folder)?;
    }
    Ok(folder)
}

/// Syncs the names in `folder` and in its parents up to `root` to disk.
///
/// Always all of them: an existing folder may have been created just now by a process that has not synced its name yet,
/// or that died before.
pub(super) fn sync_from(root: &Path, folder: &Path) -> Result<(), Fault> {
    folder.ancestors().take_while(|folder| folder.starts_with(root)).try_for_each(sync)
}

/// Removes the empty parent folders of `path` below `root`, from the innermost outwards.
pub(super) fn remove_empty(root: &Path, path: &str) {
    let place = super::below(root, path);
    let mut folders = place.ancestors().skip(1).take_while(|folder| *folder != root);
    // The system refuses to remove a folder that is not empty, so a concurrent save loses no file.
    while folders.next().is_some_and(|folder| fs::remove_dir(folder).is_ok()) {}
}

fn parents(path: &str) -> impl Iterator<Item = &str> {
    let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
    folders.split('/').filter(|segment| !segment.is_empty())
}

/// Checks that this is a folder and no link, which might lead out of the store.
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

/// Does nothing: other systems have no such call, and write the names of files with the files.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, reason = "the same form on all systems")]
fn sync(_folder: &Path) -> Result<(), Fault> {
    Ok(())
}
