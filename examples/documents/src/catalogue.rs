//! The catalogue: the user's own SQLite file, with one row for each document.

use crate::settings::{Settings, say};
use crate::workflow::LibraryStored;
use rusqlite::{Connection, params};
use std::sync::{Arc, Mutex, PoisonError};
use steadfast::prelude::*;

/// A connection that all clones share. It cannot be serialized, so it is a transient field: each process opens its own.
#[derive(Clone, Debug)]
pub(crate) struct Catalogue(Arc<Mutex<Connection>>);

/// Opens the catalogue. This restore hook runs once in each process, before the first step that reads the context.
pub(crate) async fn open_catalogue(stored: &LibraryStored, resources: &Resources) -> Result<Catalogue> {
    let path = &resources.get::<Settings>().await?.catalogue;
    let connection = Connection::open(path)?;
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS documents (key TEXT PRIMARY KEY, folder TEXT, name TEXT, title TEXT, words INTEGER)",
    )?;
    say(&format!("opened {} for {}", path.display(), stored.folder));
    Ok(Catalogue(Arc::new(Mutex::new(connection))))
}

impl Catalogue {
    /// Inserts a document. A repetition with the same key finds the row and changes nothing.
    ///
    /// # Errors
    /// The file cannot be written. Whether the row exists is then unknown.
    pub(crate) fn enter(&self, key: &str, folder: &str, name: &str, title: &str, words: u32) -> rusqlite::Result<()> {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let insert = "INSERT INTO documents VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING";
        connection.execute(insert, params![key, folder, name, title, words])?;
        Ok(())
    }
}
