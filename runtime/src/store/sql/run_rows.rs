//! Reads and writes all rows of one run, for the file of a run: a database that holds only this run.

use super::Session;
use super::read::Reader;
use super::tables::Tables;
use crate::store::decide::Rows;
use crate::store::{OutputRow, RequestRow, RunKey, RunRow, RunRows, StoreError};
use std::collections::BTreeSet;

impl<S: Session> Tables<'_, S> {
    /// Adds rows of a run whose own row exists.
    pub(in crate::store) fn add_rows(&mut self, run: &RunRow, rows: &RunRows) -> Result<(), StoreError> {
        rows.executions.iter().try_for_each(|row| self.copy_run(row))?;
        self.append(run.number, &rows.entries, &rows.fields)?;
        rows.labels.iter().try_for_each(|(name, value)| self.label(run.number, name, Some(value)))?;
        rows.indexed.iter().try_for_each(|(name, value)| self.index(run.number, &run.workflow, name, Some(value)))?;
        rows.items.iter().try_for_each(|item| self.insert_item(run.number, item).map(drop))?;
        rows.taken.iter().try_for_each(|item| self.insert_taken(run.number, item))?;
        rows.requests.iter().try_for_each(|row| self.insert_request(&RequestRow { run: run.number, ..row.clone() }))?;
        rows.outputs
            .iter()
            .try_for_each(|(channel, output)| self.insert_output(run.first_run, channel, output).map(drop))
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
            indexed: self.indexed(number)?,
            items,
            taken: belongings.taken,
            requests: belongings.requests,
            outputs,
            contents: Vec::new(),
        })
    }
}
