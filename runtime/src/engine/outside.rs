//! What users ask of the database: it never holds up the engine's own loads.

use super::error::EngineError;
use super::threads;
use crate::store::{Store, StoreError};
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// How many questions of users are answered at a time. The others wait without a thread: loads need threads too.
const AT_ONCE: usize = 8;

/// The store as users ask it.
pub(super) struct Outside {
    store: Arc<dyn Store>,
    turns: Semaphore,
}

impl Outside {
    pub(super) fn of(store: &Arc<dyn Store>) -> Self {
        Self { store: store.for_users().unwrap_or_else(|| store.clone()), turns: Semaphore::new(AT_ONCE) }
    }

    /// Answers a question on a thread that may block, in its turn.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        runtime: &Handle,
        read: impl FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, EngineError> {
        let store = self.store.clone();
        if !store.waits() {
            return Ok(read(&*store)?);
        }
        // It is never closed.
        let _turn = self.turns.acquire().await;
        let task = threads::blocking(runtime, move || read(&*store))?;
        Ok(task.await.map_err(|_| EngineError::ShuttingDown)??)
    }
}
