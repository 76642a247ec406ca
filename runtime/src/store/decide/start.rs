//! Starts of runs.

use super::{Decided, Decision, Rows, RunChange};
use crate::store::{Holder, NewInboxItem, NewQueued, NewRun, Rejected, RunKey, RunRow, Status, Written};

impl<R: Rows> Decision<'_, R> {
    pub(super) fn start_alone(&mut self, new: &NewRun) -> Decided<Written> {
        let mut notified = Vec::new();
        let number = self.start(new, &mut notified)?;
        let is_alone = notified.is_empty();
        Ok(if is_alone { Written::Number(number) } else { Written::Appended { outcomes: vec![Ok(number)], notified } })
    }

    /// Starts a run. One that exists is the answer even under a lost lease.
    pub(super) fn start(&mut self, new: &NewRun, notified: &mut Vec<i64>) -> Decided<i64> {
        if let Some(row) = self.rows.run(RunKey::Id(&new.id))? {
            return Err(Rejected::Exists(Box::new(row)).into());
        }
        if let Some(lease) = new.lease {
            self.held(lease)?;
        }
        self.may_queue(new)?;
        let mut before = None;
        if let Some(key) = &new.dedup
            && let Some(row) = self.rows.holder(key)?
        {
            if new.holder == Holder::Keeps {
                return Err(Rejected::Held(Box::new(row)).into());
            }
            before = self.take_key(&row, new, notified)?;
        }
        let number = self.rows.insert_run(&new.row(0))?;
        self.rows.append(number, &new.entries, &[])?;
        self.insert_labels(number, &new.labels)?;
        if let Some(queued) = &new.queued {
            self.queue_run(number, new, queued, before)?;
        }
        Ok(number)
    }

    /// Takes the deduplication key from the run that holds it. Returns the time of the start whose place in the queue the
    /// new run has, if that has not begun.
    fn take_key(&mut self, holder: &RunRow, new: &NewRun, notified: &mut Vec<i64>) -> Decided<Option<i64>> {
        self.rows.change_run(holder.number, &RunChange { frees_dedup: true, ..RunChange::default() })?;
        let place = if holder.status == Status::Queued { self.place(holder.number)? } else { None };
        let waiting = place.filter(|place| place.attempt == 0);
        if waiting.is_some() || new.holder == Holder::Ends {
            let why = format!("run `{}` has taken its place", new.id);
            self.give(holder.number, &NewInboxItem::cancellation(holder.number, &why, new.at), notified)?;
        }
        let is_same = |queued: &NewQueued| waiting.as_ref().is_some_and(|place| place.queue == queued.queue);
        Ok(waiting.as_ref().filter(|_| new.queued.as_ref().is_some_and(is_same)).map(|place| place.at))
    }

    pub(super) fn insert_labels(&mut self, run: i64, labels: &[(String, String)]) -> Decided<()> {
        for (name, value) in labels {
            self.rows.label(run, name, Some(value))?;
        }
        Ok(())
    }
}
