//! A scenario's file of SQLite.

use super::{Counts, Database};
use crate::store::{Durability, SqliteStore};
use rusqlite::Connection;
use std::path::{Path, PathBuf};

/// A folder that is removed with its contents.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // Best effort: it is in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Creates a file with the user's tables.
pub(super) fn create(statements: &[String]) -> Result<Database, String> {
    let folder = std::env::temp_dir().join(format!("steadfast-test-{}", uuid::Uuid::new_v4().simple()));
    std::fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let folder = Folder(folder);
    let path = folder.0.join("test.db");
    let store = SqliteStore::open(&path, Durability::Relaxed).map_err(|error| error.to_string())?;
    let connection = Connection::open(&path).map_err(|error| error.to_string())?;
    for statement in statements {
        connection.execute_batch(statement).map_err(|error| format!("`{statement}`: {error}"))?;
    }
    let count = move || count(&folder.0.join("test.db")).map_err(|error| error.to_string());
    Ok(Database { store: Box::new(store), count: Box::new(count), memory: None })
}

fn count(path: &Path) -> rusqlite::Result<Counts> {
    let connection = Connection::open(path)?;
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'
        AND name NOT LIKE 'steadfast\\_%' ESCAPE '\\' ORDER BY name";
    let mut tables = connection.prepare(tables)?;
    let names = tables.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    let count = |name: String| {
        let query = format!("SELECT count(*) FROM \"{}\"", name.replace('"', "\"\""));
        connection.query_row(&query, [], |row| row.get(0)).map(|rows| (name, rows))
    };
    names.into_iter().map(count).collect()
}
