//! Whether an engine that is being put together makes sense, and can go on with what is in its database.

use super::EngineBuilder;
use super::database::{Database, open};
use crate::engine::{
    check::{CheckReport, check},
    error::EngineError,
    requirements, threads,
};
use crate::store::{SqliteStore, Store};
use std::sync::Arc;
use tokio::runtime::Handle;

impl EngineBuilder {
    /// Says for every unfinished run of the database whether this build can go on with it, as
    /// [`Engine::check`](crate::Engine::check) does, without starting an engine: nothing is taken over and nothing is written.
    ///
    /// The file of [`sqlite`](Self::sqlite) is copied into the system's folder for temporary files, as it is at one
    /// moment; the copy is brought to the schema of this build, checked and removed. It takes as much room as the file. An
    /// engine may run on the file meanwhile, also one of an older build. The right to read the file is enough, and while
    /// it is in use (there is a `-wal` beside it) to read its `-wal` and `-shm` too; if the engine has crashed and left no
    /// `-shm`, SQLite has to make one, and needs the right to do so in the folder.
    ///
    /// # Errors
    /// The database does not exist, is none of Steadfast or cannot be read or copied, or the configuration makes no
    /// sense.
    pub async fn check(self) -> Result<CheckReport, EngineError> {
        self.sensible()?;
        if let Database::Sqlite(path) = &self.database
            && !path.exists()
        {
            let message = format!("{}: there is no such database to check", path.display());
            return Err(EngineError::configuration(message));
        }
        let store: Arc<dyn Store> = match self.database {
            Database::Sqlite(path) => {
                let open = threads::blocking(&Handle::current(), move || SqliteStore::options().open_copy(path))?;
                Arc::new(open.await.map_err(|_| EngineError::ShuttingDown)??)
            }
            database => open(database, self.durability).await?,
        };
        check(store, Arc::new(self.workflows), self.options, self.resources.open()).await
    }

    /// Whether what was put together fits together.
    pub(super) fn sensible(&self) -> Result<(), EngineError> {
        if let Some(twice) = self.twice.first() {
            return Err(EngineError::configuration(twice.clone()));
        }
        self.check_resources().map_err(EngineError::configuration)?;
        requirements::check(&self.workflows, &self.options)
    }

    fn check_resources(&self) -> Result<(), String> {
        self.resources.check()?;
        #[cfg(feature = "testing")]
        if !self.options.stubs.is_empty() {
            return Ok(());
        }
        self.declared.iter().try_for_each(|(workflow, needs)| self.resources.check_workflow(workflow, needs))
    }
}
