//! What a batch knows of the database: the rows that were read, as its own writes have changed them since.

use super::keys::Keys;
use crate::store::decide::{Related, RunChange, TaskHead};
use crate::store::sql::Pending;
use crate::store::{LeaseRow, QueueState, Rejected, RequestRow, RunRow, ScheduleRow, Written};
use crate::value::Value;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::Hash;

/// Rows by their keys; `None` stands for a row that is not there.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub(super) leases: HashMap<i64, Option<LeaseRow>>,
    pub(super) runs: HashMap<i64, Option<RunRow>>,
    pub(super) ids: HashMap<String, Option<i64>>,
    pub(super) dedup: HashMap<String, Option<i64>>,
    /// The runs that nobody else writes to until the commit.
    pub(super) locked: HashSet<i64>,
    /// Numbers of items, by run and key.
    pub(super) items: HashMap<(i64, String), Option<i64>>,
    pub(super) requests: HashMap<String, Option<RequestRow>>,
    pub(super) watchers: HashMap<i64, BTreeSet<Related>>,
    pub(super) children: HashMap<i64, Vec<i64>>,
    pub(super) open_requests: HashMap<i64, BTreeSet<String>>,
    pub(super) values: HashMap<(i64, u64), Option<Value>>,
    /// The last item of each channel, by first run.
    pub(super) channels: HashMap<(i64, String), i64>,
    /// The runs that were claimed, a list for each claim.
    pub(super) claimed: VecDeque<Vec<(i64, Option<i64>)>>,
    pub(super) schedules: HashMap<String, Option<ScheduleRow>>,
    /// Attempts of calls, by run and command index; no other transaction changes them until the commit.
    pub(super) tasks: HashMap<(i64, u64), Vec<TaskHead>>,
    /// The states of queues; `None` for one that is not declared.
    pub(super) queues: HashMap<String, Option<QueueState>>,
    /// The queues whose state no other transaction changes until the commit.
    pub(super) locked_queues: HashSet<String>,
    /// The answers of the claims of tasks, in their order.
    pub(super) claimed_tasks: VecDeque<Result<Written, Rejected>>,
    /// What these claims change of queues.
    pub(super) claims: Pending,
    /// Numbers for new runs.
    pub(super) numbers: VecDeque<i64>,
}

impl Known {
    /// Notes a row that was read.
    pub(super) fn run(&mut self, row: RunRow, is_locked: bool) {
        if is_locked {
            self.locked.insert(row.number);
        }
        self.ids.insert(row.id.clone(), Some(row.number));
        if let Some(key) = &row.dedup {
            self.dedup.insert(key.clone(), Some(row.number));
        }
        self.runs.insert(row.number, Some(row));
    }

    /// Notes which rows are not there: those that were asked for and not found.
    pub(super) fn note_absent(&mut self, asked: &Keys) {
        self.leases.extend(absent(&self.leases, asked.leases.iter().chain(&asked.leases_to_change)));
        self.runs.extend(absent(&self.runs, asked.locked.iter().chain(&asked.runs)));
        self.ids.extend(absent(&self.ids, asked.locked_ids.iter().chain(&asked.ids)));
        self.dedup.extend(absent(&self.dedup, asked.dedup.iter()));
        let by_id = asked.items_by_id.iter().filter_map(|(id, key)| Some((*self.ids.get(id)?.as_ref()?, key.clone())));
        let items: Vec<_> = asked.items.iter().cloned().chain(by_id).collect();
        self.items.extend(absent(&self.items, items.iter()));
        self.requests.extend(absent(&self.requests, asked.requests.iter()));
        self.schedules.extend(absent(&self.schedules, asked.schedules.iter()));
        self.watchers.extend(absent(&self.watchers, asked.watchers.iter()));
        self.children.extend(absent(&self.children, asked.children.iter()));
        self.open_requests.extend(absent(&self.open_requests, asked.open_requests.iter()));
        self.tasks.extend(absent(&self.tasks, asked.tasks.iter().chain(&asked.running)));
        self.queues.extend(absent(&self.queues, asked.queues.iter().chain(&asked.queues_to_change)));
        // What is not declared cannot be until the commit, for a declaration excludes all batches.
        self.locked_queues.extend(asked.queues_to_change.iter().cloned());
        // A run that is not there can be locked as little as it can be written to.
        self.locked.extend(&asked.locked);
    }

    /// Changes a run's row.
    pub(super) fn change(&mut self, run: i64, change: &RunChange<'_>) {
        let RunChange { id: _, status, seq: _, lease, wake_at, loads, updated_at, parked, successor, frees_dedup } =
            *change;
        let Some(Some(row)) = self.runs.get_mut(&run) else { return };
        row.status = status.unwrap_or(row.status);
        row.lease = lease.unwrap_or(row.lease);
        row.wake_at = wake_at.unwrap_or(row.wake_at);
        row.loads = loads.unwrap_or(row.loads);
        row.updated_at = updated_at.unwrap_or(row.updated_at);
        row.successor = successor.or(row.successor);
        if let Some(parked) = parked {
            row.parked = parked.map(str::to_owned);
        }
        if let Some(key) = row.dedup.take_if(|_| frees_dedup) {
            self.dedup.insert(key, None);
        }
    }
}

/// Returns the keys that have nothing, with that nothing.
fn absent<'a, K: Clone + Eq + Hash + 'a, V: Default>(
    known: &HashMap<K, V>,
    asked: impl Iterator<Item = &'a K>,
) -> Vec<(K, V)> {
    asked.filter(|key| !known.contains_key(*key)).map(|key| (key.clone(), V::default())).collect()
}
