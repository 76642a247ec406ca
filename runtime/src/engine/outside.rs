//! Reads the database for users, without delaying the engine's own loads.

use super::error::EngineError;
use super::threads;
use crate::store::{Store, StoreError};
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// The number of user queries run at a time. The others wait without a thread, since loads need threads too.
const AT_ONCE: usize = 8;

/// The store for user queries.
pub(super) struct Outside {
    store: Arc<dyn Store>,
    turns: Semaphore,
}

impl Outside {
    pub(super) fn of(store: &Arc<dyn Store>) -> Self {
        Self { store: store.for_users().unwrap_or_else(|| store.clone()), turns: Semaphore::new(AT_ONCE) }
    }

    /// Runs a query on a thread that may block, when it is its turn.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        runtime: &Handle,
        read: impl FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, EngineError> {
        let store = self.store.clone();
        if !store.waits() {
            return Ok(read(&*store)?);
        }
        // The semaphore is never closed.
        let _turn = self.turns.acquire().await;
        let task = threads::blocking(runtime, move || read(&*store))?;
        Ok(task.await.map_err(|_| EngineError::ShuttingDown)??)
    }
}
