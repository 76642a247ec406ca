//! Changes of tasks, of the states of their queues, and of what is counted of their keys.

use super::Bulk;
use crate::store::decide::{KeyChange, Served, TaskHead};
use crate::store::postgres::batch::known::Known;
use crate::store::postgres::batch::own::Own;
use crate::store::{QueueState, TaskRow, TaskState};
use std::collections::{BTreeMap, BTreeSet};

/// Run, command index and attempt.
type Attempt = (i64, u64, u32);

/// The changes of tasks in a batch. Removals are written first, then new rows, then changes.
#[derive(Debug, Default)]
pub(in crate::store::postgres::batch) struct TaskChanges {
    removed: BTreeSet<Attempt>,
    inserted: Vec<(Attempt, [Own; 17])>,
    changed: BTreeMap<Attempt, (TaskState, Option<i64>)>,
    /// The queues whose state changes.
    queues: BTreeSet<String>,
    /// What is added to the tasks of a key, by queue and key.
    keys: BTreeMap<(String, String), KeyChange>,
    /// The keys of which tasks were claimed, by queue.
    served: Vec<(String, Served)>,
    /// Whether other processes have something to do.
    is_news: bool,
}

const REMOVED: &str = "DELETE FROM steadfast_tasks t
    USING unnest(?1::bigint[], ?2::bigint[], ?3::bigint[]) AS u (run, position, attempt)
    WHERE t.run = u.run AND t.position = u.position AND t.attempt = u.attempt";

/// In the order of the rows: tasks with the same rank are claimed in the order of their numbers.
const INSERTED: &str =
    "INSERT INTO steadfast_tasks (queue, key, step, run, position, attempt, context, timeout, priority, at, due, rank,
        state, form, body, expires, deadline)
    SELECT queue, key, step, run, position, attempt, context, timeout, priority, at,
        CAST(unixepoch('subsec') * 1000 AS BIGINT) + wait, rank, state, form, body,
        CAST(unixepoch('subsec') * 1000 AS BIGINT) + life, deadline
    FROM unnest(?1::text[], ?2::text[], ?3::text[], ?4::bigint[], ?5::bigint[], ?6::bigint[], ?7::bigint[], ?8::bigint[],
            ?9::bigint[], ?10::bigint[], ?11::bigint[], ?12::bigint[], ?13::text[], ?14::bytea[], ?15::bigint[],
            ?16::bigint[], ?17::text[]) WITH ORDINALITY
        AS u (queue, key, step, run, position, attempt, context, timeout, priority, at, wait, rank, form, body, life,
            deadline, state, n)
    ORDER BY n";

const CHANGED: &str = "UPDATE steadfast_tasks t SET state = u.state, lease = u.lease
    FROM unnest(?1::bigint[], ?2::bigint[], ?3::bigint[], ?4::text[], ?5::bigint[])
        AS u (run, position, attempt, state, lease)
    WHERE t.run = u.run AND t.position = u.position AND t.attempt = u.attempt";

const QUEUES: &str = "UPDATE steadfast_queues q
    SET running = u.running, starts = u.starts, counted_at = u.counted_at, turns = u.turns
    FROM unnest(?1::text[], ?2::bigint[], ?3::bigint[], ?4::bigint[], ?5::bigint[])
        AS u (queue, running, starts, counted_at, turns) WHERE q.queue = u.queue";

const SERVED: &str = "UPDATE steadfast_queue_keys k
    SET waiting = k.waiting - u.count, running = k.running + u.count, turn = u.turn
    FROM unnest(?1::text[], ?2::text[], ?3::bigint[], ?4::bigint[]) AS u (queue, key, count, turn)
    WHERE k.queue = u.queue AND k.key = u.key";

/// A key that loses its last task and gets another one in the same batch keeps its turn.
const KEYS: &str = "INSERT INTO steadfast_queue_keys (queue, key, waiting, running, delayed, turn)
    SELECT queue, key, waiting, running, delayed,
            coalesce((SELECT q.turns FROM steadfast_queues q WHERE q.queue = u.queue), 0)
        FROM unnest(?1::text[], ?2::text[], ?3::bigint[], ?4::bigint[], ?5::bigint[])
            AS u (queue, key, waiting, running, delayed)
    ON CONFLICT (queue, key) DO UPDATE SET waiting = steadfast_queue_keys.waiting + excluded.waiting,
        running = steadfast_queue_keys.running + excluded.running,
        delayed = steadfast_queue_keys.delayed + excluded.delayed";

const FORGOTTEN: &str = "DELETE FROM steadfast_queue_keys k USING unnest(?1::text[], ?2::text[]) AS u (queue, key)
    WHERE k.queue = u.queue AND k.key = u.key AND k.waiting <= 0 AND k.running <= 0
        AND k.delayed <= 0";

