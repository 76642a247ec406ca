//! Rows of runs, and how runs are related.

use super::Tables;
use crate::store::decide::{Related, Relation, RunChange, RunState};
use crate::store::sql::columns::text_or_null;
use crate::store::sql::read::clamped;
use crate::store::sql::rows::drawn_text;
use crate::store::sql::{Cell, Session, queries};
use crate::store::{RunRow, Status, StoreError, StoreErrorKind};
use std::ops::ControlFlow;

impl<S: Session> Tables<'_, S> {
    /// Reads what is needed of a row, and nothing else: the rest may be damaged.
    pub(super) fn state_of(&self, run: i64) -> Result<Option<RunState>, StoreError> {
        let mut found = None;
        self.session.select(queries::RUN_STATE, &[Cell::Int(run)], &mut |row| {
            let int = |column| match row.cell(column) {
                Cell::Int(number) => Some(Some(number)),
                Cell::Null => Some(None),
                _ => None,
            };
            let status = match row.cell(0) {
                Cell::Text(word) => std::str::from_utf8(word).ok().and_then(Status::parse),
                _ => None,
            };
            found = Some(match (status, int(1)) {
                (Some(status), Some(lease)) => Some(RunState {
                    status,
                    lease,
                    seq: int(2).flatten().map(i64::cast_unsigned),
                    wake_at: int(3),
                    loads: int(4).flatten().and_then(|loads| u32::try_from(loads).ok()),
                    first_run: int(5).flatten().unwrap_or(run),
                    successor: int(6).flatten(),
                    has_dedup: int(7).flatten() == Some(1),
                    has_queue: int(8).flatten() == Some(1),
                }),
                _ => None,
            });
            ControlFlow::Break(())
        })?;
        let damaged =
            || StoreError::new(StoreErrorKind::Damaged, format!("{}: the row of run {run} is damaged", self.database));
        found.map(|state| state.ok_or_else(damaged)).transpose()
    }

    pub(super) fn run_by_execution(
        &self,
        execution: [u8; 16],
        after: i64,
        but: Option<i64>,
    ) -> Result<Option<RunRow>, StoreError> {
        let execution = drawn_text(execution);
        let values = [Cell::Text(execution.as_bytes()), Cell::Int(after), int_or_null(but)];
        Ok(self.reader().rows(None, queries::RUN_BY_INCARNATION, &values)?.pop())
    }

    pub(super) fn insert_run_row(&self, row: &RunRow) -> Result<i64, StoreError> {
        let drawn = [drawn_text(row.execution), drawn_text(row.seed)];
        let [values @ .., _] = cells(row, &drawn);
        self.drawn(queries::INSERT_RUN, &values)
    }

    /// Inserts a row under its own number.
    #[cfg(feature = "sqlite")]
    pub(in crate::store) fn copy_run(&self, row: &RunRow) -> Result<(), StoreError> {
        let drawn = [drawn_text(row.execution), drawn_text(row.seed)];
        self.execute(queries::COPY_RUN, &cells(row, &drawn))
    }

    /// Names only the columns that change: each one that is named writes its indexes anew.
    pub(super) fn change_run_row(&self, run: i64, change: &RunChange<'_>) -> Result<(), StoreError> {
        let RunChange { id, status, seq, lease, wake_at, loads, updated_at, parked, successor, frees_dedup } = *change;
        let columns = [
            ("id", id.map(|id| Cell::Text(id.as_bytes()))),
            ("status", status.map(|status| Cell::Text(status.as_str().as_bytes()))),
            ("seq", seq.map(clamped)),
            ("lease", lease.map(int_or_null)),
            ("wake_at", wake_at.map(int_or_null)),
            ("loads", loads.map(clamped)),
            ("updated_at", updated_at.map(Cell::Int)),
            ("parked", parked.map(|parked| parked.map_or(Cell::Null, |parked| Cell::Text(parked.as_bytes())))),
            ("successor", successor.map(Cell::Int)),
            ("dedup", frees_dedup.then_some(Cell::Null)),
        ];
        let mut query = String::from("UPDATE steadfast_runs SET ");
        let mut values = vec![Cell::Int(run)];
        for (column, value) in columns {
            let Some(value) = value else { continue };
            if values.len() > 1 {
                query.push_str(", ");
            }
            values.push(value);
            query.push_str(column);
            query.push_str(" = ?");
            query.push_str(&values.len().to_string());
        }
        query.push_str(" WHERE number = ?1");
        if values.len() == 1 { Ok(()) } else { self.execute(&query, &values) }
    }

    /// Skips a run with a damaged row: its owner reads the row again once it is restored.
    pub(super) fn related_to(&self, run: i64, how: Relation) -> Result<Vec<Related>, StoreError> {
        let query = match how {
            Relation::Child => queries::CHILDREN,
            Relation::Waiting => queries::WATCHERS,
            Relation::Awaited => queries::WATCHED,
        };
        let mut related = Vec::new();
        self.session.select(query, &[Cell::Int(run)], &mut |row| {
            let status = match row.cell(2) {
                Cell::Text(word) => std::str::from_utf8(word).ok().and_then(Status::parse),
                _ => None,
            };
            let position = match row.cell(1) {
                Cell::Int(position) => u64::try_from(position).unwrap_or_default(),
                _ => 0,
            };
            if let Cell::Int(run) = row.cell(0)
                && status.is_some_and(Status::accepts)
            {
                related.push(Related { run, position });
            }
            ControlFlow::Continue(())
        })?;
        related.sort_unstable();
        Ok(related)
    }
}

/// Returns the stored columns, and the number. `NULL` stands for a seed that is the execution, and for a first run that is
/// the run itself.
fn cells<'a>(row: &'a RunRow, [execution, seed]: &'a [String; 2]) -> [Cell<'a>; 20] {
    [
        Cell::Text(row.id.as_bytes()),
        Cell::Text(row.workflow.as_bytes()),
        Cell::Text(row.status.as_str().as_bytes()),
        clamped(row.seq),
        int_or_null(row.lease),
        int_or_null(row.wake_at),
        clamped(row.loads),
        Cell::Text(execution.as_bytes()),
        if seed == execution { Cell::Null } else { Cell::Text(seed.as_bytes()) },
        Cell::Int(row.created_at),
        Cell::Int(row.updated_at),
        text_or_null(row.parked.as_ref()),
        Cell::Int(row.version.into()),
        int_or_null(row.parent),
        if row.first_run == row.number { Cell::Null } else { Cell::Int(row.first_run) },
        int_or_null(row.forked_from),
        int_or_null(row.successor),
        text_or_null(row.dedup.as_ref()),
        text_or_null(row.queue.as_ref()),
        Cell::Int(row.number),
    ]
}

pub(super) fn int_or_null(number: Option<i64>) -> Cell<'static> {
    number.map_or(Cell::Null, Cell::Int)
}
