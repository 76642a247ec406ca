//! Actions of operators, with their records, and jobs of many of them.

use super::{Decided, Decision, Rows};
use crate::store::audit::{Act, ActOutcome, AuditRow, JobRow};
use crate::store::{Append, Rejected, Status, Write, Written};

impl<R: Rows> Decision<'_, R> {
    /// Performs an action and records it. One whose record says that it is over is not performed again.
    pub(super) fn act(&mut self, act: &Act) -> Decided<Written> {
        let AuditRow { key, .. } = &act.record;
        if self.rows.audited(key)?.is_some_and(|outcome| outcome != ActOutcome::Begun) {
            return Ok(Written::Done);
        }
        // One that is rejected leaves no record: nothing was done.
        let written = act.write.as_ref().map_or(Ok(Written::Done), |write| self.perform(write))?;
        let mut row = AuditRow { at: self.rows.now()?, ..act.record.clone() };
        if let (Some(Write::PutJob(_)), Written::Number(number)) = (&act.write, &written) {
            row.subject = JobRow::subject(*number);
        }
        self.rows.record(&row)?;
        Ok(written)
    }

    pub(super) fn put_job(&mut self, job: &JobRow) -> Decided<Written> {
        if job.number == 0 {
            return Ok(Written::Number(self.rows.insert_job(&JobRow { revision: 1, ..job.clone() })?));
        }
        let there = self.rows.job(job.number)?.ok_or(Rejected::NoSuchRun)?;
        if there.revision != job.revision {
            return Err(Rejected::Fenced.into());
        }
        self.rows.change_job(&JobRow { revision: job.revision + 1, ..job.clone() })?;
        Ok(Written::Done)
    }

    /// Appends to a parked run that no engine owns.
    pub(super) fn append_parked(&mut self, append: &Append) -> Decided<Written> {
        let run = self.rows.state(append.run)?.ok_or(Rejected::NoSuchRun)?;
        if run.status != Status::Parked || run.lease.is_some() || run.seq != Some(append.after) {
            return Err(Rejected::Fenced.into());
        }
        self.write_entries(append, run)
    }
}
