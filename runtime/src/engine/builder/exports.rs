//! Checks that a build can resume the runs in export files.

use super::EngineBuilder;
use crate::engine::Engine;
use crate::engine::check::{CheckReport, check};
use crate::engine::error::EngineError;
use crate::field_store::{AnyFieldStore, MemoryFieldStore};
use crate::panics::Held;
use crate::store::MemoryStore;
use std::path::PathBuf;
use std::sync::Arc;

impl EngineBuilder {
    /// Checks for the unfinished runs in files of [`Run::export`](crate::Run::export) whether this build can resume them, as
    /// [`check`](Self::check) does for those of a database.
    ///
    /// The files are imported into memory, with the contents of their field stores; neither the database nor the field
    /// stores of this builder are touched. A file takes as much memory as it is large.
    ///
    /// # Errors
    /// A file does not exist, is not a run file or is damaged, two files have runs of the same id, keys or field stores are
    /// missing, or the configuration is invalid.
    pub async fn check_exports(self, files: Vec<PathBuf>) -> Result<CheckReport, EngineError> {
        self.sensible()?;
        let memory = MemoryStore::new();
        let stores = self.options.stores.keys().map(|name| {
            let store: Arc<dyn AnyFieldStore> = Arc::new(Held::new(MemoryFieldStore::new()));
            (name.clone(), store)
        });
        let mut importing = Engine::builder().store(memory.clone()).client();
        importing.options.stores = Arc::new(stores.collect());
        importing.options.cipher = self.options.cipher.clone();
        importing.options.limits = self.options.limits;
        let mut options = self.options;
        options.stores = importing.options.stores.clone();
        let engine = importing.start().await?;
        for file in files {
            engine.import(file).await?;
        }
        check(Arc::new(memory), Arc::new(self.workflows), options, self.resources.open()).await
    }
}
