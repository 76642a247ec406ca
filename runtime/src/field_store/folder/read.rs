//! Loads a whole file.

use super::fault::{Doing, Fault};
use super::place;
use bytes::Bytes;
use std::path::Path;

/// Returns the bytes of the file `path` below `root`, in one allocation of their size.
pub(super) fn load(root: &Path, path: &str) -> Result<Bytes, Fault> {
    place::find(root, path)?;
    let file = super::below(root, path);
    let found = file.symlink_metadata().doing("look at", &file)?;
    if !found.is_file() {
        return Err(Fault::strange("read", &file, "it is not a plain file"));
    }
    std::fs::read(&file).map(Bytes::from).doing("read", &file)
}
