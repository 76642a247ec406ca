//! A run with all its history, in one write.

use super::apply::{Answer, Apply, refused_if_damaged};
use super::read::{Reader, clamped};
use super::rows::drawn_text;
use super::{Cell, Session, queries};
use crate::store::{ImportedRun, Rejected, RunRow, StoreError, StoreErrorKind, Written};

impl<S: Session> Apply<'_, S> {
    pub(super) fn import(&self, run: &ImportedRun) -> Answer {
        if let Some(row) = self.twin(run)? {
            return Ok(Err(Rejected::Exists(Box::new(row))));
        }
        if let Some(lease) = run.lease
            && !self.held(lease)?
        {
            return Ok(Err(Rejected::Fenced));
        }
        let (incarnation, seed) = (drawn_text(run.incarnation), drawn_text(run.seed));
        let values = [
            Cell::Text(run.id.as_bytes()),
            Cell::Text(run.workflow.as_bytes()),
            Cell::Text(run.status.as_str().as_bytes()),
            clamped(run.entries.len()),
            run.lease.map_or(Cell::Null, |lease| Cell::Int(lease.number)),
            run.wake_at.map_or(Cell::Null, Cell::Int),
            Cell::Text(incarnation.as_bytes()),
            if run.seed == run.incarnation { Cell::Null } else { Cell::Text(seed.as_bytes()) },
            Cell::Int(run.created_at),
            Cell::Int(run.at),
            run.parked.as_ref().map_or(Cell::Null, |reason| Cell::Text(reason.as_bytes())),
        ];
        let Some(number) = self.number(queries::IMPORT_RUN, &values)? else {
            return Err(StoreError::new(StoreErrorKind::Refused, "the id is taken by a run that cannot be found"));
        };
        for entry in &run.entries {
            self.insert_entry(number, entry)?;
        }
        for field in &run.fields {
            self.insert_field(number, field)?;
        }
        for item in &run.items {
            if let Err(rejected) = self.deposit(number, item)? {
                return Ok(Err(rejected));
            }
        }
        Ok(Ok(Written::Number(number)))
    }

    /// The run that has the id already, or the incarnation.
    fn twin(&self, run: &ImportedRun) -> Result<Option<RunRow>, StoreError> {
        let same_id = self.existing(&run.id)?;
        if same_id.is_some() || !run.unique {
            return Ok(same_id);
        }
        let reader = Reader { session: self.session, database: self.database };
        reader.run_by_incarnation(&drawn_text(run.incarnation)).map_err(refused_if_damaged)
    }
}