const fn attempt(task: &TaskHead) -> Attempt {
    (task.run, task.position, task.attempt)
}

fn columns((run, position, attempt): Attempt) -> [Own; 3] {
    [Own::Int(run), Own::number(position), Own::Int(attempt.into())]
}

impl TaskChanges {
    pub(super) fn is_empty(&self) -> bool {
        let Self { removed, inserted, changed, queues, keys, served, is_news: _ } = self;
        (removed.is_empty() && inserted.is_empty() && changed.is_empty())
            && (queues.is_empty() && keys.is_empty() && served.is_empty())
    }

    /// Returns whether other processes have something to do: a task waits for them, or is no longer wanted.
    pub(in crate::store::postgres::batch) fn is_news(&self) -> bool {
        self.is_news
    }

    pub(in crate::store::postgres::batch) fn insert(&mut self, task: &TaskRow) {
        let [form, body] = Own::value(Some(&task.arguments));
        let row = [
            Own::text(&task.queue),
            Own::maybe_text(task.key.as_deref()),
            Own::text(&task.step),
            Own::Int(task.run),
            Own::number(task.position),
            Own::Int(task.attempt.into()),
            task.context.map_or(Own::Null, Own::number),
            Own::maybe_int(task.timeout),
            Own::Int(task.priority),
            Own::Int(task.at),
            Own::Int(task.due),
            Own::Int(task.rank()),
            form,
            body,
            Own::maybe_int(task.expires),
            Own::maybe_int(task.deadline),
            Own::text(task.state.as_str()),
        ];
        self.is_news = true;
        self.inserted.push(((task.run, task.position, task.attempt), row));
    }

    pub(in crate::store::postgres::batch) fn change(&mut self, task: &TaskHead, state: TaskState, lease: Option<i64>) {
        self.is_news |= state.waits() || state == TaskState::Cancelled;
        self.changed.insert(attempt(task), (state, lease));
    }

    pub(in crate::store::postgres::batch) fn remove(&mut self, task: &TaskHead) {
        let removed = attempt(task);
        // It may have come in this batch.
        self.inserted.retain(|(attempt, _)| *attempt != removed);
        self.changed.remove(&removed);
        self.removed.insert(removed);
    }

    pub(in crate::store::postgres::batch) fn put_queue(&mut self, queue: &str) {
        self.queues.insert(queue.to_owned());
    }

    pub(in crate::store::postgres::batch) fn count_key(&mut self, queue: &str, key: &str, change: KeyChange) {
        let counted = self.keys.entry((queue.to_owned(), key.to_owned())).or_default();
        *counted = counted.and(change);
    }

    pub(in crate::store::postgres::batch) fn serve_keys(&mut self, queue: &str, keys: Vec<Served>) {
        self.served.extend(keys.into_iter().map(|served| (queue.to_owned(), served)));
    }

    pub(super) fn into_statements(self, known: &Known) -> [Bulk; 7] {
        let (mut removed, mut inserted) = (Bulk::new(REMOVED, "iii"), Bulk::new(INSERTED, "tttiiiiiiiiitbiit"));
        self.removed.into_iter().for_each(|attempt| removed.add(columns(attempt)));
        self.inserted.into_iter().for_each(|(_, row)| inserted.add(row));
        let mut changed = Bulk::new(CHANGED, "iiiti");
        for (attempt, (state, lease)) in self.changed {
            let [run, position, attempt] = columns(attempt);
            changed.add([run, position, attempt, Own::text(state.as_str()), Own::maybe_int(lease)]);
        }
        let mut queues = Bulk::new(QUEUES, "tiiii");
        for state in self.queues.iter().filter_map(|queue| known.queues.get(queue)?.as_ref()) {
            let QueueState { queue, running, starts, counted_at, turns, .. } = state;
            let [running, starts, counted_at, turns] = [running, starts, counted_at, turns].map(|of| Own::Int(*of));
            queues.add([Own::text(queue), running, starts, counted_at, turns]);
        }
        let mut served = Bulk::new(SERVED, "ttii");
        for (queue, Served { key, count, turn }) in &self.served {
            served.add([Own::text(queue), Own::text(key), Own::Int(*count), Own::Int(*turn)]);
        }
        let (mut keys, mut forgotten) = (Bulk::new(KEYS, "ttiii"), Bulk::new(FORGOTTEN, "tt"));
        for ((queue, key), KeyChange { waiting, delayed, running }) in &self.keys {
            let [queue, key] = [Own::text(queue), Own::text(key)];
            if *waiting <= 0 {
                forgotten.add([queue.clone(), key.clone()]);
            }
            keys.add([queue, key, Own::Int(*waiting), Own::Int(*running), Own::Int(*delayed)]);
        }
        [removed, inserted, changed, queues, served, keys, forgotten]
    }
}
