//! What can be chosen when a file is opened.

use super::SqliteStore;
use crate::store::{Durability, StoreError};
use std::path::Path;
use std::time::Duration;

/// How long a commit waits for another process that writes to the same file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// What can be chosen before a file is opened: see [`SqliteStore::options`].
#[derive(Clone, Debug)]
#[must_use]
pub struct SqliteOptions {
    pub(super) durability: Durability,
    pub(super) busy_timeout: Duration,
    pub(super) max_pages: Option<u32>,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { durability: Durability::Full, busy_timeout: BUSY_TIMEOUT, max_pages: None }
    }
}

impl SqliteOptions {
    /// What a commit has survived when it is answered; [`Durability::Full`] unless said otherwise.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// How long to wait while another process writes to the file before that is an error; 5 seconds unless said
    /// otherwise.
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// The size that the file may grow to, in pages (of 4096 bytes, unless you made the file with another size). A
    /// larger one is answered like a full disk.
    pub fn max_pages(mut self, pages: u32) -> Self {
        self.max_pages = Some(pages);
        self
    }

    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn open(&self, path: impl AsRef<Path>) -> Result<SqliteStore, StoreError> {
        super::open::open(path.as_ref(), self)
    }

    /// Opens a copy of the file in the folder of the system for temporary files, which goes when the store is dropped.
    /// The file itself is only read, and its schema may be older.
    ///
    /// # Errors
    /// The file is not one of ours, of a newer version, or cannot be read or copied.
    pub(crate) fn open_copy(&self, path: impl AsRef<Path>) -> Result<SqliteStore, StoreError> {
        super::copy::open_copy(path.as_ref(), self)
    }
}
