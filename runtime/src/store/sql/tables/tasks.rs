//! Tasks of remote steps, and their queues.

use super::Tables;
use super::runs::int_or_null;
use crate::store::decide::{KeyChange, Served, TaskChange, TaskHead, TaskRows, WaitingKey};
use crate::store::sql::columns::{text_or_null, value_cells};
use crate::store::sql::read::clamped;
use crate::store::sql::{Cell, Session, queries, waiting};
use crate::store::{QueueState, StoreError, TaskKey, TaskRow, TaskState};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Returns the values by which a task is found.
fn key(task: &TaskHead) -> [Cell<'static>; 3] {
    [Cell::Int(task.run), clamped(task.position), Cell::Int(task.attempt.into())]
}

impl<S: Session> Tables<'_, S> {
    fn task_heads(&self, query: &str, values: &[Cell<'_>]) -> Result<Vec<TaskHead>, StoreError> {
        self.reader().rows(None, query, values)
    }

    pub(super) fn write_queue(&self, state: &QueueState) -> Result<(), StoreError> {
        let json = |limits| serde_json::to_vec(limits).expect("numbers are JSON");
        let (declared, set) = (json(&state.declared), state.set.as_ref().map(json));
        let values = [
            Cell::Text(state.queue.as_bytes()),
            Cell::Text(&declared),
            set.as_ref().map_or(Cell::Null, |set| Cell::Text(set)),
            Cell::Int(state.has_keys.into()),
            text_or_null(state.paused.as_ref()),
            Cell::Int(state.running),
            Cell::Int(state.starts),
            Cell::Int(state.counted_at),
            Cell::Int(state.turns),
        ];
        self.execute(queries::tasks::PUT_QUEUE, &values)
    }

    pub(super) fn write_key(&self, queue: &str, key: &str, change: KeyChange) -> Result<(), StoreError> {
        if change == KeyChange::default() {
            return Ok(());
        }
        let KeyChange { waiting, delayed, running } = change;
        let [queue, key] = [Cell::Text(queue.as_bytes()), Cell::Text(key.as_bytes())];
        let values = [queue, key, Cell::Int(waiting), Cell::Int(running), Cell::Int(delayed)];
        // Of many keys with few tasks each, most go with their last task: then one statement is enough.
        if (waiting < 0 || delayed < 0 || running < 0) && self.session.execute(queries::tasks::FORGET_KEY, &values)? > 0
        {
            return Ok(());
        }
        self.execute(queries::tasks::COUNT_KEY, &values)
    }

    pub(super) fn write_served(&self, queue: &str, keys: &[Served]) -> Result<(), StoreError> {
        let mut values = vec![Cell::Text(queue.as_bytes())];
        for Served { key, count, turn } in keys {
            values.extend([Cell::Text(key.as_bytes()), Cell::Int(*count), Cell::Int(*turn)]);
        }
        let rows = waiting::padded(keys.len());
        values.resize(1 + 3 * rows, Cell::Null);
        self.execute(&waiting::serve(rows), &values)
    }
}

