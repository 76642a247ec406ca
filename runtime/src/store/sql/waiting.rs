//! The tasks of a queue that can be claimed, and queues as a whole.

use super::read::{Reader, clamped};
use super::{Cell, Session, queries};
use crate::store::{QueueKeyRow, QueueRow, QueueState, StoreError, TaskKey, TaskRow, TaskState};
use std::fmt::Write as _;
use std::ops::ControlFlow;

/// Returns the query for waiting tasks of these steps, and of this key if there is one, in the order in which they are
/// claimed; and its values.
fn waiting<'a>(
    columns: &str,
    queue: &'a str,
    key: Option<&'a str>,
    steps: &'a [String],
    limit: usize,
) -> (String, Vec<Cell<'a>>) {
    let mut values = vec![Cell::Text(queue.as_bytes()), clamped(limit)];
    let mut place = |text: &'a str| {
        values.push(Cell::Text(text.as_bytes()));
        format!("?{}", values.len())
    };
    let of_key = key.map_or_else(String::new, |key| format!(" AND key = {}", place(key)));
    let steps: Vec<String> = steps.iter().map(|step| place(step)).collect();
    let text = format!(
        "SELECT {columns} FROM steadfast_tasks
            WHERE queue = ?1 AND state = 'waiting'{of_key} AND due <= {} AND step IN ({})
            ORDER BY rank, number LIMIT ?2",
        queries::NOW,
        steps.join(", ")
    );
    (text, values)
}

/// Returns the query for delayed tasks of these steps that are due, those first that are due first; and its values.
fn due<'a>(queue: &'a str, steps: &'a [String], limit: usize) -> (String, Vec<Cell<'a>>) {
    let mut values = vec![Cell::Text(queue.as_bytes()), clamped(limit)];
    let steps = steps.iter().map(|step| {
        values.push(Cell::Text(step.as_bytes()));
        format!("?{}", values.len())
    });
    let steps: Vec<String> = steps.collect();
    let text = format!(
        "SELECT {} FROM steadfast_tasks WHERE queue = ?1 AND state = 'delayed' AND due <= {} AND step IN ({})
            ORDER BY due LIMIT ?2",
        queries::tasks::TASK_COLUMNS,
        queries::NOW,
        steps.join(", ")
    );
    (text, values)
}

/// Returns the query that has delayed tasks wait for an engine that are due: its values are a queue and how many.
pub(super) fn promote(skip_locked: &str) -> String {
    format!(
        "UPDATE steadfast_tasks SET state = 'waiting' WHERE number IN
            (SELECT number FROM steadfast_tasks WHERE queue = ?1 AND state = 'delayed' AND due <= {}
                ORDER BY due LIMIT ?2{skip_locked})
        RETURNING key",
        queries::NOW
    )
}

/// Returns the query for tasks in a state of other steps than these, in the order in which they are claimed; and its
/// values.
fn unserved<'a>(queue: &'a str, state: TaskState, steps: &'a [String], limit: usize) -> (String, Vec<Cell<'a>>) {
    let mut values = vec![Cell::Text(queue.as_bytes()), clamped(limit)];
    let mut of_others = String::new();
    for step in steps {
        values.push(Cell::Text(step.as_bytes()));
        // No list, which would not be empty in SQL.
        let _ = write!(of_others, " AND step <> ?{}", values.len());
    }
    let text = format!(
        "SELECT {} FROM steadfast_tasks WHERE queue = ?1 AND state = '{}'{of_others} ORDER BY rank, number LIMIT ?2",
        queries::tasks::TASK_COLUMNS,
        state.as_str()
    );
    (text, values)
}

/// Returns the query that claims tasks of a queue for a lease, and its values.
pub(super) fn claim<'a>(
    lease: i64,
    queue: &'a str,
    key: Option<&'a str>,
    steps: &'a [String],
    limit: usize,
    skip_locked: &str,
) -> (String, Vec<Cell<'a>>) {
    let (found, mut values) = waiting("number", queue, key, steps, limit);
    values.push(Cell::Int(lease));
    let text = format!(
        "UPDATE steadfast_tasks SET {} WHERE number IN ({found}{skip_locked}) RETURNING {}",
        claimed(values.len()),
        queries::tasks::TASK_COLUMNS
    );
    (text, values)
}

