//! A bank that charges once for each idempotency key: a folder with a file for each charge.

use std::io::{Error, ErrorKind};
use std::path::PathBuf;
use std::time::Duration;

/// The bank.
#[derive(Clone, Debug)]
pub struct Bank {
    folder: PathBuf,
    pause: Duration,
}

impl Bank {
    /// Creates a bank that keeps its charges in this folder, and takes `pause` for each.
    ///
    /// # Errors
    /// The folder cannot be created.
    pub fn new(folder: impl Into<PathBuf>, pause: Duration) -> std::io::Result<Self> {
        let folder = folder.into();
        std::fs::create_dir_all(&folder)?;
        Ok(Self { folder, pause })
    }

    /// Charges once for a key. A repetition returns the same number.
    ///
    /// # Errors
    /// The folder cannot be written to.
    pub(crate) async fn charge(&self, key: &str, cents: u64) -> std::io::Result<String> {
        match std::fs::File::create_new(self.folder.join(key)) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        tokio::time::sleep(self.pause).await;
        let number = key.get(..8).ok_or_else(|| Error::other("the key is too short"))?;
        Ok(format!("{number}-{cents}"))
    }
}
