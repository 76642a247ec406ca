//! Starts of runs.

use super::{Decided, Decision, KeyChange, Rows, RunChange, TaskHead};
use crate::store::{Holder, NewInboxItem, NewQueued, NewRun, Rejected, RunKey, RunRow, Status, TaskState, Written};

/// What a start comes to.
pub(super) enum Begun {
    /// A new run with this number.
    New(i64),
    /// The run that has the deduplication key.
    Held(Box<RunRow>),
}

impl<R: Rows> Decision<'_, R> {
    pub(super) fn start_alone(&mut self, new: &NewRun) -> Decided<Written> {
        let mut notified = Vec::new();
        Ok(match self.start(new, &mut notified)? {
            Begun::Held(holder) => Written::Held(holder),
            Begun::New(number) if notified.is_empty() => Written::Number(number),
            Begun::New(number) => Written::Appended { outcomes: vec![Ok(number)], notified },
        })
    }

    /// Starts a run. One that exists is the answer even under a lost lease.
    pub(super) fn start(&mut self, new: &NewRun, notified: &mut Vec<i64>) -> Decided<Begun> {
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
            if self.answers(&row, new)? {
                return Ok(Begun::Held(Box::new(row)));
            }
            before = self.take_key(&row, new, notified)?;
        }
        let number = self.rows.insert_run(&new.row(0))?;
        self.rows.append(number, &new.entries, &[])?;
        self.insert_labels(number, &new.labels)?;
        if let Some(queued) = &new.queued {
            self.queue_run(number, new, queued, before)?;
        }
        Ok(Begun::New(number))
    }

    /// Returns whether the run that holds the deduplication key answers the start in place of a new one.
    fn answers(&mut self, holder: &RunRow, new: &NewRun) -> Decided<bool> {
        let is_same = holder.workflow == new.workflow;
        match new.holder {
            Holder::Answers if is_same => Ok(true),
            Holder::Keeps | Holder::Answers => Err(Rejected::Held(Box::new(holder.clone())).into()),
            Holder::Waits if is_same => {
                let Some((queued, place)) = new.queued.as_ref().zip(self.unbegun(holder)?) else { return Ok(false) };
                let is_here = place.queue == queued.queue;
                if is_here {
                    self.delay(&place, queued.wait(place.at, new.at))?;
                }
                Ok(is_here)
            }
            Holder::Waits | Holder::Yields | Holder::Ends => Ok(false),
        }
    }

    /// Has a run that waits in its queue wait so long from now on, in milliseconds.
    fn delay(&mut self, place: &TaskHead, wait: i64) -> Decided<()> {
        let state = TaskState::after(wait);
        if let Some(key) = place.key.as_ref().filter(|_| state != place.state) {
            let change = KeyChange::of(place.state, -1).and(KeyChange::of(state, 1));
            self.rows.count_key(&place.queue, key, change)?;
        }
        Ok(self.rows.set_due(place.run, wait, state)?)
    }

    /// Returns what a run has in its queue, if it waits there and has not begun.
    fn unbegun(&self, run: &RunRow) -> Decided<Option<TaskHead>> {
        let place = if run.status == Status::Queued { self.place(run.number)? } else { None };
        Ok(place.filter(|place| place.attempt == 0))
    }

    /// Takes the deduplication key from the run that holds it. Returns the time of the start whose place in the queue the
    /// new run has, if that has not begun.
    fn take_key(&mut self, holder: &RunRow, new: &NewRun, notified: &mut Vec<i64>) -> Decided<Option<i64>> {
        self.rows.change_run(holder.number, &RunChange { frees_dedup: true, ..RunChange::default() })?;
        let waiting = self.unbegun(holder)?;
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
