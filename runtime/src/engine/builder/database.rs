//! The chosen database, until it is opened.

use crate::engine::{error::EngineError, threads};
use crate::store::{Durability, MemoryStore, SqliteStore, Store};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::runtime::Handle;

pub(super) enum Database {
    None,
    Memory,
    Sqlite(PathBuf),
    Store(Arc<dyn Store>),
}

/// Opens the chosen database.
///
/// # Errors
/// None was chosen, or it cannot be opened.
pub(super) async fn open(database: Database, durability: Durability) -> Result<Arc<dyn Store>, EngineError> {
    Ok(match database {
        Database::None => {
            return Err(EngineError::configuration(
                "no database was chosen: add `.sqlite(path)` or `.in_memory()`".into(),
            ));
        }
        Database::Memory => Arc::new(MemoryStore::new()),
        Database::Store(store) => store,
        Database::Sqlite(path) => {
            let open = threads::blocking(&Handle::current(), move || SqliteStore::open(path, durability))?;
            Arc::new(open.await.map_err(|_| EngineError::ShuttingDown)??)
        }
    })
}
