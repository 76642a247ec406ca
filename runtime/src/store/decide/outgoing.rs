//! The writes of an append beyond the rows of its run.

use super::append::not_replaced;
use super::start::Begun;
use super::{Decided, Decision, End, Rows};
use crate::store::{
    Append, Holder, NewInboxItem, NewRun, Outgoing, OutputRow, Rejected, RequestRow, RunKey, Status, StoreError,
    StoreErrorKind,
};

impl<R: Rows> Decision<'_, R> {
    /// Performs one write; a rejected one has changed nothing, and leaves the append and the others alone. Adds to
    /// `notified` the runs whose inboxes got an item.
    pub(super) fn write_outgoing(
        &mut self,
        append: &Append,
        first_run: i64,
        outgoing: &Outgoing,
        notified: &mut Vec<i64>,
    ) -> Result<Result<i64, Rejected>, StoreError> {
        let outcome = match outgoing {
            Outgoing::Deliver { to, item } => alone(self.deliver(to, item, notified)),
            Outgoing::NotifyChildren(item) => self.notify_children(first_run, item, notified),
            Outgoing::Start { run, position } => self.start_other(append.run, run, *position, notified),
            Outgoing::Watch { id, position } => alone(self.watch(append, id, *position, notified)),
            Outgoing::DeliverToWatched { to, position, item } => {
                alone(self.deliver_to_watched(append.run, to, *position, item, notified))
            }
            Outgoing::Ask(request) => self.ask(append.run, request),
            Outgoing::Withdraw { id } | Outgoing::Expire { id } => self.withdraw(append.run, id),
            Outgoing::Put { channel, seq, value } => {
                let output = OutputRow { item: 0, run: append.run, seq: *seq, at: append.at, value: value.clone() };
                self.rows.insert_output(first_run, channel, &output).map_err(End::from)
            }
            Outgoing::Enqueue(task) => self.enqueue(append.run, task),
            Outgoing::Dequeue { position } => self.dequeue(append.run, *position),
            Outgoing::Withhold { position } => self.withhold(append.run, *position),
            Outgoing::Label { name, value } => {
                self.rows.label(append.run, name, value.as_deref()).map(|()| 0).map_err(End::from)
            }
            Outgoing::Index { workflow, name, value } => {
                self.rows.index(append.run, workflow, name, value.as_deref()).map(|()| 0).map_err(End::from)
            }
            // Looked at before the append began. Only a start by this very append can be in the way now.
            Outgoing::Replace(run) if append.replaces(run) => whole(append.run, self.import(run, notified)),
            Outgoing::Replace(_) => Err(Rejected::Fenced.into()),
        };
        match outcome {
            Ok(number) => Ok(Ok(number)),
            Err(End::Rejected(rejected)) => Ok(Err(*rejected)),
            Err(End::Fault(fault)) => Err(fault),
        }
    }

    fn deliver(&mut self, to: &str, item: &NewInboxItem, notified: &mut Vec<i64>) -> Decided<i64> {
        let row = self.rows.run(RunKey::Id(to))?.ok_or(Rejected::NoSuchRun)?;
        if let Some(first) = self.seen(row.number, item)? {
            return Ok(first);
        }
        if row.status.accepts() { self.give(row.number, item, notified) } else { Err(Rejected::Ended.into()) }
    }

    fn deliver_to_watched(
        &mut self,
        watcher: i64,
        to: &str,
        position: u64,
        item: &NewInboxItem,
        notified: &mut Vec<i64>,
    ) -> Decided<i64> {
        let row = self.rows.run(RunKey::Id(to))?.ok_or(Rejected::NoSuchRun)?;
        if !self.rows.watches(watcher, position, row.number)? {
            return Err(Rejected::NoSuchRun.into());
        }
        self.deliver(to, item, notified)
    }

    fn notify_children(&mut self, first_run: i64, item: &NewInboxItem, notified: &mut Vec<i64>) -> Decided<i64> {
        for child in self.rows.related(first_run, super::Relation::Child)? {
            self.give(child.run, item, notified)?;
        }
        Ok(0)
    }

    fn start_other(
        &mut self,
        starter: i64,
        run: &NewRun,
        position: Option<u64>,
        notified: &mut Vec<i64>,
    ) -> Decided<i64> {
        // A child is a run of its own: no other answers its start, and a rejected start has changed nothing.
        let is_answered = matches!(run.holder, Holder::Answers | Holder::Waits);
        let own = is_answered.then(|| NewRun { holder: Holder::Keeps, ..run.clone() });
        let number = match self.start(own.as_ref().unwrap_or(run), notified)? {
            Begun::New(number) => number,
            Begun::Held(holder) => return Err(Rejected::Held(holder).into()),
        };
        if let Some(position) = position {
            self.rows.watch(starter, position, number)?;
        }
        Ok(number)
    }

    fn watch(&mut self, append: &Append, id: &str, position: u64, notified: &mut Vec<i64>) -> Decided<i64> {
        let row = self.rows.run(RunKey::Id(id))?.filter(|row| row.status != Status::Deleting);
        let row = row.ok_or(Rejected::NoSuchRun)?;
        if !row.status.is_final() {
            self.rows.watch(append.run, position, row.number)?;
            return Ok(0);
        }
        let item = NewInboxItem::ended(append.run, position, &self.end_of(row)?, append.at);
        self.give(append.run, &item, notified)
    }

    /// Writes a request. One with the same id is left as it is.
    fn ask(&mut self, run: i64, request: &RequestRow) -> Decided<i64> {
        if self.rows.request(&request.id)?.is_none() {
            self.rows.insert_request(&RequestRow { run, answered: None, ..request.clone() })?;
        }
        Ok(0)
    }

    fn withdraw(&mut self, run: i64, id: &str) -> Decided<i64> {
        if self.rows.request(id)?.is_some_and(|request| request.run == run && request.is_open()) {
            self.rows.remove_request(id)?;
        }
        Ok(0)
    }
}

/// Rejects only the item if the row of another run is damaged: nothing was written to that run, so the append stays.
fn alone(outcome: Decided<i64>) -> Decided<i64> {
    match outcome {
        Err(End::Fault(error)) if error.kind == StoreErrorKind::Refused => Err(Rejected::Refused(error.message).into()),
        outcome => outcome,
    }
}

/// Refuses the append with all its writes: the run has ended, and would be lost without its successor.
fn whole(run: i64, outcome: Decided<i64>) -> Decided<i64> {
    match outcome {
        Err(End::Rejected(rejected)) => {
            Err(End::Fault(StoreError::new(StoreErrorKind::Refused, not_replaced(run, &rejected))))
        }
        outcome => outcome,
    }
}
