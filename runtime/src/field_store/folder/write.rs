//! Saves a file: under another name first, and only if it does not exist yet.

use super::fault::{Doing, Fault};
use super::place;
use super::sweep::LEFTOVER_SUFFIX;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use uuid::Uuid;

/// The number of retries when another process removes a folder that was empty for a moment.
const TRIES: usize = 100;

/// Saves `bytes` as the file `path` below `root`; returns when it is on disk.
pub(super) fn save(root: &Path, path: &str, bytes: &[u8]) -> Result<(), Fault> {
    for _ in 0..TRIES {
        match save_once(root, path, bytes) {
            Err(fault) if fault.is_missing() => {}
            outcome => return outcome,
        }
    }
    let error = io::Error::other("another process removes it again and again");
    Err(Fault::new("keep the folder of", &super::below(root, path), error))
}

fn save_once(root: &Path, path: &str, bytes: &[u8]) -> Result<(), Fault> {
    let folder = place::create(root, path)?;
    let target = super::below(root, path);
    if !refresh(&target, bytes) {
        let draft = Draft::write(&folder, bytes)?;
        draft.publish(&target)?;
    }
    place::sync_from(root, &folder)
}

/// Returns whether the file exists and holds `bytes`; then sets its save time to now.
///
/// Comparing is ten times as fast as hashing, and stops at the first difference. A file that cannot be compared is
/// replaced.
fn refresh(target: &Path, bytes: &[u8]) -> bool {
    let plain = target.symlink_metadata().is_ok_and(|found| found.is_file() && found.len() == bytes.len() as u64);
    let refreshed = || {
        let mut file = OpenOptions::new().read(true).write(true).open(target)?;
        if !same(&mut file, bytes)? {
            return Ok(false);
        }
        file.set_modified(SystemTime::now())?;
        file.sync_all()?;
        // A collector may have removed it meanwhile, because of its old time.
        target.try_exists()
    };
    plain && refreshed().unwrap_or(false)
}

fn same(file: &mut File, mut bytes: &[u8]) -> io::Result<bool> {
    let mut chunk = vec![0; 64 * 1024];
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return Ok(bytes.is_empty()),
            Ok(read) => match bytes.strip_prefix(&chunk[..read]) {
                Some(rest) => bytes = rest,
                None => return Ok(false),
            },
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// A file under a name that no reader takes for a content; removed unless it is published.
struct Draft {
    path: PathBuf,
    published: bool,
}

impl Draft {
    /// Writes the draft beside its target: in the same file system, and no delete removes a folder that holds it.
    fn write(folder: &Path, bytes: &[u8]) -> Result<Self, Fault> {
        let path = folder.join(format!("{}{LEFTOVER_SUFFIX}", Uuid::new_v4().simple()));
        let mut file = File::create_new(&path).doing("create the file", &path)?;
        let draft = Self { path, published: false };
        file.write_all(bytes).and_then(|()| file.sync_all()).doing("write the file", &draft.path)?;
        Ok(draft)
    }

    fn publish(mut self, target: &Path) -> Result<(), Fault> {
        std::fs::rename(&self.path, target).doing("give its name to the file", target)?;
        self.published = true;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.published {
            // If this fails too, a later delete or list removes the leftover.
            let _removed = std::fs::remove_file(&self.path);
        }
    }
}