impl<S: Session> TaskRows for Tables<'_, S> {
    fn attempts(&self, run: i64, position: u64) -> Result<Vec<TaskHead>, StoreError> {
        self.task_heads(queries::tasks::TASKS_AT, &[Cell::Int(run), clamped(position)])
    }

    fn tasks_in(&self, run: i64) -> Result<Vec<TaskHead>, StoreError> {
        self.task_heads(queries::tasks::TASKS_IN, &[Cell::Int(run)])
    }

    fn tasks_of(&self, lease: i64) -> Result<Vec<TaskHead>, StoreError> {
        self.task_heads(queries::tasks::TASKS_OF_LEASE, &[Cell::Int(lease)])
    }

    fn insert_task(&mut self, task: &TaskRow) -> Result<(), StoreError> {
        let [form, body] = value_cells(Some(&task.arguments));
        let values = [
            Cell::Text(task.queue.as_bytes()),
            text_or_null(task.key.as_ref()),
            Cell::Text(task.step.as_bytes()),
            Cell::Int(task.run),
            clamped(task.position),
            Cell::Int(task.attempt.into()),
            task.context.map_or(Cell::Null, clamped),
            int_or_null(task.timeout),
            Cell::Int(task.priority),
            Cell::Int(task.at),
            Cell::Int(task.due),
            Cell::Int(task.rank()),
            form,
            body,
            int_or_null(task.expires),
            int_or_null(task.deadline),
            Cell::Text(task.state.as_str().as_bytes()),
        ];
        self.execute(queries::tasks::INSERT_TASK, &values)
    }

    fn change_task(&mut self, task: &TaskHead, change: &TaskChange<'_>) -> Result<(), StoreError> {
        let [run, position, attempt] = key(task);
        let (state, lease) = (Cell::Text(change.state.as_str().as_bytes()), int_or_null(change.lease));
        match change.refused {
            None => self.execute(queries::tasks::CHANGE_TASK, &[run, position, attempt, state, lease]),
            Some((why, wait)) => {
                let values = [run, position, attempt, state, lease, Cell::Text(why.as_bytes()), Cell::Int(wait)];
                self.execute(queries::tasks::RETURN_TASK, &values)
            }
        }
    }

    fn report_task(&mut self, task: &TaskHead, progress: &str) -> Result<(), StoreError> {
        let [run, position, attempt] = key(task);
        let values = [run, position, attempt, Cell::Text(progress.as_bytes())];
        self.execute(queries::tasks::REPORT_TASK, &values)
    }

    fn remove_task(&mut self, task: &TaskHead) -> Result<(), StoreError> {
        self.execute(queries::tasks::REMOVE_TASK, &key(task))
    }

    fn move_place(&mut self, from: i64, to: i64) -> Result<(), StoreError> {
        self.execute(queries::tasks::MOVE_PLACE, &[Cell::Int(from), Cell::Int(to)])
    }

    fn set_deadline(&mut self, run: i64, deadline: Option<i64>) -> Result<(), StoreError> {
        self.execute(queries::tasks::SET_DEADLINE, &[Cell::Int(run), int_or_null(deadline)])
    }

    fn set_due(&mut self, run: i64, wait: i64, state: TaskState) -> Result<(), StoreError> {
        let state = Cell::Text(state.as_str().as_bytes());
        self.execute(queries::tasks::SET_DUE, &[Cell::Int(run), Cell::Int(wait), state])
    }

    fn expired(&self, limit: usize) -> Result<Vec<TaskRow>, StoreError> {
        self.reader().tasks(TaskKey::Expired { limit })
    }

    fn queue(&self, name: &str) -> Result<Option<QueueState>, StoreError> {
        self.queue_state(name)
    }

    fn put_queue(&mut self, state: &QueueState) -> Result<(), StoreError> {
        self.change_queue(state)
    }

    fn running_in(&self, queue: &str) -> Result<i64, StoreError> {
        Ok(self.number(queries::tasks::CLAIMED_IN, &[Cell::Text(queue.as_bytes())])?.unwrap_or_default())
    }

    fn now(&self) -> Result<i64, StoreError> {
        self.drawn(queries::tasks::CLOCK, &[])
    }

    fn promote(&mut self, queue: &str, limit: usize) -> Result<Vec<(String, i64)>, StoreError> {
        if self.is_none_due(queue) {
            return Ok(Vec::new());
        }
        let text = waiting::promote(S::SKIP_LOCKED);
        let mut keys = BTreeMap::<String, i64>::new();
        self.session.select(&text, &[Cell::Text(queue.as_bytes()), clamped(limit)], &mut |row| {
            if let Cell::Text(key) = row.cell(0) {
                *keys.entry(String::from_utf8_lossy(key).into_owned()).or_default() += 1;
            }
            ControlFlow::Continue(())
        })?;
        Ok(keys.into_iter().collect())
    }

    fn count_key(&mut self, queue: &str, key: &str, change: KeyChange) -> Result<(), StoreError> {
        self.change_key(queue, key, change)
    }

    fn give_keys(&mut self, queue: &str) -> Result<KeyChange, StoreError> {
        let queue = Cell::Text(queue.as_bytes());
        let count =
            |query: &str| self.session.execute(query, &[queue]).map(|rows| i64::try_from(rows).unwrap_or(i64::MAX));
        let waiting = count(queries::tasks::GIVE_KEYS_TO_WAITING)?;
        let delayed = count(queries::tasks::GIVE_KEYS_TO_DELAYED)?;
        // They are counted once they wait.
        count(queries::tasks::GIVE_KEYS_TO_IDLE)?;
        Ok(KeyChange { waiting, delayed, running: count(queries::tasks::GIVE_KEYS_TO_CLAIMED)? })
    }

    fn turns(
        &self,
        queue: &str,
        per_key: u32,
        (turn, key): (i64, &str),
        limit: usize,
    ) -> Result<Vec<WaitingKey>, StoreError> {
        self.flush()?;
        let mut turns = Vec::new();
        let [queue, key] = [Cell::Text(queue.as_bytes()), Cell::Text(key.as_bytes())];
        let values = [queue, Cell::Int(turn), key, Cell::Int(per_key.into()), clamped(limit)];
        self.session.select(queries::tasks::TURNS, &values, &mut |row| {
            if let (Cell::Text(key), Cell::Int(turn), Cell::Int(running)) = (row.cell(0), row.cell(1), row.cell(2)) {
                turns.push(WaitingKey { key: String::from_utf8_lossy(key).into_owned(), turn, running });
            }
            ControlFlow::Continue(())
        })?;
        Ok(turns)
    }

    fn serve_keys(&mut self, queue: &str, keys: &[Served]) -> Result<(), StoreError> {
        self.change_served(queue, keys)
    }

    fn claim_firsts(
        &mut self,
        lease: i64,
        queue: &str,
        keys: &[&str],
        steps: &[String],
    ) -> Result<Vec<TaskRow>, StoreError> {
        if steps.is_empty() || keys.is_empty() {
            return Ok(Vec::new());
        }
        let (text, values) = waiting::claim_firsts(lease, queue, keys, steps, S::SKIP_LOCKED);
        self.reader().rows(None, &text, &values)
    }

    fn claim_tasks(
        &mut self,
        lease: i64,
        queue: &str,
        key: Option<&str>,
        steps: &[String],
        limit: usize,
    ) -> Result<Vec<TaskRow>, StoreError> {
        if steps.is_empty() {
            return Ok(Vec::new());
        }
        let (text, values) = waiting::claim(lease, queue, key, steps, limit, S::SKIP_LOCKED);
        let mut tasks: Vec<TaskRow> = self.reader().rows(None, &text, &values)?;
        tasks.sort_unstable_by_key(|task| (task.rank(), task.number));
        Ok(tasks)
    }
}
