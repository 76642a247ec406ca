//! The indexed fields of a run, written anew: its rows were written before the fields were indexed.

use super::{Decided, Decision, Rows};
use crate::store::{Rejected, RunKey, Written};

impl<R: Rows> Decision<'_, R> {
    /// Replaces the indexed fields of a run, whose context is that of this last entry.
    pub(super) fn index(&mut self, number: i64, seq: u64, fields: &[(String, String)]) -> Decided<Written> {
        // Read first: other writes to the run must be excluded while its fields are compared.
        let before = self.rows.indexed(number)?;
        let run = self.rows.run(RunKey::Number(number))?.ok_or(Rejected::NoSuchRun)?;
        if run.seq != seq {
            return Err(Rejected::Fenced.into());
        }
        for (name, _) in before.iter().filter(|(name, _)| fields.iter().all(|(other, _)| other != name)) {
            self.rows.index(number, &run.workflow, name, None)?;
        }
        for row in fields.iter().filter(|row| !before.contains(row)) {
            self.rows.index(number, &run.workflow, &row.0, Some(&row.1))?;
        }
        Ok(Written::Done)
    }
}
