//! Tasks that wait: those that claims look at, and those whose time has not come.

use super::id;
use crate::store::memory::tables::{Tables, TaskId};
use crate::store::{TaskRow, TaskState};
use std::collections::BTreeMap;

impl Tables {
    pub(super) fn take_tasks(
        &mut self,
        lease: i64,
        queue: &str,
        key: Option<&str>,
        steps: &[String],
        limit: usize,
    ) -> Vec<TaskRow> {
        let mut claimed = Vec::new();
        for place in self.claimable(queue, key, steps, limit) {
            let Some(mut row) = self.tasks.remove(&place) else { continue };
            self.forget_waiting(&row);
            (row.state, row.lease, row.expires) = (TaskState::Claimed, Some(lease), None);
            row.attempt += u32::from(row.is_run());
            self.tasks.insert(id(&row), row.clone());
            claimed.push(row);
        }
        claimed
    }

    /// Returns the ids of the waiting tasks that can be claimed now, in order.
    pub(super) fn claimable(&self, queue: &str, key: Option<&str>, steps: &[String], limit: usize) -> Vec<TaskId> {
        let now = self.now();
        let of = (queue.to_owned(), key.map(str::to_owned));
        let waiting = self.waiting.get(&of).into_iter().flat_map(BTreeMap::values);
        let fits = |id: &&TaskId| self.tasks.get(id).is_some_and(|task| task.due <= now && steps.contains(&task.step));
        waiting.filter(fits).take(limit).copied().collect()
    }

    /// Returns the ids of delayed tasks that are due, those first that are due first.
    pub(super) fn due(&self, queue: &str, limit: usize) -> Vec<TaskId> {
        let now = self.now();
        let delayed = self.delayed.get(queue).into_iter().flatten();
        delayed.take_while(|((due, _), _)| *due <= now).take(limit).map(|(_, id)| *id).collect()
    }

    /// Has delayed tasks that are due wait for an engine, and returns how many of each key.
    pub(super) fn promote_due(&mut self, queue: &str, limit: usize) -> Vec<(String, i64)> {
        let mut keys = BTreeMap::<String, i64>::new();
        for place in self.due(queue, limit) {
            let Some(mut row) = self.tasks.remove(&place) else { continue };
            self.forget_waiting(&row);
            row.state = TaskState::Waiting;
            self.note_waiting(&row);
            if let Some(key) = &row.key {
                *keys.entry(key.clone()).or_default() += 1;
            }
            self.tasks.insert(place, row);
        }
        keys.into_iter().collect()
    }

    /// Adds a task that waits to those of its queue, and to those of its key.
    pub(super) fn note_waiting(&mut self, row: &TaskRow) {
        match row.state {
            TaskState::Waiting => {
                for of in places(row) {
                    self.waiting.entry(of).or_default().insert((row.rank(), row.number), id(row));
                }
            }
            TaskState::Delayed => {
                self.delayed.entry(row.queue.clone()).or_default().insert((row.due, row.number), id(row));
            }
            TaskState::Claimed | TaskState::Cancelled | TaskState::Delivered | TaskState::Idle => {}
        }
    }

    pub(super) fn forget_waiting(&mut self, row: &TaskRow) {
        if row.state == TaskState::Delayed {
            if let Some(delayed) = self.delayed.get_mut(&row.queue) {
                delayed.remove(&(row.due, row.number));
            }
            return;
        }
        for of in places(row) {
            if let Some(waiting) = self.waiting.get_mut(&of) {
                waiting.remove(&(row.rank(), row.number));
                if waiting.is_empty() {
                    self.waiting.remove(&of);
                }
            }
        }
    }
}

/// The queue of a task, and its key in it.
fn places(row: &TaskRow) -> impl Iterator<Item = (String, Option<String>)> + use<> {
    let of_key = row.key.clone().map(|key| (row.queue.clone(), Some(key)));
    std::iter::once((row.queue.clone(), None)).chain(of_key)
}
