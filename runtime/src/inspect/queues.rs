//! Queues, with what waits and runs in them.

use super::InspectError;
use super::inspector::Inspector;
use super::page::{Page, Paging};
use crate::record::millis::moment;
use crate::store::{QueueKeyRow, QueueRow, QueueState, Store, StoreError};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

/// A queue at one moment, as [`QueueHandle::info`](crate::QueueHandle::info) returns it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct QueueInfo {
    /// The queue's name.
    pub name: String,
    /// How many of its tasks wait, counted up to 1,000.
    pub waiting: u64,
    /// How many of its tasks run, counted up to 1,000.
    pub running: u64,
    /// The time of the oldest call among those that wait.
    #[serde(serialize_with = "crate::record::millis::option::serialize")]
    pub oldest: Option<SystemTime>,
    /// Why nothing of it is started, if it is paused.
    pub paused: Option<String>,
    /// How many of its tasks may run at once.
    pub total: Option<u32>,
    /// How many of its tasks with the same key may run at once.
    pub per_key: Option<u32>,
    /// How many of its tasks may be started within which time.
    #[serde(serialize_with = "serialize_rate")]
    pub rate: Option<(u32, Duration)>,
    /// How many tasks of a key start in its turn, for keys that have more than one.
    pub weights: BTreeMap<String, u32>,
}

/// A key of a queue at one moment, as [`QueueHandle::keys`](crate::QueueHandle::keys) returns it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct QueueKey {
    /// The key.
    pub key: String,
    /// How many of its tasks wait.
    pub waiting: u64,
    /// How many of its tasks run, on all engines.
    pub running: u64,
}

/// Returns the queues in which something waits or runs.
pub(crate) fn all(store: &dyn Store) -> Result<Vec<QueueInfo>, StoreError> {
    let rows = store.queues()?.into_iter();
    rows.map(|row| Ok(info(store.queue(&row.queue)?, row))).collect()
}

/// Returns the keys of a queue of which tasks wait or run, after this one in order: at most `limit`.
pub(crate) fn keys(
    store: &dyn Store,
    queue: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<QueueKey>, StoreError> {
    let count = |number: i64| u64::try_from(number).unwrap_or_default();
    let rows = store.queue_keys(queue, after, limit)?.into_iter();
    let key = |row: QueueKeyRow| QueueKey { key: row.key, waiting: count(row.waiting), running: count(row.running) };
    Ok(rows.map(key).collect())
}

pub(crate) fn info(state: Option<QueueState>, row: QueueRow) -> QueueInfo {
    let QueueRow { queue, waiting, running, oldest } = row;
    let limits = state.as_ref().map(|state| state.limits().clone()).unwrap_or_default();
    let rate = limits.rate.map(|rate| (rate.starts, Duration::from_millis(rate.millis.into())));
    QueueInfo {
        name: queue,
        waiting,
        running,
        oldest: oldest.map(moment),
        paused: state.and_then(|state| state.paused),
        total: limits.total,
        per_key: limits.per_key,
        rate,
        weights: limits.weights,
    }
}

#[expect(clippy::ref_option, reason = "serde passes a reference")]
fn serialize_rate<S: Serializer>(rate: &Option<(u32, Duration)>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Rate {
        starts: u32,
        millis: u64,
    }
    let millis = |within: Duration| u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
    rate.map(|(starts, within)| Rate { starts, millis: millis(within) }).serialize(serializer)
}

impl Inspector {
    /// Returns the queues in which something waits or runs, in order of their names, with their limits; tasks are counted up
    /// to 1,000.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn queues(&self) -> Result<Vec<QueueInfo>, InspectError> {
        self.ask(|source| Ok(all(&*source.store)?)).await
    }

    /// Returns a page of the keys of a queue of which tasks wait or run, in their order.
    ///
    /// # Errors
    /// The page is asked for wrongly, or the database cannot be read.
    pub async fn queue_keys(&self, queue: impl Into<String>, paging: &Paging) -> Result<Page<QueueKey>, InspectError> {
        let (queue, paging) = (queue.into(), paging.clone());
        self.ask(move |source| {
            let limit = paging.checked()?;
            let keys = keys(&*source.store, &queue, paging.cursor(), limit + 1)?;
            Ok(Page::of_one_more(keys, limit, |key| key.key.clone()))
        })
        .await
    }
}
