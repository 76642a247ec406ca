//! Validates the configuration of an engine, and checks that it can resume the runs of its database.

use super::EngineBuilder;
use crate::engine::{
    check::{CheckReport, check},
    error::EngineError,
    requirements, threads,
};
use std::sync::Arc;
use tokio::runtime::Handle;

impl EngineBuilder {
    /// Checks for every unfinished run of the database whether this build can resume it, as
    /// [`Engine::check`](crate::Engine::check) does, without starting an engine: no lease is taken over and nothing is
    /// written.
    ///
    /// A file of SQLite is copied, as it is at one moment, into the system's folder for temporary
    /// files; the copy is migrated to the schema of this build, checked and removed. It takes as much room as the file.
    /// An engine may run on the file meanwhile, also one of an older build. Read permission on the file is enough;
    /// while it is in use (there is a `-wal` beside it), also on its `-wal` and `-shm`. If the engine crashed and left
    /// no `-shm`, SQLite has to create one, and needs permission to do so in the folder.
    ///
    /// # Errors
    /// The database does not exist, was not created by Steadfast or cannot be read or copied, or the configuration is
    /// invalid.
    pub async fn check(self) -> Result<CheckReport, EngineError> {
        self.sensible()?;
        let database = self.database;
        let open = threads::blocking(&Handle::current(), move || database.open_to_check())?;
        let store = open.await.map_err(|_| EngineError::ShuttingDown)??;
        check(store, Arc::new(self.workflows), self.options, self.resources.open()).await
    }

    /// Checks that the parts of the configuration fit together.
    pub(super) fn sensible(&self) -> Result<(), EngineError> {
        if let Some(fault) = self.faults.first() {
            return Err(EngineError::configuration(fault.clone()));
        }
        self.check_queues().map_err(EngineError::configuration)?;
        self.check_resources().map_err(EngineError::configuration)?;
        requirements::check(&self.workflows, &self.options)
    }

    fn check_resources(&self) -> Result<(), String> {
        self.resources.check()?;
        #[cfg(feature = "testing")]
        if !self.options.stubs.is_empty() {
            return Ok(());
        }
        self.declared.iter().try_for_each(|(takes, needs)| self.resources.check_declared(takes, needs))
    }
}
