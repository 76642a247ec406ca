//! The choice of a database, until it is opened.

use super::EngineBuilder;
use crate::engine::error::EngineError;
#[cfg(feature = "sqlite")]
use crate::store::{Durability, SqliteStore};
use crate::store::{MemoryStore, Store};
#[cfg(feature = "postgres")]
use crate::store::{PgOptions, StoreError};
#[cfg(feature = "sqlite")]
use std::path::PathBuf;
use std::sync::Arc;

/// The chosen database.
pub(super) struct Database {
    pub(super) chosen: Chosen,
    #[cfg(feature = "sqlite")]
    durability: Durability,
}

pub(super) enum Chosen {
    None,
    Memory,
    #[cfg(feature = "sqlite")]
    Sqlite(PathBuf),
    /// The options, or what is wrong with the connection string.
    #[cfg(feature = "postgres")]
    Postgres(Box<Result<PgOptions, StoreError>>),
    Store(Arc<dyn Store>),
}

impl EngineBuilder {
    /// Stores everything in this SQLite file, which is created if it is missing. Its folder must be writable and on a
    /// local disk.
    #[cfg(feature = "sqlite")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
    pub fn sqlite(mut self, path: impl Into<PathBuf>) -> Self {
        self.database.chosen = Chosen::Sqlite(path.into());
        self
    }

    /// Sets what a power cut may lose, for [`sqlite`](Self::sqlite); [`Durability::Full`] (nothing) unless chosen
    /// otherwise.
    #[cfg(feature = "sqlite")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.database.durability = durability;
        self
    }

    /// Stores everything in a database of Postgres, which several processes on several machines may share: a connection
    /// string such as `postgres://user@host/database`, or [`PgOptions`](crate::store::PgOptions).
    ///
    /// ```no_run
    /// # use steadfast::prelude::*;
    /// # async fn example() -> Result<()> {
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
        self.database.chosen = Chosen::Postgres(Box::new(options.try_into().map_err(StoreError::from)));
        self
    }

    /// Keeps everything in memory: for tests, and where a crash may lose everything.
    pub fn in_memory(mut self) -> Self {
        self.database.chosen = Chosen::Memory;
        self
    }

    /// Stores everything in this store.
    pub fn store(mut self, store: impl Store) -> Self {
        self.database.chosen = Chosen::Store(Arc::new(store));
        self
    }
}

impl Database {
    pub(super) const fn none() -> Self {
        Self {
            chosen: Chosen::None,
            #[cfg(feature = "sqlite")]
            durability: Durability::Full,
        }
    }

    /// Opens it, on a thread that may block.
    ///
    /// # Errors
    /// None was chosen, or it cannot be opened.
    pub(super) fn open(self) -> Result<Arc<dyn Store>, EngineError> {
        Ok(match self.chosen {
            Chosen::None => {
                return Err(EngineError::configuration(format!("no database was chosen: add {}", choices())));
            }
            Chosen::Memory => Arc::new(MemoryStore::new()),
            Chosen::Store(store) => store,
            #[cfg(feature = "postgres")]
            Chosen::Postgres(options) => Arc::new((*options)?.open()?),
            #[cfg(feature = "sqlite")]
            Chosen::Sqlite(path) => Arc::new(SqliteStore::open(path, self.durability)?),
        })
    }

    /// Opens it for a check, which writes nothing: a file is copied.
    ///
    /// # Errors
    /// Those of [`open`](Self::open), or there is no such file.
    pub(super) fn open_to_check(self) -> Result<Arc<dyn Store>, EngineError> {
        #[cfg(feature = "sqlite")]
        if let Chosen::Sqlite(path) = self.chosen {
            if !path.exists() {
                let message = format!("{}: there is no such database to check", path.display());
                return Err(EngineError::configuration(message));
            }
            return Ok(Arc::new(SqliteStore::options().open_copy(path)?));
        }
        #[cfg(feature = "postgres")]
        if let Chosen::Postgres(options) = self.chosen {
            return Ok(Arc::new((*options)?.without_migrations().poll_only().open()?));
        }
        self.open()
    }
}

/// Returns the methods that choose a database, in the words of an error.
const fn choices() -> &'static str {
    match (cfg!(feature = "sqlite"), cfg!(feature = "postgres")) {
        (true, true) => "`.sqlite(path)`, `.postgres(url)` or `.in_memory()`",
        (true, false) => "`.sqlite(path)` or `.in_memory()`",
        (false, true) => "`.postgres(url)` or `.in_memory()`; a file, `.sqlite(path)`, needs the feature `sqlite`",
        (false, false) => "`.in_memory()` or `.store(..)`; a file, `.sqlite(path)`, needs the feature `sqlite`",
    }
}
