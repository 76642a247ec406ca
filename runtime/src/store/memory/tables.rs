//! The rows of a store in memory, and the sets by which they are found.

use crate::store::{EntryRow, FieldRow, InboxRow, LeaseRow, RunKey, RunRow};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Everything that a store in memory holds.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) runs: BTreeMap<i64, Run>,
    pub(super) ids: HashMap<String, i64>,
    pub(super) leases: BTreeMap<i64, LeaseRow>,
    pub(super) inbox: BTreeMap<i64, InboxRow>,
    /// Every owned run, as lease and number.
    pub(super) owned: BTreeSet<(i64, i64)>,
    /// Every owned run that is due at some time, as lease, time and number.
    pub(super) due: BTreeSet<(i64, i64, i64)>,
    pub(super) last_run: i64,
    pub(super) last_lease: i64,
    pub(super) last_item: i64,
    pub(super) commits: u64,
}

/// One run with all that belongs to it.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) row: RunRow,
    pub(super) entries: Vec<EntryRow>,
    /// By sequence number and name.
    pub(super) fields: Vec<FieldRow>,
    /// The numbers of the items in its inbox, in order.
    pub(super) items: Vec<i64>,
}

impl Tables {
    pub(super) fn find(&self, key: RunKey<'_>) -> Option<&Run> {
        match key {
            RunKey::Number(number) => self.runs.get(&number),
            RunKey::Id(id) => self.runs.get(self.ids.get(id)?),
            RunKey::Lease(_) => None,
        }
    }

    /// Changes a run's owner and time through `change`, and the sets that follow from them.
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
