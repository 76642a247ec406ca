//! Starts of runs.

use super::{Decided, Decision, Rows};
use crate::store::{NewRun, Rejected, RunKey};

impl<R: Rows> Decision<'_, R> {
    /// Starts a run. One that exists is the answer even under a lost lease.
    pub(super) fn start(&mut self, new: &NewRun) -> Decided<i64> {
        if let Some(row) = self.rows.run(RunKey::Id(&new.id))? {
            return Err(Rejected::Exists(Box::new(row)).into());
        }
        if let Some(lease) = new.lease {
            self.held(lease)?;
        }
        if let Some(key) = &new.dedup
            && let Some(row) = self.rows.holder(key)?
        {
            return Err(Rejected::Held(Box::new(row)).into());
        }
        self.may_queue(new)?;
        let number = self.rows.insert_run(&new.row(0))?;
        self.rows.append(number, &new.entries, &[])?;
        self.insert_labels(number, &new.labels)?;
        if let Some(queued) = &new.queued {
            self.queue_run(number, new, queued)?;
        }
        Ok(number)
    }

    pub(super) fn insert_labels(&mut self, run: i64, labels: &[(String, String)]) -> Decided<()> {
        for (name, value) in labels {
            self.rows.label(run, name, Some(value))?;
        }
        Ok(())
    }
}
