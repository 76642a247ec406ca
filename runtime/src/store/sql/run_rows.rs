//! Reads and writes all rows of one run, for the file of a run: a database that holds only this run.

use super::apply::{Apply, text_or_null};
use super::read::{Reader, clamped};
use super::rows::drawn_text;
use super::{Cell, Session, queries};
use crate::store::{OutputRow, RunKey, RunRow, RunRows, StoreError, TakenItem};
use std::collections::BTreeSet;

impl<S: Session> Apply<'_, S> {
    /// Adds rows of a run whose own row exists.
    pub(in crate::store) fn add_rows(&self, run: &RunRow, rows: &RunRows) -> Result<(), StoreError> {
        rows.executions.iter().try_for_each(|row| self.copy_run(row))?;
        rows.entries.iter().try_for_each(|entry| self.insert_entry(run.number, entry))?;
        rows.fields.iter().try_for_each(|field| self.insert_field(run.number, field))?;
        self.insert_labels(run.number, &rows.labels)?;
        rows.items.iter().try_for_each(|item| self.insert_item(run.number, item).map(drop))?;
        rows.taken.iter().try_for_each(|item| self.insert_taken(run.number, item))?;
        for request in &rows.requests {
            self.insert_request(queries::INSERT_REQUEST, run.number, request)?;
        }
        rows.outputs
            .iter()
            .try_for_each(|(channel, output)| self.insert_output(run.first_run, channel, output).map(drop))
    }

    /// Inserts the row of a run under its own number.
    pub(in crate::store) fn copy_run(&self, row: &RunRow) -> Result<(), StoreError> {
        let (execution, seed) = (drawn_text(row.execution), drawn_text(row.seed));
        let number_or_null = |number: Option<i64>| number.map_or(Cell::Null, Cell::Int);
        let values = [
            Cell::Int(row.number),
            Cell::Text(row.id.as_bytes()),
            Cell::Text(row.workflow.as_bytes()),
            Cell::Text(row.status.as_str().as_bytes()),
            clamped(row.seq),
            number_or_null(row.lease),
            number_or_null(row.wake_at),
            clamped(row.loads),
            Cell::Text(execution.as_bytes()),
            Cell::Text(seed.as_bytes()),
            Cell::Int(row.created_at),
            Cell::Int(row.updated_at),
            text_or_null(row.parked.as_ref()),
            Cell::Int(row.version.into()),
            number_or_null(row.parent),
            Cell::Int(row.first_run),
            number_or_null(row.forked_from),
            number_or_null(row.successor),
            text_or_null(row.dedup.as_ref()),
        ];
        self.session.execute(queries::COPY_RUN, &values).map(drop)
    }

    pub(super) fn insert_taken(&self, run: i64, item: &TakenItem) -> Result<(), StoreError> {
        let (kind, key) = (item.kind.as_str().as_bytes(), item.key.as_bytes());
        let values = [Cell::Int(run), Cell::Text(kind), Cell::Text(key), Cell::Int(item.at)];
        self.session.execute(queries::INSERT_TAKEN_ITEM, &values).map(drop)
    }
}

impl<S: Session> Reader<'_, S> {
    /// Returns all rows of a run.
    pub(in crate::store) fn all_rows(&self, run: &RunRow) -> Result<RunRows, StoreError> {
        let number = run.number;
        let items = self.inbox(RunKey::Number(number), 0, usize::MAX)?.into_iter().map(Into::into).collect();
        let belongings = self.belongings(number)?.unwrap_or_default();
        let mut outputs: Vec<(String, OutputRow)> = Vec::new();
        for channel in belongings.channels {
            let shown = self.outputs(run.first_run, &channel, 0, usize::MAX, false)?;
            outputs.extend(shown.into_iter().map(|output| (channel.clone(), output)));
        }
        let writers: BTreeSet<i64> =
            outputs.iter().map(|(_, output)| output.run).filter(|run| *run != number).collect();
        let executions = writers.into_iter().filter_map(|run| self.run(RunKey::Number(run)).transpose());
        Ok(RunRows {
            executions: executions.collect::<Result<_, _>>()?,
            entries: self.entries(number, 0, usize::MAX)?,
            fields: self.fields(number, 0, u64::MAX)?,
            labels: self.labels(number)?,
            items,
            taken: belongings.taken,
            requests: belongings.requests,
            outputs,
            contents: Vec::new(),
        })
    }
}
