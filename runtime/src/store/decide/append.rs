//! Appends of a run's owner, and transactions.

use super::{Decided, Decision, End, Rows, RunChange, RunState, bonds};
use crate::record::AttemptOutcome;
use crate::store::{
    Append, EntryRow, ImportedRun, Outgoing, Rejected, RequestRow, RunKey, Status, Transaction, UserCode, Written,
};

impl<R: Rows> Decision<'_, R> {
    /// Appends, and then runs the transaction, if there is one. If it fails, the entries stay.
    pub(super) fn append(&mut self, append: &Append) -> Decided<Written> {
        let written = self.append_entries(append)?;
        let Some(Transaction { entry, code }) = &append.transaction else { return Ok(written) };
        let outcome = self.rows.user_code(code, &mut |rows, value| {
            let entry = EntryRow { value: Some(value.clone()), ..entry.clone() };
            rows.append(append.run, std::slice::from_ref(&entry), &[])
        })?;
        Ok(Written::Transacted { outcome, appended: Box::new(written) })
    }

    /// Runs code that belongs to no run.
    pub(super) fn transaction(&mut self, code: &UserCode) -> Decided<Written> {
        match self.rows.user_code(code, &mut |_, _| Ok(()))? {
            AttemptOutcome::Completed(_) | AttemptOutcome::Stored { .. } => Ok(Written::Done),
            AttemptOutcome::Failed { message, .. } => Err(Rejected::Refused(message).into()),
        }
    }

    fn append_entries(&mut self, append: &Append) -> Decided<Written> {
        self.held(append.lease)?;
        let run = self.owned(append)?;
        self.may_follow(append)?;
        self.write_entries(append, run)
    }

    /// Writes an append of a writer that may.
    pub(super) fn write_entries(&mut self, append: &Append, run: RunState) -> Decided<Written> {
        self.rows.append(append.run, &append.entries, &append.fields)?;
        if let Some(change) = changed(append, &run) {
            self.rows.change_run(append.run, &change)?;
        }
        for item in &append.taken {
            self.rows.take_item(append.run, *item, append.at)?;
        }
        let mut notified = Vec::new();
        let mut outcomes = Vec::with_capacity(append.outgoing.len());
        for outgoing in &append.outgoing {
            outcomes.push(self.write_outgoing(append, run.first_run, outgoing, &mut notified)?);
        }
        if let Some(status) = append.change.status.filter(|status| status.is_final()) {
            if run.has_queue {
                self.leave_queue(append.run)?;
            }
            self.end(append.run, status, run.has_dedup, append.at, &mut notified)?;
            if append.change.traced {
                self.rows.owe_trace(append.run, append.lease.number)?;
            }
        }
        if outcomes.is_empty() && notified.is_empty() {
            return Ok(Written::Done);
        }
        notified.sort_unstable();
        notified.dedup();
        Ok(Written::Appended { outcomes, notified })
    }

    /// Returns the run if the writer owns it and knows its last entry.
    fn owned(&self, append: &Append) -> Decided<RunState> {
        let run = self.rows.state(append.run)?;
        let run = run.filter(|run| run.lease == Some(append.lease.number) && run.seq == Some(append.after));
        run.ok_or_else(|| Rejected::Fenced.into())
    }

    /// Rejects an append that must not happen as things are beyond its run.
    fn may_follow(&self, append: &Append) -> Decided<()> {
        for id in append.expired() {
            let answered = |asked: &RequestRow| asked.run == append.run && asked.answered.is_some();
            if self.rows.request(id)?.as_ref().is_some_and(answered) {
                return Err(Rejected::Fenced.into());
            }
        }
        if append.change.status == Some(Status::Moved)
            && let Some(row) = self.rows.run(RunKey::Number(append.run))?
            && !bonds(&*self.rows, &row)?.is_empty()
        {
            return Err(Rejected::Fenced.into());
        }
        append.outgoing.iter().try_for_each(|outgoing| match outgoing {
            Outgoing::Replace(run) if append.replaces(run) => self.may_replace(append, run),
            _ => Ok(()),
        })
    }

    /// Refuses an append that ends a run whose successor cannot be written: it would be lost.
    fn may_replace(&self, append: &Append, run: &ImportedRun) -> Decided<()> {
        match self.may_import(run) {
            Ok(_) => Ok(()),
            Err(End::Rejected(rejected)) => Err(Rejected::Refused(not_replaced(append.run, &rejected)).into()),
            Err(fault) => Err(fault),
        }
    }
}

/// Says why a run cannot continue as new.
pub(super) fn not_replaced(run: i64, rejected: &Rejected) -> String {
    let why = match rejected {
        Rejected::Exists(row) => format!("run `{}` is in the way", row.id),
        Rejected::Held(row) => format!("run `{}` holds its deduplication key", row.id),
        rejected => format!("{rejected:?}"),
    };
    format!("run {run} cannot continue as new: {why}")
}

/// Returns what changes in the run's row: most appends change nothing there, and write to the log alone.
fn changed<'a>(append: &'a Append, run: &RunState) -> Option<RunChange<'a>> {
    let change = &append.change;
    let status = change.status.filter(|status| *status != run.status);
    let loads = change.loads.filter(|loads| Some(*loads) != run.loads);
    let wake_at = change.wake_at.filter(|wake_at| Some(*wake_at) != run.wake_at);
    let parked = change.parked.as_ref().map(Option::as_deref);
    let lease = change.release.then_some(None);
    if status.is_none() && loads.is_none() && wake_at.is_none() && parked.is_none() && lease.is_none() {
        return None;
    }
    // A change without entries says nothing of them: a run may be parked because its last entry is damaged.
    let seq = append.entries.last().map(|entry| entry.seq);
    let updated_at = Some(append.at);
    Some(RunChange { status, seq, lease, wake_at, loads, updated_at, parked, ..RunChange::default() })
}
