//! The engines that share a database, as each of them says of itself in its lease.

use super::InspectError;
use super::inspector::Inspector;
use crate::store::{LeaseRow, NOBODY};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An engine that drives runs, as [`Engine::workers`](crate::Engine::workers) returns it.
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
    #[serde(serialize_with = "crate::record::millis::serialize")]
    pub since: SystemTime,
    /// The time of its last heartbeat, by the clock of the database.
    #[serde(serialize_with = "crate::record::millis::serialize")]
    pub last_heartbeat: SystemTime,
    /// The workflows that it has, by name and version.
    pub serves: Vec<(String, u32)>,
    /// The queues that it serves, each with the number of its slots.
    pub queues: Vec<(String, usize)>,
}

/// What an engine says of itself.
#[derive(Serialize, Deserialize)]
pub(crate) struct About {
    pub(crate) host: String,
    pub(crate) process: u32,
    /// In milliseconds since 1970.
    pub(crate) since: u64,
    pub(crate) serves: Vec<(String, u32)>,
    #[serde(default)]
    pub(crate) queues: Vec<(String, usize)>,
    /// What it takes from queues, each with its queue: remote steps by their names, runs as `workflow@version`.
    #[serde(default)]
    pub(crate) steps: Vec<(String, String)>,
    /// Whether it deletes runs that ended long ago.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) retains: bool,
}

/// Returns the engines that hold leases, in the order of their starts.
pub(crate) fn workers(leases: Vec<LeaseRow>) -> Vec<Worker> {
    // One engine may hold several leases: it says the same in each.
    let held = leases.into_iter().filter(|row| row.owner != NOBODY);
    let workers: BTreeMap<_, _> =
        held.filter_map(worker).map(|worker| ((worker.since, worker.id.clone()), worker)).collect();
    workers.into_values().collect()
}

/// Returns the workflows that the holder of a lease has; `None` if it says nothing of itself.
pub(crate) fn served_by(row: &LeaseRow) -> Option<Vec<(String, u32)>> {
    Some(serde_json::from_str::<About>(row.about.as_ref()?).ok()?.serves)
}

/// Returns whether the holder of a lease deletes runs that ended long ago.
pub(crate) fn retains(row: &LeaseRow) -> bool {
    let about = row.about.as_ref().and_then(|about| serde_json::from_str::<About>(about).ok());
    row.owner != NOBODY && about.is_some_and(|about| about.retains)
}

/// Returns the workflows that the holders of leases have, without those that are `gone`.
pub(crate) fn served(leases: &[LeaseRow], gone: &[i64]) -> BTreeSet<(String, u32)> {
    leases.iter().filter(|row| !gone.contains(&row.number)).filter_map(served_by).flatten().collect()
}

/// Returns what the holders of leases take from queues, without those that are `gone`; each with its queue: remote steps
/// by their names, runs as `workflow@version`.
pub(crate) fn served_steps(leases: &[LeaseRow], gone: &[i64]) -> BTreeSet<(String, String)> {
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

impl Inspector {
    /// Returns the workers of the database, in the order of their starts: also those that have died and were not taken over
    /// yet, whose last heartbeat is old by [`StoreHealth::clock`](super::StoreHealth::clock).
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn workers(&self) -> Result<Vec<Worker>, InspectError> {
        self.ask(|source| Ok(workers(source.store.leases()?))).await
    }
}