/// Returns the query that claims the first task of each of these keys, and its values.
pub(super) fn claim_firsts<'a>(
    lease: i64,
    queue: &'a str,
    keys: &[&'a str],
    steps: &'a [String],
    skip_locked: &str,
) -> (String, Vec<Cell<'a>>) {
    let mut values = vec![Cell::Text(queue.as_bytes()), Cell::Int(lease)];
    let mut places = |texts: &mut dyn Iterator<Item = &'a str>, form: fn(usize) -> String| {
        let places = texts.map(|text| {
            values.push(Cell::Text(text.as_bytes()));
            form(values.len())
        });
        places.collect::<Vec<_>>().join(", ")
    };
    let steps = places(&mut steps.iter().map(String::as_str), |place| format!("?{place}"));
    let (count, mut keys) = (keys.len(), places(&mut keys.iter().copied(), |place| format!("(?{place})")));
    for _ in count..padded(count) {
        values.push(Cell::Null);
        let _ = write!(keys, ", (?{})", values.len());
    }
    let text = format!(
        "UPDATE steadfast_tasks SET {} WHERE number IN
            (SELECT (SELECT t.number FROM steadfast_tasks t
                WHERE t.queue = ?1 AND t.key = k.column1 AND t.state = 'waiting' AND t.due <= {} AND t.step IN ({steps})
                ORDER BY t.rank, t.number LIMIT 1{skip_locked})
            FROM (VALUES {keys}) AS k)
        RETURNING {}",
        claimed(2),
        queries::NOW,
        queries::tasks::TASK_COLUMNS
    );
    (text, values)
}

/// Returns what a claim sets, with the place of the lease among the values. A run that is claimed begins in time.
fn claimed(lease: usize) -> String {
    format!(
        "state = 'claimed', lease = ?{lease}, expires = NULL, attempt = attempt + CASE position WHEN 0 THEN 1 ELSE 0 END"
    )
}

/// Returns how many rows a statement has for so many: few different statements are prepared once each.
pub(super) fn padded(rows: usize) -> usize {
    [1, 4, 16, 64].into_iter().find(|size| rows <= *size).unwrap_or(rows)
}

/// Returns the statement that counts the tasks that were claimed of keys, as so many rows of key, count and turn.
pub(super) fn serve(rows: usize) -> String {
    let rows: Vec<String> =
        (0..rows).map(|row| 2 + 3 * row).map(|key| format!("(?{key}, ?{}, ?{})", key + 1, key + 2)).collect();
    format!(
        "UPDATE steadfast_queue_keys SET waiting = waiting - CAST(v.column2 AS BIGINT),
            running = running + CAST(v.column2 AS BIGINT), turn = CAST(v.column3 AS BIGINT)
        FROM (VALUES {}) AS v WHERE queue = ?1 AND key = CAST(v.column1 AS TEXT)",
        rows.join(", ")
    )
}

