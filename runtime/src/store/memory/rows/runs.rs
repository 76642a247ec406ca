//! Rows of runs, and how runs are related.

use crate::store::RunRow;
use crate::store::decide::{Related, Relation, RunChange};
use crate::store::memory::tables::{Run, Tables};

impl Tables {
    pub(super) fn insert_row(&mut self, row: &RunRow) -> i64 {
        self.last_run += 1;
        let number = self.last_run;
        let first_run = if row.first_run == 0 { number } else { row.first_run };
        self.insert(Run::new(RunRow { number, first_run, ..row.clone() }));
        number
    }

    pub(super) fn change_row(&mut self, number: i64, change: &RunChange<'_>) {
        let RunChange { id, status, seq: _, lease, wake_at, loads, updated_at, parked, successor, frees_dedup } =
            *change;
        let Some(row) = self.runs.get_mut(&number).map(|run| &mut run.row) else { return };
        row.status = status.unwrap_or(row.status);
        row.loads = loads.unwrap_or(row.loads);
        row.updated_at = updated_at.unwrap_or(row.updated_at);
        row.successor = successor.or(row.successor);
        if let Some(parked) = parked {
            row.parked = parked.map(str::to_owned);
        }
        if let Some(key) = row.dedup.take_if(|_| frees_dedup) {
            self.dedup.remove(&key);
        }
        if let Some(id) = id {
            self.ids.remove(&std::mem::replace(&mut row.id, id.to_owned()));
            self.ids.insert(id.to_owned(), number);
        }
        if lease.is_some() || wake_at.is_some() {
            self.place(number, |row| {
                row.lease = lease.unwrap_or(row.lease);
                row.wake_at = wake_at.unwrap_or(row.wake_at);
            });
        }
    }

    pub(super) fn remove_row(&mut self, number: i64) {
        if let Some(run) = self.runs.remove(&number) {
            self.ids.remove(&run.row.id);
            if let Some(parent) = run.row.parent {
                self.children.remove(&(parent, number));
            }
        }
    }

    pub(super) fn related_to(&self, run: i64, how: Relation) -> Vec<Related> {
        let watch = |run: i64, position: u64| Related { run, position };
        let mut related: Vec<_> = match how {
            Relation::Child => {
                let children = self.children.range((run, i64::MIN)..=(run, i64::MAX));
                children.map(|&(_, child)| watch(child, 0)).collect()
            }
            Relation::Waiting => {
                self.watchers_of(run).into_iter().map(|(_, watcher, position)| watch(watcher, position)).collect()
            }
            Relation::Awaited => {
                let awaited = self.watchers.iter().filter(|(_, watcher, _)| *watcher == run);
                awaited.map(|&(awaited, _, position)| watch(awaited, position)).collect()
            }
        };
        related.retain(|related| self.runs.get(&related.run).is_some_and(|run| run.row.status.accepts()));
        related.sort_unstable();
        related
    }

    pub(super) fn watchers_of(&self, run: i64) -> Vec<(i64, i64, u64)> {
        self.watchers.range((run, i64::MIN, 0)..=(run, i64::MAX, u64::MAX)).copied().collect()
    }
}
