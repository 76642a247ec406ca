//! The options for opening a file.

use super::SqliteStore;
use crate::store::{Durability, StoreError};
use std::path::Path;
use std::time::Duration;

/// The time that a commit waits for another process that writes to the same file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The options for opening a file: see [`SqliteStore::options`].
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
    /// Sets the failures that an answered commit survives; [`Durability::Full`] by default.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Sets how long to wait while another process writes to the file before that is an error; 5 seconds by default.
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// Sets the size that the file may grow to, in pages (of 4096 bytes, unless you created the file with another
    /// size). A larger one is an error, like a full disk.
    pub fn max_pages(mut self, pages: u32) -> Self {
        self.max_pages = Some(pages);
        self
    }

    /// Opens the file, or creates it.
    ///
    /// # Errors
    /// Those of [`SqliteStore::open`].
    pub fn open(&self, path: impl AsRef<Path>) -> Result<SqliteStore, StoreError> {
        super::open::open(path.as_ref(), self)
    }

    /// Opens a copy of the file in the system's folder for temporary files, which is removed when the store is dropped.
    /// The file itself is only read, and its schema may be older.
    ///
    /// # Errors
    /// The file is not a Steadfast database, is of a newer version, or cannot be read or copied.
    pub(crate) fn open_copy(&self, path: impl AsRef<Path>) -> Result<SqliteStore, StoreError> {
        super::copy::open_copy(path.as_ref(), self)
    }
}
