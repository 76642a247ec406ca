//! Tasks of remote steps.

mod waiting;

use crate::store::decide::{KeyChange, Served, TaskChange, TaskHead, TaskRows, WaitingKey};
use crate::store::memory::tables::{KeyRow, Tables, TaskId};
use crate::store::{QueueKeyRow, QueueRow, QueueState, StoreError, TaskKey, TaskRow, TaskState};
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

impl Tables {
    /// Returns the clock of this database, in milliseconds since 1970.
    pub(in crate::store::memory) fn now(&self) -> i64 {
        self.clock.unwrap_or_else(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        })
    }

    pub(in crate::store::memory) fn tasks(&self, which: TaskKey<'_>) -> Vec<TaskRow> {
        let mut tasks: Vec<TaskRow> = match which {
            TaskKey::Lease(lease) => self.of_lease(lease).cloned().collect(),
            TaskKey::Run(run) => self.of_run(run).cloned().collect(),
            TaskKey::Expired { limit } => {
                let now = self.now();
                let is_over = |at: Option<i64>| at.is_some_and(|at| at <= now);
                let waiting = self.tasks.values().filter(|task| task.state.waits());
                let expired = waiting.filter(|task| is_over(task.expires) || is_over(task.deadline));
                expired.take(limit).cloned().collect()
            }
            TaskKey::Waiting { queue, steps, limit } => {
                let waiting = self.claimable(queue, None, steps, limit).into_iter();
                let due = self.due(queue, usize::MAX).into_iter().filter(|id| steps.contains(&self.tasks[id].step));
                return self.first_of(waiting.chain(due), limit);
            }
            TaskKey::Unserved { queue, steps, limit } => {
                let waiting = self.waiting.get(&(queue.to_owned(), None)).into_iter().flat_map(BTreeMap::values);
                let delayed = self.delayed.get(queue).into_iter().flat_map(BTreeMap::values);
                let unserved = waiting.chain(delayed).filter(|id| !steps.contains(&self.tasks[id].step));
                return self.first_of(unserved.copied(), limit);
            }
        };
        tasks.sort_unstable_by_key(|task| task.number);
        tasks
    }

    /// Returns the first of these tasks, in the order in which they are claimed.
    fn first_of(&self, ids: impl Iterator<Item = TaskId>, limit: usize) -> Vec<TaskRow> {
        let mut tasks: Vec<&TaskRow> = ids.map(|id| &self.tasks[&id]).collect();
        tasks.sort_unstable_by_key(|task| (task.rank(), task.number));
        tasks.into_iter().take(limit).cloned().collect()
    }

    pub(in crate::store::memory) fn depths(&self) -> Vec<QueueRow> {
        let mut queues: BTreeMap<&str, QueueRow> = BTreeMap::new();
        for task in self.tasks.values() {
            let empty = || QueueRow { queue: task.queue.clone(), waiting: 0, running: 0, oldest: None };
            let row = queues.entry(&task.queue).or_insert_with(empty);
            match task.state {
                TaskState::Waiting | TaskState::Delayed => {
                    row.waiting = (row.waiting + 1).min(QueueRow::COUNTED);
                    row.oldest = Some(row.oldest.map_or(task.at, |oldest| oldest.min(task.at)));
                }
                TaskState::Claimed | TaskState::Cancelled => row.running = (row.running + 1).min(QueueRow::COUNTED),
                TaskState::Delivered | TaskState::Idle => {}
            }
        }
        queues.into_values().filter(|row| row.waiting + row.running > 0).collect()
    }

    pub(in crate::store::memory) fn keys_after(
        &self,
        queue: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Vec<QueueKeyRow> {
        let of_queue =
            self.keys.iter().filter(|((of, key), _)| of == queue && after.is_none_or(|after| key.as_str() > after));
        let row = |((_, key), row): (&(String, String), &KeyRow)| QueueKeyRow {
            key: key.clone(),
            waiting: row.tasks.waiting + row.tasks.delayed,
            running: row.tasks.running,
        };
        of_queue.take(limit).map(row).collect()
    }

    pub(super) fn heads_at(&self, run: i64, position: u64) -> Vec<TaskHead> {
        self.tasks.range((run, position, 0)..=(run, position, u32::MAX)).map(|(_, task)| task.into()).collect()
    }

    pub(super) fn heads_in(&self, run: i64) -> Vec<TaskHead> {
        self.of_run(run).map(TaskHead::from).collect()
    }

    /// Returns how many tasks of a queue have a lease.
    pub(super) fn claimed_in(&self, queue: &str) -> i64 {
        let claimed = self.tasks.values().filter(|task| task.queue == queue && task.lease.is_some());
        i64::try_from(claimed.count()).unwrap_or(i64::MAX)
    }

    pub(super) fn heads_of(&self, lease: i64) -> Vec<TaskHead> {
        self.of_lease(lease).map(TaskHead::from).collect()
    }

    fn of_run(&self, run: i64) -> impl Iterator<Item = &TaskRow> {
        self.tasks.range((run, 0, 0)..=(run, u64::MAX, u32::MAX)).map(|(_, task)| task)
    }

    /// Returns the tasks that the engine of a lease runs.
    fn of_lease(&self, lease: i64) -> impl Iterator<Item = &TaskRow> {
        self.tasks.values().filter(move |task| task.lease == Some(lease))
    }

    /// Returns what a run has in its queue.
    fn place_rows(&self, run: i64) -> Vec<TaskRow> {
        let places = self.tasks.range((run, TaskRow::RUN, 0)..=(run, TaskRow::RUN, u32::MAX));
        places.map(|(_, row)| row.clone()).collect()
    }

    pub(super) fn put_task(&mut self, task: &TaskRow) {
        self.last_task += 1;
        let now = self.now();
        let due = now.saturating_add(task.due);
        let expires = task.expires.map(|wait| now.saturating_add(wait));
        let number = self.last_task;
        let row = TaskRow { number, lease: None, refused: None, due, expires, ..task.clone() };
        self.note_waiting(&row);
        self.tasks.insert(id(&row), row);
    }

    pub(super) fn alter_task(&mut self, task: &TaskHead, change: &TaskChange<'_>) {
        let Some(mut row) = self.tasks.remove(&(task.run, task.position, task.attempt)) else { return };
        self.forget_waiting(&row);
        (row.state, row.lease) = (change.state, change.lease);
        if let Some((why, wait)) = change.refused {
            (row.refused, row.progress) = (Some(why.to_owned()), None);
            row.due = self.now().saturating_add(wait);
        }
        self.note_waiting(&row);
        self.tasks.insert(id(&row), row);
    }

    pub(super) fn drop_task(&mut self, id: TaskId) {
        if let Some(row) = self.tasks.remove(&id) {
            self.forget_waiting(&row);
        }
    }

    pub(super) fn alter_key(&mut self, queue: &str, key: &str, change: KeyChange) {
        let of = (queue.to_owned(), key.to_owned());
        let turn = self.queues.get(queue).map_or(0, |state| state.turns);
        let row = self.keys.entry(of.clone()).or_insert(KeyRow { turn, ..KeyRow::default() });
        row.tasks = row.tasks.and(change);
        let KeyChange { waiting, delayed, running } = row.tasks;
        if waiting <= 0 && delayed <= 0 && running <= 0 {
            self.keys.remove(&of);
        }
    }

    pub(super) fn give_empty_keys(&mut self, queue: &str) -> KeyChange {
        let mut given = KeyChange::default();
        let keyless = self.tasks.values().filter(|task| task.queue == queue && task.key.is_none());
        for mut row in keyless.cloned().collect::<Vec<_>>() {
            self.drop_task(id(&row));
            row.key = Some(String::new());
            given = given.and(KeyChange::of(row.state, 1));
            self.note_waiting(&row);
            self.tasks.insert(id(&row), row);
        }
        given
    }

    pub(super) fn next_turns(&self, queue: &str, per_key: u32, after: (i64, &str), limit: usize) -> Vec<WaitingKey> {
        let keys = self.keys.iter().filter(|((of, key), row)| {
            let is_later = (row.turn, key.as_str()) > after;
            of == queue && row.tasks.waiting > 0 && row.tasks.running < i64::from(per_key) && is_later
        });
        let of = |((_, key), row): (&(String, String), &KeyRow)| WaitingKey {
            key: key.clone(),
            turn: row.turn,
            running: row.tasks.running,
        };
        let mut turns: Vec<_> = keys.map(of).collect();
        turns.sort_by(|one, other| (one.turn, &one.key).cmp(&(other.turn, &other.key)));
        turns.truncate(limit);
        turns
    }
}

