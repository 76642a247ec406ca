//! The database of a scenario: in memory, or a file for workflows with transactions.

use crate::store::{Durability, Lease, MemoryStore, SqliteStore, Store, Write, Written};
use rusqlite::Connection;
use std::path::{Path, PathBuf};

/// A database, with the user's own tables in it.
pub(super) struct Database {
    store: Box<dyn Store>,
    /// The folder of the file; dropped after the store.
    folder: Option<Folder>,
}

/// A folder that is removed with its contents.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // Best effort: it is in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Database {
    /// Creates one in memory, or, if there are statements that create the user's tables, a new file with them.
    pub(super) fn new(statements: &[String]) -> Result<Self, String> {
        if statements.is_empty() {
            return Ok(Self { store: Box::new(MemoryStore::new()), folder: None });
        }
        let folder = std::env::temp_dir().join(format!("steadfast-test-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let folder = Folder(folder);
        let store = SqliteStore::open(file(&folder.0), Durability::Relaxed).map_err(|error| error.to_string())?;
        let connection = Connection::open(file(&folder.0)).map_err(|error| error.to_string())?;
        for statement in statements {
            connection.execute_batch(statement).map_err(|error| format!("`{statement}`: {error}"))?;
        }
        Ok(Self { store: Box::new(store), folder: Some(folder) })
    }

    /// Returns each of the user's tables with its number of rows.
    pub(super) fn rows(&self) -> Result<Vec<(String, i64)>, String> {
        let Some(folder) = &self.folder else { return Ok(Vec::new()) };
        let counted = || {
            let connection = Connection::open(file(&folder.0))?;
            let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'
                AND name NOT LIKE 'steadfast\\_%' ESCAPE '\\' ORDER BY name";
            let mut tables = connection.prepare(tables)?;
            let names = tables.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
            let count = |name: String| {
                let query = format!("SELECT count(*) FROM \"{}\"", name.replace('"', "\"\""));
                connection.query_row(&query, [], |row| row.get(0)).map(|rows| (name, rows))
            };
            names.into_iter().map(count).collect::<Result<Vec<_>, rusqlite::Error>>()
        };
        counted().map_err(|error| error.to_string())
    }

    pub(super) fn open_lease(&self) -> Result<Lease, String> {
        match self.write(Write::OpenLease { owner: "crash-test".into() })? {
            Written::Number(number) => Ok(Lease { number, epoch: 1 }),
            other => Err(format!("opening a lease gave {other:?}")),
        }
    }

    pub(super) fn write(&self, write: Write) -> Result<Written, String> {
        let answers = self.store.commit(&[write]).map_err(|error| error.to_string())?;
        answers.into_iter().next().ok_or("no answer")?.map_err(|rejected| format!("a write was rejected: {rejected:?}"))
    }
}

impl std::ops::Deref for Database {
    type Target = dyn Store;

    fn deref(&self) -> &(dyn Store + 'static) {
        &*self.store
    }
}

fn file(folder: &Path) -> PathBuf {
    folder.join("test.db")
}
