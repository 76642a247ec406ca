//! The engines that share a database, as each of them says of itself.

use super::Engine;
use super::error::EngineError;
use super::lease::NOBODY;
use super::queues::Queues;
use super::workflows::Workflows;
use crate::store::{LeaseRow, Store};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An engine that drives runs, as [`Engine::workers`] returns it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Worker {
    /// The random id of the engine.
    pub id: String,
    /// The name of its machine; empty if it does not know.
    pub host: String,
    /// The number of its process on that machine.
    pub process: u32,
    /// The time of its start, by its own clock.
    pub since: SystemTime,
    /// The time of its last heartbeat, by the clock of the database.
    pub last_heartbeat: SystemTime,
    /// The workflows that it has, by name and version.
    pub serves: Vec<(String, u32)>,
    /// The queues that it serves, each with the number of its slots.
    pub queues: Vec<(String, usize)>,
}

/// What an engine says of itself.
#[derive(Serialize, Deserialize)]
struct About {
    host: String,
    process: u32,
    /// In milliseconds since 1970.
    since: u64,
    serves: Vec<(String, u32)>,
    #[serde(default)]
    queues: Vec<(String, usize)>,
    /// What it takes from queues, each with its queue: remote steps by their names, runs as `workflow@version`.
    #[serde(default)]
    steps: Vec<(String, String)>,
}

/// Returns what this engine says of itself, as JSON.
pub(super) fn about(workflows: &Workflows, queues: &Queues) -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let since = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    let about = About {
        host: host(),
        process: std::process::id(),
        since,
        serves: workflows.served(),
        queues: queues.slots(),
        steps: queues.names(&workflows.served()),
    };
    serde_json::to_string(&about).unwrap_or_default()
}

fn host() -> String {
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
        let leases = self.core.ask(Store::leases).await?;
        // One engine may hold several leases: it says the same in each.
        let held = leases.into_iter().filter(|row| row.owner != NOBODY);
        let workers: BTreeMap<_, _> =
            held.filter_map(worker).map(|worker| ((worker.since, worker.id.clone()), worker)).collect();
        Ok(workers.into_values().collect())
    }
}

/// Returns the workflows that the holder of a lease has; `None` if it says nothing of itself.
pub(super) fn served_by(row: &LeaseRow) -> Option<Vec<(String, u32)>> {
    Some(serde_json::from_str::<About>(row.about.as_ref()?).ok()?.serves)
}

/// Returns the workflows that the holders of leases have, without those that are `gone`.
pub(super) fn served(leases: &[LeaseRow], gone: &[i64]) -> BTreeSet<(String, u32)> {
    leases.iter().filter(|row| !gone.contains(&row.number)).filter_map(served_by).flatten().collect()
}

/// Returns what the holders of leases take from queues, without those that are `gone`; each with its queue: remote steps
/// by their names, runs as `workflow@version`.
pub(super) fn served_steps(leases: &[LeaseRow], gone: &[i64]) -> BTreeSet<(String, String)> {
    let live = leases.iter().filter(|row| !gone.contains(&row.number));
    let abouts = live.filter_map(|row| serde_json::from_str::<About>(row.about.as_ref()?).ok());
    abouts.flat_map(|about| about.steps).collect()
}

fn worker(row: LeaseRow) -> Option<Worker> {
    let About { host, process, since, serves, queues, .. } = serde_json::from_str(&row.about?).ok()?;
    let since = UNIX_EPOCH + Duration::from_millis(since);
    let seen = row.seen.and_then(|seen| u64::try_from(seen).ok());
    let last_heartbeat = seen.map_or(since, |seen| UNIX_EPOCH + Duration::from_millis(seen));
    Some(Worker { id: row.owner, host, process, since, last_heartbeat, serves, queues })
}
