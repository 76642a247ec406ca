//! The rows of a store in memory, and the sets that index them.

use crate::record::InboxKind;
use crate::store::{EntryRow, FieldRow, InboxRow, LeaseRow, OutputRow, RequestRow, RunKey, RunRow};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// All rows of a store in memory.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) runs: BTreeMap<i64, Run>,
    pub(super) ids: HashMap<String, i64>,
    pub(super) leases: BTreeMap<i64, LeaseRow>,
    /// The items that wait in the inboxes.
    pub(super) inbox: BTreeMap<i64, InboxRow>,
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
    pub(super) last_run: i64,
    pub(super) last_lease: i64,
    pub(super) last_item: i64,
    pub(super) commits: u64,
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
    pub(super) keys: HashMap<String, Keyed>,
    pub(super) labels: BTreeMap<String, String>,
}

/// An item that arrived with a key.
#[derive(Debug)]
pub(super) struct Keyed {
    pub(super) number: i64,
    pub(super) kind: InboxKind,
    pub(super) at: i64,
}

impl Run {
    pub(super) fn new(row: RunRow, entries: &[EntryRow], labels: &[(String, String)]) -> Self {
        let (fields, items, keys) = (Vec::new(), Vec::new(), HashMap::new());
        Self { row, entries: entries.to_vec(), fields, items, keys, labels: labels.iter().cloned().collect() }
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

    /// Removes the deduplication key of a run, and returns it.
    pub(super) fn free_dedup(&mut self, number: i64) -> Option<String> {
        let key = self.runs.get_mut(&number)?.row.dedup.take()?;
        self.dedup.remove(&key);
        Some(key)
    }

    /// Returns the ids of the requests of a run, answered or not.
    pub(super) fn asked_by(&self, run: i64) -> Vec<String> {
        let of_run = self.asked.range((run, String::new())..).take_while(|(asker, _)| *asker == run);
        of_run.map(|(_, id)| id.clone()).collect()
    }

    pub(super) fn remove_request(&mut self, id: &str) {
        if let Some(request) = self.requests.remove(id) {
            self.asked.remove(&(request.run, request.id));
        }
    }

    pub(super) fn take_items(&mut self, number: i64, taken: &[i64]) {
        let Some(run) = self.runs.get_mut(&number) else { return };
        run.items.retain(|item| !taken.contains(item));
        for item in taken {
            if self.inbox.get(item).is_some_and(|item| item.run == number) {
                self.inbox.remove(item);
            }
        }
    }
}
