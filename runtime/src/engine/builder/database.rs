//! The choice of a database, until it is opened.

use super::EngineBuilder;
use crate::engine::error::EngineError;
use crate::store::{Durability, MemoryStore, SqliteStore, Store};
#[cfg(feature = "postgres")]
use crate::store::{PgOptions, StoreError};
use std::path::PathBuf;
use std::sync::Arc;

pub(super) enum Database {
    None,
    Memory,
    Sqlite(PathBuf),
    /// The options, or what is wrong with the connection string.
    #[cfg(feature = "postgres")]
    Postgres(Box<Result<PgOptions, StoreError>>),
    Store(Arc<dyn Store>),
}

impl EngineBuilder {
    /// Stores everything in this SQLite file, which is created if it is missing. Its folder must be writable and on a
    /// local disk.
    pub fn sqlite(mut self, path: impl Into<PathBuf>) -> Self {
        self.database = Database::Sqlite(path.into());
        self
    }

    /// Stores everything in a database of Postgres, which several processes on several machines may share: a connection
    /// string such as `postgres://user@host/database`, or [`PgOptions`](crate::store::PgOptions).
    ///
    /// ```no_run
    /// # use steadfast::prelude::*;
    /// # async fn example() -> std::result::Result<(), EngineError> {
    /// let engine = Engine::builder().postgres("postgres://app@db.example/orders").start().await?;
    /// # drop(engine);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "postgres")]
    #[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
    pub fn postgres<O>(mut self, options: O) -> Self
    where
        O: TryInto<PgOptions>,
        StoreError: From<O::Error>,
    {
        self.database = Database::Postgres(Box::new(options.try_into().map_err(StoreError::from)));
        self
    }

    /// Keeps everything in memory: for tests, and where a crash may lose everything.
    pub fn in_memory(mut self) -> Self {
        self.database = Database::Memory;
        self
    }

    /// Stores everything in this store.
    pub fn store(mut self, store: impl Store) -> Self {
        self.database = Database::Store(Arc::new(store));
        self
    }
}

/// Opens the chosen database, on a thread that may block.
///
/// # Errors
/// None was chosen, or it cannot be opened.
pub(super) fn open(database: Database, durability: Durability) -> Result<Arc<dyn Store>, EngineError> {
    Ok(match database {
        Database::None => {
            return Err(EngineError::configuration(
                "no database was chosen: add `.sqlite(path)` or `.in_memory()`".into(),
            ));
        }
        Database::Memory => Arc::new(MemoryStore::new()),
        Database::Store(store) => store,
        #[cfg(feature = "postgres")]
        Database::Postgres(options) => Arc::new((*options)?.open()?),
        Database::Sqlite(path) => Arc::new(SqliteStore::open(path, durability)?),
    })
}
