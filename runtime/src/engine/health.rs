//! How an engine is.

use super::Engine;
use super::core::Core;
use crate::inspect::fleet::{served, served_steps};
use crate::store::{LeaseRow, QueueRow, RunKey, RunQuery, Status, Store, StoreError, TaskKey};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How an engine is, as [`Engine::health`] returns it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Health {
    /// Why the database does not answer; `None` if it does.
    pub database: Option<String>,
    /// How long the last commits took, on average.
    pub commit: Duration,
    /// How long this engine is certain to hold its runs; without any, no step begins. `None` for a client, which holds
    /// none.
    pub lease_margin: Option<Duration>,
    /// The number of runs that are in memory here, at work or waiting briefly.
    pub active: usize,
    /// The number of runs of the database that wait for a time, and are in no memory until then; counted up to 1,000.
    pub sleeping: usize,
    /// The number of runs of the database that are parked; counted up to 1,000.
    pub parked: usize,
    /// The workflows and versions of waiting runs that no live engine has; at most 100. An engine that was killed
    /// counts as live until calls of [`Engine::health`] and [`Run::status`](crate::Run::status) have seen no heartbeat of
    /// it for the lease term.
    pub unserved: Vec<Unserved>,
    /// The queues with tasks, runs or calls of remote steps, that no live engine runs, at most 100: each with the time of
    /// the first of these tasks, in the order in which they would start. An engine that was killed counts as live as in
    /// [`unserved`](Self::unserved).
    pub unserved_queues: BTreeMap<String, SystemTime>,
    /// The schedules that have been due for more than 5 s and whose workflow no live engine has, by name; at most 100.
    pub schedules: Vec<String>,
    /// The runs in memory here that cannot go on now, by id, each with the reason; at most 100.
    pub blocked: BTreeMap<String, String>,
}

/// Runs of a workflow that no engine has, in [`Health::unserved`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Unserved {
    /// The name of the workflow.
    pub workflow: String,
    /// Its version.
    pub version: u32,
    /// How many runs wait. At most 1,000 runs without an engine are counted, and at most 1,000 of each dead engine.
    pub runs: u64,
    /// The last change of the run in which nothing has happened for the longest.
    pub since: SystemTime,
}

/// The most runs that are counted.
const COUNTED: usize = 1_000;

/// The time for which a schedule is due, in milliseconds, before it counts as left alone.
const OVERDUE: i64 = 5_000;

/// The most blocked runs that are named.
const NAMED: usize = 100;

impl Health {
    /// Returns whether the engine can work: its database answers, and it holds its runs.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.database.is_none() && self.lease_margin.is_none_or(|margin| !margin.is_zero())
    }
}

impl Engine {
    /// Returns how the engine is, for a probe or a page. It asks the database, and so may wait as long as that does.
    ///
    /// ```
    /// # use steadfast::prelude::*;
    /// # #[workflow]
    /// # async fn hello(_flow: &mut Flow) -> Result<()> { Ok(()) }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// let engine = Engine::builder().in_memory().workflow(hello).start().await?;
    /// let health = engine.health().await;
    /// assert!(health.is_well() && health.blocked.is_empty());
    /// println!("{}", serde_json::to_string(&health)?);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn health(&self) -> Health {
        let core: &Arc<Core> = &self.core;
        let mut blocked = core.blocked_runs();
        blocked.truncate(NAMED);
        let hearing = core.hearing.clone();
        let asked = core.ask(move |store| {
            let named = blocked.into_iter().filter_map(|(run, why)| named(store, run, why).transpose());
            let named = named.collect::<Result<BTreeMap<_, _>, _>>()?;
            let leases = store.leases()?;
            let gone = hearing.gone(&leases);
            let queues = unserved_queues(store, &served_steps(&leases, &gone))?;
            let schedules = unserved_schedules(store, &leases, &gone)?;
            let unserved = (unserved(store, &leases, gone)?, queues, schedules);
            Ok((count(store, Status::Sleeping)?, count(store, Status::Parked)?, unserved, named))
        });
        let (database, (sleeping, parked, (unserved, unserved_queues, schedules), blocked)) = match asked.await {
            Ok(counted) => (None, counted),
            Err(error) => (Some(error.to_string()), Default::default()),
        };
        let lease_margin = (!core.options.is_client).then(|| core.leases.margin_left());
        let (commit, active) = (core.committer.took(), core.active_count());
        Health {
            database,
            commit,
            lease_margin,
            active,
            sleeping,
            parked,
            unserved,
            unserved_queues,
            schedules,
            blocked,
        }
    }
}

/// Returns the workflows of waiting runs that no live engine has.
fn unserved(store: &dyn Store, leases: &[LeaseRow], gone: Vec<i64>) -> Result<Vec<Unserved>, StoreError> {
    let served = served(leases, &gone);
    let mut waiting: BTreeMap<(String, u32), (i64, u64)> = BTreeMap::new();
    for lease in std::iter::once(None).chain(gone.into_iter().take(NAMED).map(Some)) {
        for found in store.waiting(lease, COUNTED)? {
            let (since, runs) = waiting.entry((found.workflow, found.version)).or_insert((found.since, 0));
            (*since, *runs) = ((*since).min(found.since), *runs + found.count);
        }
    }
    let unserved = waiting.into_iter().filter(|(of, _)| !served.contains(of)).take(NAMED);
    let unserved = unserved.map(|((workflow, version), (since, runs))| {
        let since = moment(since);
        Unserved { workflow, version, runs, since }
    });
    Ok(unserved.collect())
}

/// Returns the names of the schedules that no live engine fires.
fn unserved_schedules(store: &dyn Store, leases: &[LeaseRow], gone: &[i64]) -> Result<Vec<String>, StoreError> {
    let served = served(leases, gone);
    let due = store.due_schedules(None, &BTreeSet::new(), store.clock()?.saturating_sub(OVERDUE), COUNTED)?;
    let unserved = due.into_iter().filter(|row| !served.contains(&(row.workflow.clone(), row.version)));
    Ok(unserved.map(|row| row.name).take(NAMED).collect())
}

/// Returns the queues in which something waits for a step that no live engine runs.
fn unserved_queues(
    store: &dyn Store,
    served: &BTreeSet<(String, String)>,
) -> Result<BTreeMap<String, SystemTime>, StoreError> {
    let mut unserved = BTreeMap::new();
    for QueueRow { queue, .. } in store.queues()?.into_iter().filter(|row| row.waiting > 0) {
        let of_queue = served.iter().filter(|(served, _)| *served == queue);
        let steps: Vec<String> = of_queue.map(|(_, step)| step.clone()).collect();
        let first = store.tasks(TaskKey::Unserved { queue: &queue, steps: &steps, limit: 1 })?.into_iter().next();
        unserved.extend(first.map(|task| (queue, moment(task.at))));
        if unserved.len() == NAMED {
            break;
        }
    }
    Ok(unserved)
}

fn moment(millis: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}

fn named(store: &dyn Store, run: i64, why: String) -> Result<Option<(String, String)>, StoreError> {
    Ok(store.run(RunKey::Number(run))?.map(|row| (row.id, why)))
}

fn count(store: &dyn Store, status: Status) -> Result<usize, StoreError> {
    let query = RunQuery { statuses: vec![status], limit: COUNTED, ..RunQuery::default() };
    let page = store.runs(&query)?;
    Ok(page.runs.len() + page.damaged.len())
}
