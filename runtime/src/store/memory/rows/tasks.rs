//! Tasks of remote steps.

use crate::store::decide::{TaskChange, TaskHead};
use crate::store::memory::tables::Tables;
use crate::store::{QueueRow, TaskKey, TaskRow, TaskState};
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the clock of this database, in milliseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn head(task: &TaskRow) -> TaskHead {
    let TaskRow { run, position, attempt, state, lease, .. } = *task;
    TaskHead { run, position, attempt, state, lease }
}

/// Returns whether a task has the lease of an engine that runs it.
fn is_run_by(task: &TaskRow, lease: i64) -> bool {
    task.lease == Some(lease)
}

impl Tables {
    pub(in crate::store::memory) fn tasks(&self, which: TaskKey<'_>) -> Vec<TaskRow> {
        let mut tasks: Vec<TaskRow> = match which {
            TaskKey::Lease(lease) => self.tasks.values().filter(|task| is_run_by(task, lease)).cloned().collect(),
            TaskKey::Run(run) => self.tasks.range((run, 0)..=(run, u64::MAX)).map(|(_, task)| task.clone()).collect(),
            TaskKey::Waiting { queue, steps, limit } => {
                return self.claimable(queue, steps, limit).into_iter().map(|key| self.tasks[&key].clone()).collect();
            }
        };
        tasks.sort_unstable_by_key(|task| task.number);
        tasks
    }

    pub(in crate::store::memory) fn queues(&self) -> Vec<QueueRow> {
        let mut queues: BTreeMap<&str, QueueRow> = BTreeMap::new();
        for task in self.tasks.values() {
            let empty = || QueueRow { queue: task.queue.clone(), waiting: 0, running: 0, oldest: None };
            let row = queues.entry(&task.queue).or_insert_with(empty);
            match task.state {
                TaskState::Waiting => {
                    row.waiting = (row.waiting + 1).min(QueueRow::COUNTED);
                    row.oldest = Some(row.oldest.map_or(task.at, |oldest| oldest.min(task.at)));
                }
                TaskState::Claimed | TaskState::Cancelled => row.running = (row.running + 1).min(QueueRow::COUNTED),
                TaskState::Delivered => {}
            }
        }
        queues.into_values().filter(|row| row.waiting + row.running > 0).collect()
    }

    pub(super) fn task_head(&self, run: i64, position: u64) -> Option<TaskHead> {
        self.tasks.get(&(run, position)).map(head)
    }

    pub(super) fn heads_of(&self, lease: i64) -> Vec<TaskHead> {
        self.tasks.values().filter(|task| is_run_by(task, lease)).map(head).collect()
    }

    pub(super) fn put_task(&mut self, task: &TaskRow) {
        self.last_task += 1;
        let due = now().saturating_add(task.due);
        let row = TaskRow { number: self.last_task, state: TaskState::Waiting, lease: None, due, ..task.clone() };
        self.waiting.entry(row.queue.clone()).or_default().insert((row.priority, row.number), (row.run, row.position));
        self.tasks.insert((row.run, row.position), row);
    }

    pub(super) fn alter_task(&mut self, run: i64, position: u64, change: &TaskChange<'_>) {
        let Some(task) = self.tasks.get_mut(&(run, position)) else { return };
        let waiting = self.waiting.entry(task.queue.clone()).or_default();
        let place = (task.priority, task.number);
        if change.state == TaskState::Waiting {
            waiting.insert(place, (run, position));
        } else {
            waiting.remove(&place);
        }
        (task.state, task.lease) = (change.state, change.lease);
        if let Some((why, wait)) = change.refused {
            task.refused = Some(why.to_owned());
            task.due = now().saturating_add(wait);
        }
    }

    pub(super) fn drop_task(&mut self, run: i64, position: u64) {
        if let Some(task) = self.tasks.remove(&(run, position))
            && let Some(waiting) = self.waiting.get_mut(&task.queue)
        {
            waiting.remove(&(task.priority, task.number));
        }
    }

    pub(super) fn take_tasks(&mut self, lease: i64, queue: &str, steps: &[String], limit: usize) -> Vec<TaskRow> {
        let claimed = TaskChange { state: TaskState::Claimed, lease: Some(lease), refused: None };
        let keys = self.claimable(queue, steps, limit);
        for (run, position) in &keys {
            self.alter_task(*run, *position, &claimed);
        }
        keys.iter().map(|key| self.tasks[key].clone()).collect()
    }

    /// Returns the keys of the tasks that can be claimed now, in order.
    fn claimable(&self, queue: &str, steps: &[String], limit: usize) -> Vec<(i64, u64)> {
        let now = now();
        let waiting = self.waiting.get(queue).into_iter().flat_map(BTreeMap::values);
        let fits =
            |key: &&(i64, u64)| self.tasks.get(key).is_some_and(|task| task.due <= now && steps.contains(&task.step));
        waiting.filter(fits).take(limit).copied().collect()
    }
}
