//! Imports a run with all its history, in one write; it may replace another run.

use super::apply::{Apply, Numbered, refused_if_damaged, text_or_null};
use super::read::clamped;
use super::rows::drawn_text;
use super::{Cell, Session, queries};
use crate::store::{ImportedRun, Lease, OutputRow, Rejected, RunRow, Status, StoreError, StoreErrorKind};

impl<S: Session> Apply<'_, S> {
    pub(super) fn import(&self, run: &ImportedRun, notified: &mut Vec<i64>) -> Numbered {
        if let Some(row) = self.twin(run)? {
            return Ok(Err(Rejected::Exists(Box::new(row))));
        }
        let old = match run.replaces {
            None => None,
            Some(number) => match self.replaceable(number, run.lease)? {
                Ok(row) => Some(row),
                Err(rejected) => return Ok(Err(rejected)),
            },
        };
        if let Some(lease) = run.lease
            && !self.held(lease)?
        {
            return Ok(Err(Rejected::Fenced));
        }
        if let Some(key) = &run.dedup
            && let Some(holder) = self.reader().run_by_dedup(key).map_err(refused_if_damaged)?
            && run.replaces != Some(holder.number)
        {
            return Ok(Err(Rejected::Held(Box::new(holder))));
        }
        if let Some(old) = &old {
            let name = run.name_of_replaced(old.number);
            if let Some(row) = self.existing(&name)? {
                return Ok(Err(Rejected::Exists(Box::new(row))));
            }
            // Before the insert: ids and deduplication keys are unique.
            self.put_aside(old, &name, run.at)?;
        }
        let number = self.insert_imported(run, old.as_ref())?;
        for entry in &run.entries {
            self.insert_entry(number, entry)?;
        }
        for field in &run.fields {
            self.insert_field(number, field)?;
        }
        self.insert_labels(number, &run.labels)?;
        match &old {
            Some(old) => self.hand_over(old, number, run)?,
            None => run.items.iter().try_for_each(|item| self.deposit(number, item).map(drop))?,
        }
        let first_run = old.as_ref().map_or(number, |old| old.first_run);
        for (channel, output) in &run.outputs {
            self.insert_output(first_run, channel, &OutputRow { run: number, ..output.clone() })?;
        }
        run.taken.iter().try_for_each(|item| self.insert_taken(number, item))?;
        for request in &run.requests {
            self.insert_request(queries::IMPORT_REQUEST, number, request)?;
        }
        // The watchers of the replaced run have waited for this end.
        if run.status.is_final() && old.is_some() {
            self.end(number, run.status, run.at, notified)?;
        }
        Ok(Ok(number))
    }

    /// Returns another run that has the id or the execution already, and is not the one being replaced.
    fn twin(&self, run: &ImportedRun) -> Result<Option<RunRow>, StoreError> {
        let same_id = self.existing(&run.id)?.filter(|row| run.replaces != Some(row.number));
        let Some(after) = run.unique.filter(|_| same_id.is_none()) else { return Ok(same_id) };
        let execution = drawn_text(run.execution);
        self.reader().run_by_execution(&execution, after, run.replaces).map_err(refused_if_damaged)
    }

    /// Returns the run to replace, which has no owner or belongs to the same lease.
    fn replaceable(&self, number: i64, lease: Option<Lease>) -> Result<Result<RunRow, Rejected>, StoreError> {
        let lease = lease.map(|lease| lease.number);
        Ok(match self.numbered(number)? {
            None => Err(Rejected::NoSuchRun),
            Some(row) if row.status == Status::Deleting => Err(Rejected::Ended),
            Some(row) if row.lease.is_some() && row.lease != lease => Err(Rejected::Fenced),
            Some(row) => Ok(row),
        })
    }

    /// Renames a run and frees its deduplication key, and ends it if it has not ended.
    fn put_aside(&self, old: &RunRow, name: &str, at: i64) -> Result<(), StoreError> {
        let ended = old.status.is_final();
        let status = if ended { old.status } else { Status::Replaced };
        let values = [
            Cell::Int(old.number),
            Cell::Text(name.as_bytes()),
            Cell::Text(status.as_str().as_bytes()),
            old.wake_at.filter(|_| ended).map_or(Cell::Null, Cell::Int),
            Cell::Int(at),
            text_or_null(old.parked.as_ref().filter(|_| ended)),
        ];
        self.session.execute(queries::REPLACE_RUN, &values).map(drop)
    }

    fn insert_imported(&self, run: &ImportedRun, old: Option<&RunRow>) -> Result<i64, StoreError> {
        let (execution, seed) = (drawn_text(run.execution), drawn_text(run.seed));
        let dedup = run.dedup.as_ref().or(old.and_then(|old| old.dedup.as_ref()));
        let dedup = dedup.filter(|_| !run.status.is_final());
        let values = [
            Cell::Text(run.id.as_bytes()),
            Cell::Text(run.workflow.as_bytes()),
            Cell::Text(run.status.as_str().as_bytes()),
            clamped(run.entries.len()),
            run.lease.map_or(Cell::Null, |lease| Cell::Int(lease.number)),
            run.wake_at.map_or(Cell::Null, Cell::Int),
            Cell::Text(execution.as_bytes()),
            if run.seed == run.execution { Cell::Null } else { Cell::Text(seed.as_bytes()) },
            Cell::Int(run.created_at),
            Cell::Int(run.at),
            text_or_null(run.parked.as_ref()),
            Cell::Int(run.version.into()),
            run.parent.map_or(Cell::Null, Cell::Int),
            old.map_or(Cell::Null, |old| Cell::Int(old.first_run)),
            run.forked_from.map_or(Cell::Null, Cell::Int),
            text_or_null(dedup),
        ];
        let taken = || StoreError::new(StoreErrorKind::Refused, "the id is taken by a run that cannot be found");
        self.number(queries::IMPORT_RUN, &values)?.ok_or_else(taken)
    }
}