impl<S: Session> Reader<'_, S> {
    pub(in crate::store) fn tasks(&self, which: TaskKey<'_>) -> Result<Vec<TaskRow>, StoreError> {
        let mut tasks: Vec<TaskRow> = match which {
            TaskKey::Lease(lease) => self.rows(None, queries::tasks::CLAIMED_BY, &[Cell::Int(lease)])?,
            TaskKey::Expired { limit } => self.rows(None, queries::tasks::EXPIRED, &[clamped(limit)])?,
            TaskKey::Run(run) => self.rows(Some(run), queries::tasks::TASKS_OF_RUN, &[Cell::Int(run)])?,
            TaskKey::Waiting { steps: [], .. } => Vec::new(),
            TaskKey::Waiting { queue, steps, limit } => {
                let waiting = waiting(queries::tasks::TASK_COLUMNS, queue, None, steps, limit);
                return self.first_of(&[waiting, due(queue, steps, limit)], limit);
            }
            TaskKey::Unserved { queue, steps, limit } => {
                let unserved = TaskState::UNCLAIMED.map(|state| unserved(queue, state, steps, limit));
                return self.first_of(&unserved, limit);
            }
        };
        tasks.sort_unstable_by_key(|task| task.number);
        Ok(tasks)
    }

    /// Returns the first of the tasks that two queries find, in the order in which they are claimed.
    fn first_of(&self, queries: &[(String, Vec<Cell<'_>>); 2], limit: usize) -> Result<Vec<TaskRow>, StoreError> {
        let mut tasks: Vec<TaskRow> = Vec::new();
        for (text, values) in queries {
            tasks.extend(self.rows::<TaskRow>(None, text, values)?);
        }
        tasks.sort_unstable_by_key(|task| (task.rank(), task.number));
        tasks.truncate(limit);
        Ok(tasks)
    }

    pub(in crate::store) fn queue(&self, name: &str) -> Result<Option<QueueState>, StoreError> {
        Ok(self.rows(None, queries::tasks::QUEUE, &[Cell::Text(name.as_bytes())])?.pop())
    }

    pub(in crate::store) fn queues(&self) -> Result<Vec<QueueRow>, StoreError> {
        let mut queues = Vec::new();
        let mut last = String::new();
        while let Some(queue) = self.one_text(queries::tasks::NEXT_QUEUE, Cell::Text(last.as_bytes()))? {
            let (waiting, first) = self.counted(queries::tasks::WAITING_IN_QUEUE, &queue)?;
            let (delayed, first_delayed) = self.counted(queries::tasks::DELAYED_IN_QUEUE, &queue)?;
            let waiting = (waiting + delayed).min(QueueRow::COUNTED);
            let oldest = first.into_iter().chain(first_delayed).min();
            let (running, _) = self.counted(queries::tasks::RUNNING_OF_QUEUE, &queue)?;
            if waiting + running > 0 {
                queues.push(QueueRow { queue: queue.clone(), waiting, running, oldest });
            }
            last = queue;
        }
        Ok(queues)
    }

    pub(in crate::store) fn queue_keys(
        &self,
        queue: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<QueueKeyRow>, StoreError> {
        let queue = Cell::Text(queue.as_bytes());
        match after {
            None => self.rows(None, queries::tasks::KEYS, &[queue, clamped(limit)]),
            Some(after) => {
                let values = [queue, clamped(limit), Cell::Text(after.as_bytes())];
                self.rows(None, queries::tasks::KEYS_AFTER, &values)
            }
        }
    }

    /// Returns how many tasks a query finds, and the time of the oldest.
    fn counted(&self, query: &str, queue: &str) -> Result<(u64, Option<i64>), StoreError> {
        let (mut count, mut oldest) = (0, None::<i64>);
        let values = [Cell::Text(queue.as_bytes()), clamped(QueueRow::COUNTED)];
        self.session.select(query, &values, &mut |row| {
            count += 1;
            if let Cell::Int(at) = row.cell(0) {
                oldest = Some(oldest.map_or(at, |oldest| oldest.min(at)));
            }
            ControlFlow::Continue(())
        })?;
        Ok((count, oldest))
    }
}

/// Returns the queries of this module, for the test of their plans.
#[cfg(all(test, feature = "sqlite"))]
pub(super) fn texts() -> Vec<(String, String)> {
    let steps = ["embed".to_owned(), "resize".to_owned()];
    vec![
        ("waiting tasks".to_owned(), waiting(queries::tasks::TASK_COLUMNS, "gpu", None, &steps, 1).0),
        ("due tasks".to_owned(), due("gpu", &steps, 1).0),
        ("promotion of tasks".to_owned(), promote("")),
        ("unserved tasks".to_owned(), unserved("gpu", TaskState::Delayed, &steps, 1).0),
        ("claim of tasks".to_owned(), claim(1, "gpu", None, &steps, 1, "").0),
        ("claim of tasks of a key".to_owned(), claim(1, "gpu", Some("acme"), &steps, 1, "").0),
        ("claim of the first tasks of keys".to_owned(), claim_firsts(1, "gpu", &["acme", "zenith"], &steps, "").0),
        ("count of keys".to_owned(), serve(4)),
    ]
}