const fn id(row: &TaskRow) -> TaskId {
    (row.run, row.position, row.attempt)
}

impl TaskRows for Tables {
    fn attempts(&self, run: i64, position: u64) -> Result<Vec<TaskHead>, StoreError> {
        Ok(self.heads_at(run, position))
    }

    fn tasks_in(&self, run: i64) -> Result<Vec<TaskHead>, StoreError> {
        Ok(self.heads_in(run))
    }

    fn tasks_of(&self, lease: i64) -> Result<Vec<TaskHead>, StoreError> {
        Ok(self.heads_of(lease))
    }

    fn insert_task(&mut self, task: &TaskRow) -> Result<(), StoreError> {
        self.put_task(task);
        Ok(())
    }

    fn change_task(&mut self, task: &TaskHead, change: &TaskChange<'_>) -> Result<(), StoreError> {
        self.alter_task(task, change);
        Ok(())
    }

    fn report_task(&mut self, task: &TaskHead, progress: &str) -> Result<(), StoreError> {
        if let Some(row) = self.tasks.get_mut(&(task.run, task.position, task.attempt)) {
            row.progress = Some(progress.to_owned());
        }
        Ok(())
    }

    fn remove_task(&mut self, task: &TaskHead) -> Result<(), StoreError> {
        self.drop_task((task.run, task.position, task.attempt));
        Ok(())
    }

