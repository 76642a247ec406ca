//! The writes of an append beyond the rows of its run.

use super::apply::{Apply, Numbered, text_or_null};
use super::columns::value_cells;
use super::read::clamped;
use super::{Cell, Session, queries};
use crate::store::{
    Append, NewInboxItem, Outgoing, OutputRow, Rejected, RequestRow, Status, StoreError, StoreErrorKind,
};
use crate::value::Value;

impl<S: Session> Apply<'_, S> {
    /// Performs the writes in order; a rejected one has written nothing. Adds to `notified` the runs whose inboxes got
    /// an item.
    pub(super) fn write_outgoing(
        &self,
        append: &Append,
        notified: &mut Vec<i64>,
    ) -> Result<Vec<Result<i64, Rejected>>, StoreError> {
        // Read by the first write that needs it.
        let mut first_run = None;
        let mut outcomes = Vec::with_capacity(append.outgoing.len());
        for outgoing in &append.outgoing {
            outcomes.push(match outgoing {
                Outgoing::Deliver { to, item } => alone(self.deliver(to, item, notified))?,
                Outgoing::NotifyChildren(item) => {
                    Ok(self.notify_children(self.first_run(append.run, &mut first_run)?, item, notified)?)
                }
                Outgoing::Start { run, position } => {
                    let started = self.start(run)?;
                    if let (Ok(number), Some(position)) = (&started, position) {
                        self.watch_on(*number, append.run, *position)?;
                    }
                    started
                }
                Outgoing::Watch { id, position } => alone(self.watch(append, id, *position, notified))?,
                Outgoing::DeliverToWatched { to, position, item } => {
                    let values = [Cell::Text(to.as_bytes()), Cell::Int(append.run), clamped(*position)];
                    match self.number(queries::IS_WATCHED, &values)? {
                        Some(_) => alone(self.deliver(to, item, notified))?,
                        None => Err(Rejected::NoSuchRun),
                    }
                }
                Outgoing::Ask(request) => {
                    self.insert_request(queries::INSERT_REQUEST, append.run, request)?;
                    Ok(0)
                }
                Outgoing::Withdraw { id } | Outgoing::Expire { id } => {
                    let values = [Cell::Int(append.run), Cell::Text(id.as_bytes())];
                    self.session.execute(queries::WITHDRAW_REQUEST, &values)?;
                    Ok(0)
                }
                Outgoing::Put { channel, seq, value } => {
                    Ok(self.put(self.first_run(append.run, &mut first_run)?, append, channel, *seq, value.as_ref())?)
                }
                Outgoing::Label { name, value } => {
                    self.label(append.run, name, value.as_deref())?;
                    Ok(0)
                }
                Outgoing::Replace(run) if append.change.release && run.replaces == Some(append.run) => {
                    // A run that ends so without its successor would be lost: the append is refused as a whole.
                    Ok(self.import(run, notified)?.map_err(|rejected| {
                        let why = match rejected {
                            Rejected::Exists(row) => format!("run `{}` is in the way", row.id),
                            rejected => format!("{rejected:?}"),
                        };
                        let message = format!("run {} cannot continue as new: {why}", append.run);
                        StoreError::new(StoreErrorKind::Refused, message)
                    })?)
                }
                Outgoing::Replace(_) => Err(Rejected::Fenced),
            });
        }
        Ok(outcomes)
    }

    fn first_run(&self, run: i64, known: &mut Option<i64>) -> Result<i64, StoreError> {
        if known.is_none() {
            *known = self.number(queries::FIRST_RUN, &[Cell::Int(run)])?;
        }
        Ok(known.unwrap_or(run))
    }

    fn deliver(&self, to: &str, item: &NewInboxItem, notified: &mut Vec<i64>) -> Numbered {
        let Some(row) = self.existing(to)? else { return Ok(Err(Rejected::NoSuchRun)) };
        if let Some(first) = self.seen(row.number, item)? {
            return Ok(Ok(first));
        }
        if !row.status.accepts() {
            return Ok(Err(Rejected::Ended));
        }
        let number = self.insert_item(row.number, item)?;
        notified.push(row.number);
        Ok(Ok(number))
    }

    fn notify_children(&self, first_run: i64, item: &NewInboxItem, notified: &mut Vec<i64>) -> Result<i64, StoreError> {
        for (child, _) in self.listening(queries::CHILDREN, first_run)? {
            if self.seen(child, item)?.is_none() {
                self.insert_item(child, item)?;
                notified.push(child);
            }
        }
        Ok(0)
    }

    fn watch(&self, append: &Append, id: &str, position: u64, notified: &mut Vec<i64>) -> Numbered {
        let Some(row) = self.existing(id)?.filter(|row| row.status != Status::Deleting) else {
            return Ok(Err(Rejected::NoSuchRun));
        };
        if !row.status.is_final() {
            self.watch_on(row.number, append.run, position)?;
            return Ok(Ok(0));
        }
        let item = NewInboxItem::ended(append.run, position, &self.end_of(row)?, append.at);
        if let Some(first) = self.seen(append.run, &item)? {
            return Ok(Ok(first));
        }
        let number = self.insert_item(append.run, &item)?;
        notified.push(append.run);
        Ok(Ok(number))
    }

    fn watch_on(&self, run: i64, watcher: i64, position: u64) -> Result<(), StoreError> {
        let values = [Cell::Int(run), Cell::Int(watcher), clamped(position)];
        self.session.execute(queries::INSERT_WATCHER, &values).map(drop)
    }

    /// Inserts a request; the query decides what happens if the id exists.
    pub(super) fn insert_request(&self, query: &str, run: i64, request: &RequestRow) -> Result<(), StoreError> {
        let [encoding, body] = value_cells(Some(&request.value));
        let values = [
            Cell::Text(request.id.as_bytes()),
            Cell::Int(run),
            clamped(request.position),
            Cell::Text(request.name.as_bytes()),
            Cell::Text(request.answer.as_bytes()),
            Cell::Int(request.at),
            request.due.map_or(Cell::Null, Cell::Int),
            encoding,
            body,
            text_or_null(request.answered.as_ref()),
        ];
        self.session.execute(query, &values).map(drop)
    }

    fn label(&self, run: i64, name: &str, value: Option<&str>) -> Result<(), StoreError> {
        let [run, name] = [Cell::Int(run), Cell::Text(name.as_bytes())];
        let written = match value {
            Some(value) => self.session.execute(queries::SET_LABEL, &[run, name, Cell::Text(value.as_bytes())]),
            None => self.session.execute(queries::DELETE_LABEL, &[run, name]),
        };
        written.map(drop)
    }

    fn put(
        &self,
        first_run: i64,
        append: &Append,
        channel: &str,
        seq: u64,
        value: Option<&Value>,
    ) -> Result<i64, StoreError> {
        let output = OutputRow { item: 0, run: append.run, seq, at: append.at, value: value.cloned() };
        self.insert_output(first_run, channel, &output)
    }

    /// Writes the next item of a channel, whatever the number in `output`.
    pub(super) fn insert_output(&self, first_run: i64, channel: &str, output: &OutputRow) -> Result<i64, StoreError> {
        let [encoding, body] = value_cells(output.value.as_ref());
        let values = [
            Cell::Int(first_run),
            Cell::Text(channel.as_bytes()),
            Cell::Int(output.run),
            clamped(output.seq),
            Cell::Int(output.at),
            encoding,
            body,
        ];
        self.drawn(queries::INSERT_OUTPUT, &values)
    }
}

/// Rejects only the item if the row of another run is damaged: nothing was written to that run, so the append stays.
fn alone(outcome: Numbered) -> Numbered {
    match outcome {
        Err(error) if error.kind == StoreErrorKind::Refused => Ok(Err(Rejected::Refused(error.message))),
        outcome => outcome,
    }
}
