//! The engines that share a database, as each of them says of itself.

use super::Engine;
use super::error::EngineError;
use super::queues::Queues;
use super::workflows::Workflows;
use crate::inspect::fleet::{self, About, Worker};
use crate::store::Store;
use std::time::{SystemTime, UNIX_EPOCH};

/// Returns what this engine says of itself, as JSON.
pub(super) fn about(workflows: &Workflows, queues: &Queues, retains: bool) -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let since = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    let about = About {
        host: host(),
        process: std::process::id(),
        since,
        serves: workflows.served(),
        queues: queues.slots(),
        steps: queues.names(&workflows.served()),
        retains,
    };
    serde_json::to_string(&about).unwrap_or_default()
}

/// Returns the name of this machine; empty if it has none.
pub(super) fn host() -> String {
    let named = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let named = named.or_else(|| std::env::var("HOSTNAME").or_else(|_| std::env::var("COMPUTERNAME")).ok());
    named.map_or_else(String::new, |name| name.trim().to_owned())
}

impl Engine {
    /// Returns the engines that drive runs of this database, in the order of their starts: also those that have died
    /// and were not taken over yet, whose last heartbeat is old. Clients, and engines of a version that says nothing of
    /// itself, are not among them.
    ///
    /// ```
    /// # use steadfast::prelude::*;
    /// # #[workflow]
    /// # async fn hello(_flow: &mut Flow) -> Result<()> { Ok(()) }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// let engine = Engine::builder().in_memory().workflow(hello).start().await?;
    /// let workers = engine.workers().await?;
    /// assert_eq!(workers[0].process, std::process::id());
    /// assert_eq!(workers[0].serves, [("hello".to_owned(), 1)]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn workers(&self) -> Result<Vec<Worker>, EngineError> {
        self.core.ask(Store::leases).await.map(fleet::workers)
    }
}
