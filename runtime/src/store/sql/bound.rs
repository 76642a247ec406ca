//! The runs bound to another, and the other rows of a run.

use super::queries;
use super::read::Reader;
use super::{Cell, Session};
use crate::store::{Belongings, Bond, RequestRow, RunKey, RunRow, Status, StoreError};
use std::ops::ControlFlow;

impl<S: Session> Reader<'_, S> {
    pub(in crate::store) fn belongings(&self, number: i64) -> Result<Option<Belongings>, StoreError> {
        let Some(row) = self.run(RunKey::Number(number))? else { return Ok(None) };
        let mut requests: Vec<RequestRow> =
            self.rows(Some(number), queries::ALL_REQUESTS_OF_RUN, &[Cell::Int(number)])?;
        requests.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        Ok(Some(Belongings {
            channels: self.channels(row.first_run)?,
            taken: self.rows(Some(number), queries::TAKEN_ITEMS, &[Cell::Int(number)])?,
            requests,
            bonds: self.bonds(&row)?,
        }))
    }

    fn channels(&self, first_run: i64) -> Result<Vec<String>, StoreError> {
        let mut channels = Vec::new();
        self.session.select(queries::CHANNELS, &[Cell::Int(first_run)], &mut |row| {
            if let Cell::Text(channel) = row.cell(0) {
                channels.push(String::from_utf8_lossy(channel).into_owned());
            }
            ControlFlow::Continue(())
        })?;
        Ok(channels)
    }

    /// Returns the unfinished runs that must be in the same database as this one.
    pub(super) fn bonds(&self, row: &RunRow) -> Result<Vec<Bond>, StoreError> {
        let mut bonds = Vec::new();
        let mut parent = row.parent;
        while let Some(row) = parent.map(|parent| self.run(RunKey::Number(parent))).transpose()?.flatten() {
            if row.successor.is_none() && row.status.accepts() {
                bonds.push(Bond::Parent(row.number));
            }
            // Numbers are never reused, so a chain of growing ones has an end, also if a row is damaged.
            parent = row.successor.filter(|next| *next > row.number);
        }
        let mut bound = |query, value, bond: fn(i64) -> Bond| {
            let mut found = self.listening(query, value)?;
            found.sort_unstable();
            bonds.extend(found.into_iter().map(|(run, _)| bond(run)));
            Ok::<(), StoreError>(())
        };
        bound(queries::CHILDREN, row.first_run, Bond::Child)?;
        bound(queries::WATCHED, row.number, Bond::Awaited)?;
        bound(queries::WATCHERS, row.number, Bond::Waiting)?;
        Ok(bonds)
    }

    /// Returns the runs found by a query whose inboxes still accept items, with the position in the query's row. Skips
    /// a run with a damaged row: its owner reads the row again once it is restored.
    pub(super) fn listening(&self, query: &str, value: i64) -> Result<Vec<(i64, u64)>, StoreError> {
        let mut runs = Vec::new();
        self.session.select(query, &[Cell::Int(value)], &mut |row| {
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
                runs.push((run, position));
            }
            ControlFlow::Continue(())
        })?;
        Ok(runs)
    }
}
