//! Tasks and queues: their rows are locked in the order queues, runs, tasks. Claims come first, and lock the tasks and runs
//! that they claim; a deadlock with another batch is a conflict, and tried again. What reads more than tasks of one call,
//! or changes limits, excludes all other writers.

use super::Sheet;
use crate::store::decide::{KeyChange, Served, TaskChange, TaskHead, TaskRows, WaitingKey};
use crate::store::postgres::batch::own::Own;
use crate::store::sql::{Pending, REPORT_TASK};
use crate::store::{QueueState, StoreError, TaskRow, TaskState};

/// Without state and lease, which are written with the tables: a later change in the batch is not overwritten.
const REFUSED: &str = "UPDATE steadfast_tasks
    SET refused = ?4, progress = NULL, due = CAST(unixepoch('subsec') * 1000 AS BIGINT) + ?5
    WHERE run = ?1 AND position = ?2 AND attempt = ?3";

impl Sheet {
    /// Adds what the claims of the batch change of queues, which were made as it was read.
    pub(super) fn add_claims(&mut self, claims: Pending) {
        for (name, state) in claims.changed {
            self.changes.tasks.put_queue(&name);
            self.known.locked_queues.insert(name.clone());
            self.known.queues.insert(name, Some(state));
        }
        for ((queue, key), change) in claims.keys {
            self.changes.tasks.count_key(&queue, &key, change);
        }
        for (queue, keys) in claims.served {
            self.changes.tasks.serve_keys(&queue, keys);
        }
    }
}

impl TaskRows for Sheet {
    fn attempts(&self, run: i64, position: u64) -> Result<Vec<TaskHead>, StoreError> {
        match self.known.tasks.get(&(run, position)) {
            Some(tasks) => Ok(tasks.clone()),
            None if self.changes.new_runs.contains(&run) => Ok(Vec::new()),
            // Its run is locked, and the state of its queue is not: that would be the wrong order.
            None if position == TaskRow::RUN => self.needs_all(),
            None => self.missing(|keys| {
                keys.tasks.insert((run, position));
            }),
        }
    }

    fn tasks_in(&self, _: i64) -> Result<Vec<TaskHead>, StoreError> {
        self.needs_all()
    }

    fn tasks_of(&self, _: i64) -> Result<Vec<TaskHead>, StoreError> {
        self.needs_all()
    }

    fn insert_task(&mut self, task: &TaskRow) -> Result<(), StoreError> {
        self.changes.tasks.insert(task);
        let head = TaskHead { lease: None, ..TaskHead::from(task) };
        self.known.tasks.entry((task.run, task.position)).or_default().push(head);
        Ok(())
    }

    fn change_task(&mut self, task: &TaskHead, change: &TaskChange<'_>) -> Result<(), StoreError> {
        let TaskChange { state, lease, refused } = *change;
        self.changes.tasks.change(task, state, lease);
        if let Some((why, wait)) = refused {
            let (run, position) = (Own::Int(task.run), Own::number(task.position));
            self.execute(REFUSED, vec![run, position, Own::Int(task.attempt.into()), Own::text(why), Own::Int(wait)]);
        }
        let known = self.known.tasks.entry((task.run, task.position)).or_default();
        for known in known.iter_mut().filter(|known| known.attempt == task.attempt) {
            (known.state, known.lease) = (state, lease);
        }
        Ok(())
    }

    fn report_task(&mut self, task: &TaskHead, progress: &str) -> Result<(), StoreError> {
        let (run, position) = (Own::Int(task.run), Own::number(task.position));
        self.execute(REPORT_TASK, vec![run, position, Own::Int(task.attempt.into()), Own::text(progress)]);
        Ok(())
    }

    fn remove_task(&mut self, task: &TaskHead) -> Result<(), StoreError> {
        self.changes.tasks.remove(task);
        let known = self.known.tasks.entry((task.run, task.position)).or_default();
        known.retain(|known| known.attempt != task.attempt);
        Ok(())
    }

    fn move_place(&mut self, _: i64, _: i64) -> Result<(), StoreError> {
        self.needs_all()
    }

    fn set_deadline(&mut self, _: i64, _: Option<i64>) -> Result<(), StoreError> {
        self.needs_all()
    }

    fn set_due(&mut self, _: i64, _: i64, _: TaskState) -> Result<(), StoreError> {
        self.needs_all()
    }

    fn expired(&self, _: usize) -> Result<Vec<TaskRow>, StoreError> {
        self.needs_all()
    }

    fn queue(&self, name: &str) -> Result<Option<QueueState>, StoreError> {
        match self.known.queues.get(name) {
            Some(state) => Ok(state.clone()),
            None => self.missing(|keys| {
                keys.queues.insert(name.to_owned());
            }),
        }
    }

    fn put_queue(&mut self, state: &QueueState) -> Result<(), StoreError> {
        if !self.known.locked_queues.contains(&state.queue) {
            return self.missing(|keys| {
                keys.queues_to_change.insert(state.queue.clone());
            });
        }
        self.changes.tasks.put_queue(&state.queue);
        self.known.queues.insert(state.queue.clone(), Some(state.clone()));
        Ok(())
    }

    fn running_in(&self, _: &str) -> Result<i64, StoreError> {
        self.needs_all()
    }

    fn now(&self) -> Result<i64, StoreError> {
        self.needs_all()
    }

    fn promote(&mut self, _: &str, _: usize) -> Result<Vec<(String, i64)>, StoreError> {
        self.needs_all()
    }

    fn count_key(&mut self, queue: &str, key: &str, change: KeyChange) -> Result<(), StoreError> {
        self.changes.tasks.count_key(queue, key, change);
        Ok(())
    }

    fn give_keys(&mut self, _: &str) -> Result<KeyChange, StoreError> {
        self.needs_all()
    }

    fn turns(&self, _: &str, _: u32, _: (i64, &str), _: usize) -> Result<Vec<WaitingKey>, StoreError> {
        self.needs_all()
    }

    fn serve_keys(&mut self, _: &str, _: &[Served]) -> Result<(), StoreError> {
        self.needs_all()
    }

    fn claim_firsts(&mut self, _: i64, _: &str, _: &[&str], _: &[String]) -> Result<Vec<TaskRow>, StoreError> {
        self.needs_all()
    }

    fn claim_tasks(
        &mut self,
        _: i64,
        _: &str,
        _: Option<&str>,
        _: &[String],
        _: usize,
    ) -> Result<Vec<TaskRow>, StoreError> {
        self.needs_all()
    }
}
