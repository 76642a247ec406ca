//! Tasks of remote steps.

use super::Tables;
use crate::store::decide::{TaskChange, TaskHead};
use crate::store::sql::columns::value_cells;
use crate::store::sql::read::clamped;
use crate::store::sql::{Cell, Session, queries, waiting};
use crate::store::{StoreError, TaskRow};

impl<S: Session> Tables<'_, S> {
    pub(super) fn task_head(&self, run: i64, position: u64) -> Result<Option<TaskHead>, StoreError> {
        Ok(self.task_heads(queries::TASK, &[Cell::Int(run), clamped(position)])?.pop())
    }

    pub(super) fn task_heads(&self, query: &str, values: &[Cell<'_>]) -> Result<Vec<TaskHead>, StoreError> {
        self.reader().rows(None, query, values)
    }

    pub(super) fn insert_task_row(&self, task: &TaskRow) -> Result<(), StoreError> {
        let [form, body] = value_cells(Some(&task.arguments));
        let int_or_null = |number: Option<i64>| number.map_or(Cell::Null, Cell::Int);
        let values = [
            Cell::Text(task.queue.as_bytes()),
            Cell::Text(task.step.as_bytes()),
            Cell::Int(task.run),
            clamped(task.position),
            Cell::Int(task.attempt.into()),
            task.context.map_or(Cell::Null, clamped),
            int_or_null(task.timeout),
            Cell::Int(task.priority),
            Cell::Int(task.at),
            Cell::Int(task.due),
            form,
            body,
        ];
        self.execute(queries::INSERT_TASK, &values)
    }

    pub(super) fn change_task_row(&self, run: i64, position: u64, change: &TaskChange<'_>) -> Result<(), StoreError> {
        let key = [Cell::Int(run), clamped(position)];
        let (state, lease) = (Cell::Text(change.state.as_str().as_bytes()), change.lease.map_or(Cell::Null, Cell::Int));
        match change.refused {
            None => self.execute(queries::CHANGE_TASK, &[key[0], key[1], state, lease]),
            Some((why, wait)) => {
                let values = [key[0], key[1], state, lease, Cell::Text(why.as_bytes()), Cell::Int(wait)];
                self.execute(queries::RETURN_TASK, &values)
            }
        }
    }

    pub(super) fn claim_task_rows(
        &self,
        lease: i64,
        queue: &str,
        steps: &[String],
        limit: usize,
    ) -> Result<Vec<TaskRow>, StoreError> {
        if steps.is_empty() {
            return Ok(Vec::new());
        }
        let (text, values) = waiting::claim(lease, queue, steps, limit);
        let mut tasks: Vec<TaskRow> = self.reader().rows(None, &text, &values)?;
        tasks.sort_unstable_by_key(|task| (task.priority, task.number));
        Ok(tasks)
    }
}