    fn move_place(&mut self, from: i64, to: i64) -> Result<(), StoreError> {
        for place in self.place_rows(from) {
            self.drop_task(id(&place));
            let row = TaskRow { run: to, ..place };
            self.note_waiting(&row);
            self.tasks.insert(id(&row), row);
        }
        Ok(())
    }

    fn set_deadline(&mut self, run: i64, deadline: Option<i64>) -> Result<(), StoreError> {
        for place in self.place_rows(run) {
            self.tasks.insert(id(&place), TaskRow { deadline, ..place });
        }
        Ok(())
    }

    fn set_due(&mut self, run: i64, wait: i64, state: TaskState) -> Result<(), StoreError> {
        let due = self.now() + wait;
        for place in self.place_rows(run) {
            self.drop_task(id(&place));
            let row = TaskRow { due, state, ..place };
            self.note_waiting(&row);
            self.tasks.insert(id(&row), row);
        }
        Ok(())
    }

    fn expired(&self, limit: usize) -> Result<Vec<TaskRow>, StoreError> {
        Ok(self.tasks(TaskKey::Expired { limit }))
    }

    fn queue(&self, name: &str) -> Result<Option<QueueState>, StoreError> {
        Ok(self.queues.get(name).cloned())
    }

    fn put_queue(&mut self, state: &QueueState) -> Result<(), StoreError> {
        self.queues.insert(state.queue.clone(), state.clone());
        Ok(())
    }

    fn running_in(&self, queue: &str) -> Result<i64, StoreError> {
        Ok(self.claimed_in(queue))
    }

    fn now(&self) -> Result<i64, StoreError> {
        Ok(self.now())
    }

    fn promote(&mut self, queue: &str, limit: usize) -> Result<Vec<(String, i64)>, StoreError> {
        Ok(self.promote_due(queue, limit))
    }

    fn count_key(&mut self, queue: &str, key: &str, change: KeyChange) -> Result<(), StoreError> {
        self.alter_key(queue, key, change);
        Ok(())
    }

    fn give_keys(&mut self, queue: &str) -> Result<KeyChange, StoreError> {
        Ok(self.give_empty_keys(queue))
    }

    fn turns(
        &self,
        queue: &str,
        per_key: u32,
        after: (i64, &str),
        limit: usize,
    ) -> Result<Vec<WaitingKey>, StoreError> {
        Ok(self.next_turns(queue, per_key, after, limit))
    }

    fn serve_keys(&mut self, queue: &str, keys: &[Served]) -> Result<(), StoreError> {
        for Served { key, count, turn } in keys {
            if let Some(row) = self.keys.get_mut(&(queue.to_owned(), key.clone())) {
                row.tasks = row.tasks.and(KeyChange { waiting: -count, running: *count, delayed: 0 });
                row.turn = *turn;
            }
        }
        Ok(())
    }

    fn claim_firsts(
        &mut self,
        lease: i64,
        queue: &str,
        keys: &[&str],
        steps: &[String],
    ) -> Result<Vec<TaskRow>, StoreError> {
        Ok(keys.iter().flat_map(|key| self.take_tasks(lease, queue, Some(key), steps, 1)).collect())
    }

    fn claim_tasks(
        &mut self,
        lease: i64,
        queue: &str,
        key: Option<&str>,
        steps: &[String],
        limit: usize,
    ) -> Result<Vec<TaskRow>, StoreError> {
        Ok(self.take_tasks(lease, queue, key, steps, limit))
    }
}
