//! The rows of a store in memory, and the sets that index them.

use crate::store::audit::{AuditRow, JobRow};
use crate::store::decide::KeyChange;
use crate::store::{
    EntryRow, FieldRow, InboxRow, LeaseRow, OutputRow, QueueState, RequestRow, RunKey, RunRow, ScheduleRow, TakenItem,
    TaskRow, TracedRow, WaitingRuns,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// All rows of a store in memory.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) runs: BTreeMap<i64, Run>,
    pub(super) ids: HashMap<String, i64>,
    pub(super) leases: BTreeMap<i64, LeaseRow>,
    /// The items that wait in the inboxes.
    pub(super) inbox: BTreeMap<i64, InboxRow>,
    /// The marks of items that were taken.
    pub(super) taken: BTreeMap<i64, Taken>,
    pub(super) requests: BTreeMap<String, RequestRow>,
    /// Every request, as run and id.
    pub(super) asked: BTreeSet<(i64, String)>,
    /// Outputs, by first run and channel, in order.
    pub(super) outputs: BTreeMap<i64, BTreeMap<String, Vec<OutputRow>>>,
    /// The runs that wait for the end of another, as run, watcher and command index.
    pub(super) watchers: BTreeSet<(i64, i64, u64)>,
    /// Every run that has a parent, as parent and number.
    pub(super) children: BTreeSet<(i64, i64)>,
    /// The runs that hold deduplication keys.
    pub(super) dedup: HashMap<String, i64>,
    /// Every owned run, as lease and number.
    pub(super) owned: BTreeSet<(i64, i64)>,
    /// Every owned run that is due at some time, as lease, time and number.
    pub(super) due: BTreeSet<(i64, i64, i64)>,
    /// Tasks, by run, command index and attempt.
    pub(super) tasks: BTreeMap<TaskId, TaskRow>,
    /// The tasks that wait, by queue, and by queue and key; each in order of rank and number.
    pub(super) waiting: HashMap<(String, Option<String>), Waiting>,
    pub(super) queues: BTreeMap<String, QueueState>,
    /// The delayed tasks by queue, as when each is due and its number.
    pub(super) delayed: HashMap<String, Waiting>,
    /// The keys of queues of which a task waits or runs.
    pub(super) keys: BTreeMap<(String, String), KeyRow>,
    pub(super) schedules: BTreeMap<String, ScheduleRow>,
    /// The schedules that are due at some time, as time and name.
    pub(super) due_schedules: BTreeSet<(i64, String)>,
    /// The records of actions, by number.
    pub(super) audit: BTreeMap<i64, AuditRow>,
    /// The numbers of these records, by key.
    pub(super) acts: HashMap<String, i64>,
    pub(super) jobs: BTreeMap<i64, JobRow>,
    pub(super) last_act: i64,
    pub(super) last_job: i64,
    /// How far the spans of runs were exported.
    pub(super) traces: BTreeMap<i64, TracedRow>,
    pub(super) last_run: i64,
    pub(super) last_lease: i64,
    pub(super) last_item: i64,
    pub(super) last_task: i64,
    pub(super) commits: u64,
    /// The time at which its clock stands; that of the system if there is none.
    pub(super) clock: Option<i64>,
}

/// Run, command index and attempt of a task.
pub(super) type TaskId = (i64, u64, u32);

/// Tasks that wait, by rank and number.
pub(super) type Waiting = BTreeMap<(i64, i64), TaskId>;

/// A key of a queue.
#[derive(Debug, Default)]
pub(super) struct KeyRow {
    pub(super) tasks: KeyChange,
    pub(super) turn: i64,
}

/// One run with its rows.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) row: RunRow,
    pub(super) entries: Vec<EntryRow>,
    /// The values of fields, by sequence number and name.
    pub(super) fields: Vec<FieldRow>,
    /// The numbers of the items in its inbox, in order.
    pub(super) items: Vec<i64>,
    /// The items that arrived with a key, taken or not.
    pub(super) keys: HashMap<String, i64>,
    pub(super) labels: BTreeMap<String, String>,
    /// The keys of indexed fields.
    pub(super) indexed: BTreeMap<String, String>,
}

/// The mark of an item that was taken, in the inbox of a run.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) run: i64,
    pub(super) item: TakenItem,
}

impl Run {
    pub(super) fn new(row: RunRow) -> Self {
        let (entries, fields, items) = (Vec::new(), Vec::new(), Vec::new());
        Self { row, entries, fields, items, keys: HashMap::new(), labels: BTreeMap::new(), indexed: BTreeMap::new() }
    }
}

impl Tables {
    pub(super) fn find(&self, key: RunKey<'_>) -> Option<&Run> {
        match key {
            RunKey::Number(number) => self.runs.get(&number),
            RunKey::Id(id) => self.runs.get(self.ids.get(id)?),
            RunKey::Lease(_) => None,
        }
    }

    pub(super) fn waiting(&self, lease: Option<i64>, limit: usize) -> Vec<WaitingRuns> {
        let waits = |row: &&RunRow| row.lease == lease && row.status.is_driven();
        let mut waiting: BTreeMap<(&str, u32), (i64, u64)> = BTreeMap::new();
        for row in self.runs.values().map(|run| &run.row).filter(waits).take(limit) {
            let (since, count) = waiting.entry((&row.workflow, row.version)).or_insert((row.updated_at, 0));
            (*since, *count) = ((*since).min(row.updated_at), *count + 1);
        }
        let all = waiting.into_iter().map(|((workflow, version), (since, count))| WaitingRuns {
            workflow: workflow.to_owned(),
            version,
            since,
            count,
        });
        all.collect()
    }

    /// Changes a run's owner and due time through `change`, and updates the sets that depend on them.
    pub(super) fn place(&mut self, number: i64, change: impl FnOnce(&mut RunRow)) {
        let Some(run) = self.runs.get_mut(&number) else { return };
        let (lease, wake_at) = (run.row.lease, run.row.wake_at);
        change(&mut run.row);
        let now = (run.row.lease, run.row.wake_at);
        if now != (lease, wake_at) {
            self.forget(number, lease, wake_at);
            self.note(number, now.0, now.1);
        }
    }

    pub(super) fn note(&mut self, number: i64, lease: Option<i64>, wake_at: Option<i64>) {
        let Some(lease) = lease else { return };
        self.owned.insert((lease, number));
        if let Some(at) = wake_at {
            self.due.insert((lease, at, number));
        }
    }

    fn forget(&mut self, number: i64, lease: Option<i64>, wake_at: Option<i64>) {
        let Some(lease) = lease else { return };
        self.owned.remove(&(lease, number));
        if let Some(at) = wake_at {
            self.due.remove(&(lease, at, number));
        }
    }

    /// Adds a run to the sets that it belongs to.
    pub(super) fn insert(&mut self, run: Run) {
        let (number, row) = (run.row.number, &run.row);
        self.note(number, row.lease, row.wake_at);
        self.ids.insert(row.id.clone(), number);
        if let Some(parent) = row.parent {
            self.children.insert((parent, number));
        }
        if let Some(key) = &row.dedup {
            self.dedup.insert(key.clone(), number);
        }
        self.runs.insert(number, run);
    }

    /// Returns the ids of the requests of a run, answered or not.
    pub(super) fn asked_by(&self, run: i64) -> Vec<String> {
        let of_run = self.asked.range((run, String::new())..).take_while(|(asker, _)| *asker == run);
        of_run.map(|(_, id)| id.clone()).collect()
    }
}
