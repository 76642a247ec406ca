//! Applies one write.

use super::columns::value_cells;
use super::queries;
use super::read::{Reader, clamped};
use super::rows::drawn_text;
use super::{Cell, Session};
use crate::store::{
    Append, EntryRow, FieldRow, Lease, NewRun, Rejected, RunKey, RunRow, Status, StoreError, StoreErrorKind, Write,
    Written,
};
use std::cell::RefCell;
use std::ops::ControlFlow;

/// The answer of a database to one write: done or rejected, or an error that ends the batch.
pub(super) type Answer = Result<Result<Written, Rejected>, StoreError>;

/// The answer for a row that has a number.
pub(super) type Numbered = Result<Result<i64, Rejected>, StoreError>;

/// One transaction in which writes are applied.
pub(in crate::store) struct Apply<'a, S> {
    pub(super) session: &'a S,
    pub(super) database: &'a str,
    /// The leases that this transaction has read, with their epochs.
    epochs: RefCell<Vec<(i64, Option<i64>)>>,
}

impl<'a, S: Session> Apply<'a, S> {
    pub(in crate::store) fn new(session: &'a S, database: &'a str) -> Self {
        Self { session, database, epochs: RefCell::default() }
    }

    pub(super) fn apply(&self, write: &Write) -> Answer {
        match write {
            Write::Start(run) => Ok(self.start(run)?.map(Written::Number)),
            Write::Append(append) => self.append_all(append),
            Write::Transaction(code) => self.transaction(code),
            Write::Import(run) => Ok(self.import(run, &mut Vec::new())?.map(Written::Number)),
            Write::Send(item) => Ok(self.send(item)?.map(Written::Number)),
            Write::Claim { run, lease } => self.claim(*run, *lease),
            Write::Adopt(lease) => self.adopt(*lease),
            Write::OpenLease { owner } => self.open_lease(owner),
            Write::Heartbeat(lease) => {
                let values = [Cell::Int(lease.number), Cell::Int(lease.epoch)];
                self.if_changed(queries::HEARTBEAT, &values, Written::Done)
            }
            Write::TakeLease { seen, heartbeat, owner } => self.take_lease(*seen, *heartbeat, owner),
            Write::CloseLease(lease) => {
                self.forget_leases();
                let values = [Cell::Int(lease.number), Cell::Int(lease.epoch)];
                self.if_changed(queries::CLOSE_LEASE, &values, Written::Done)
            }
            Write::Answer { request, hash, item } => self.answer(request, hash, item),
            Write::Delete { run, rows } => self.delete(*run, *rows),
        }
    }

    /// Drops the epochs that were read: a lease has changed, or a write was rolled back.
    pub(super) fn forget_leases(&self) {
        self.epochs.borrow_mut().clear();
    }

    pub(super) fn start(&self, run: &NewRun) -> Numbered {
        if !self.held(run.lease)? {
            // A run that exists is the answer even under a lost lease.
            let taken = self.existing(&run.id)?.map_or(Rejected::Fenced, |row| Rejected::Exists(Box::new(row)));
            return Ok(Err(taken));
        }
        let execution = drawn_text(run.execution);
        let values = [
            Cell::Text(run.id.as_bytes()),
            Cell::Text(run.workflow.as_bytes()),
            Cell::Text(Status::Running.as_str().as_bytes()),
            Cell::Int(run.lease.number),
            Cell::Text(execution.as_bytes()),
            Cell::Int(run.at),
            clamped(run.entries.len()),
            Cell::Int(run.version.into()),
            run.parent.map_or(Cell::Null, Cell::Int),
            text_or_null(run.dedup.as_ref()),
        ];
        if let Some(number) = self.number(queries::INSERT_RUN, &values)? {
            for entry in &run.entries {
                self.insert_entry(number, entry)?;
            }
            self.insert_labels(number, &run.labels)?;
            return Ok(Ok(number));
        }
        if let Some(row) = self.existing(&run.id)? {
            return Ok(Err(Rejected::Exists(Box::new(row))));
        }
        let holder = run.dedup.as_ref().map(|key| self.reader().run_by_dedup(key)).transpose();
        match holder.map_err(refused_if_damaged)?.flatten() {
            Some(row) => Ok(Err(Rejected::Held(Box::new(row)))),
            None => Err(StoreError::new(StoreErrorKind::Refused, "the id is taken by a run that cannot be found")),
        }
    }

    pub(super) fn append(&self, append: &Append) -> Answer {
        let bound = append.change.status == Some(Status::Moved) && self.is_bound(append.run)?;
        // `advance` is last: it is the first write, and a fenced append writes nothing.
        if bound || !self.held(append.lease)? || self.is_answered(append)? || !self.advance(append)? {
            return Ok(Err(Rejected::Fenced));
        }
        for entry in &append.entries {
            self.insert_entry(append.run, entry)?;
        }
        for field in &append.fields {
            self.insert_field(append.run, field)?;
        }
        for item in &append.taken {
            self.take(append.run, *item, append.at)?;
        }
        let ended = append.change.status.filter(|status| status.is_final());
        if append.outgoing.is_empty() && ended.is_none() {
            return Ok(Ok(Written::Done));
        }
        let mut notified = Vec::new();
        let outcomes = self.write_outgoing(append, &mut notified)?;
        if let Some(status) = ended {
            self.end(append.run, status, append.at, &mut notified)?;
        }
        if outcomes.is_empty() && notified.is_empty() {
            return Ok(Ok(Written::Done));
        }
        notified.sort_unstable();
        notified.dedup();
        Ok(Ok(Written::Appended { outcomes, notified }))
    }

    /// Advances the run's row, if the writer owns it and knows its last entry.
    fn advance(&self, append: &Append) -> Result<bool, StoreError> {
        let change = &append.change;
        let parked = change.parked.as_ref().and_then(Option::as_ref);
        let values = [
            Cell::Int(append.run),
            Cell::Int(append.lease.number),
            clamped(append.after),
            clamped(append.after + append.entries.len() as u64),
            Cell::Int(append.at),
            change.loads.map_or(Cell::Null, clamped),
            Cell::Int(change.wake_at.is_some().into()),
            change.wake_at.flatten().map_or(Cell::Null, Cell::Int),
            change.status.map_or(Cell::Null, |status| Cell::Text(status.as_str().as_bytes())),
            Cell::Int(change.parked.is_some().into()),
            text_or_null(parked),
            Cell::Int(change.release.into()),
        ];
        let plain = change.parked.is_none() && !change.release;
        if plain && self.session.execute(queries::ADVANCE_RUN, &values[..9])? > 0 {
            return Ok(true);
        }
        // The status or the due time changes, or the writer is fenced.
        Ok(self.session.execute(queries::CHANGE_RUN, &values)? > 0)
    }

    pub(super) fn insert_entry(&self, run: i64, entry: &EntryRow) -> Result<(), StoreError> {
        let [encoding, body] = value_cells(entry.value.as_ref());
        let values = [
            Cell::Int(run),
            clamped(entry.seq),
            Cell::Int(entry.format.into()),
            Cell::Text(entry.kind.as_str().as_bytes()),
            entry.cause.map_or(Cell::Null, clamped),
            Cell::Int(entry.at),
            entry.position.map_or(Cell::Null, clamped),
            text_or_null(entry.name.as_ref()),
            entry.attempt.map_or(Cell::Null, clamped),
            entry.context.map_or(Cell::Null, clamped),
            entry.due.map_or(Cell::Null, Cell::Int),
            encoding,
            body,
            text_or_null(entry.other.as_ref()),
        ];
        self.session.execute(queries::INSERT_ENTRY, &values).map(drop)
    }

    pub(super) fn insert_field(&self, run: i64, field: &FieldRow) -> Result<(), StoreError> {
        let [encoding, body] = value_cells(Some(&field.value));
        let values = [
            Cell::Int(run),
            clamped(field.seq),
            Cell::Text(field.name.as_bytes()),
            Cell::Int(field.format.into()),
            encoding,
            body,
        ];
        self.session.execute(queries::INSERT_FIELD, &values).map(drop)
    }

    pub(super) fn insert_labels(&self, run: i64, labels: &[(String, String)]) -> Result<(), StoreError> {
        for (name, value) in labels {
            let values = [Cell::Int(run), Cell::Text(name.as_bytes()), Cell::Text(value.as_bytes())];
            self.session.execute(queries::INSERT_LABEL, &values)?;
        }
        Ok(())
    }

    fn claim(&self, run: i64, lease: Lease) -> Answer {
        let Some(mut row) = self.numbered(run)? else {
            return Ok(Err(Rejected::NoSuchRun));
        };
        if row.lease.is_some() || !row.status.accepts() || !self.held(lease)? {
            return Ok(Err(Rejected::Fenced));
        }
        self.session.execute(queries::CLAIM_RUN, &[Cell::Int(run), Cell::Int(lease.number)])?;
        row.lease = Some(lease.number);
        Ok(Ok(Written::Claimed(Box::new(row))))
    }

    fn adopt(&self, lease: Lease) -> Answer {
        if !self.held(lease)? {
            return Ok(Err(Rejected::Fenced));
        }
        let lease = [Cell::Int(lease.number)];
        let unowned = self.session.execute(queries::ADOPT_UNOWNED, &lease)?;
        let lost = self.session.execute(queries::ADOPT_LOST, &lease)?;
        Ok(Ok(Written::Number(i64::try_from(unowned + lost).unwrap_or(i64::MAX))))
    }

    fn open_lease(&self, owner: &str) -> Answer {
        let number = self.drawn(queries::OPEN_LEASE, &[Cell::Text(owner.as_bytes())])?;
        Ok(Ok(Written::Number(number)))
    }

    fn take_lease(&self, seen: Lease, heartbeat: i64, owner: &str) -> Answer {
        self.forget_leases();
        let values =
            [Cell::Int(seen.number), Cell::Int(seen.epoch), Cell::Int(heartbeat), Cell::Text(owner.as_bytes())];
        let taken = Lease { number: seen.number, epoch: seen.epoch.checked_add(1).unwrap_or(1) };
        self.if_changed(queries::TAKE_LEASE, &values, Written::Lease(taken))
    }

    pub(super) fn held(&self, lease: Lease) -> Result<bool, StoreError> {
        let known = self.epochs.borrow().iter().find(|(number, _)| *number == lease.number).copied();
        let epoch = if let Some((_, epoch)) = known {
            epoch
        } else {
            let epoch = self.number(queries::LEASE_EPOCH, &[Cell::Int(lease.number)])?;
            self.epochs.borrow_mut().push((lease.number, epoch));
            epoch
        };
        Ok(epoch == Some(lease.epoch))
    }

    /// Returns the status and the owner of a run.
    pub(super) fn state(&self, run: i64) -> Result<Option<(Status, Option<i64>)>, StoreError> {
        let mut state = None;
        self.session.select(queries::RUN_STATE, &[Cell::Int(run)], &mut |row| {
            let status = match row.cell(0) {
                Cell::Text(word) => std::str::from_utf8(word).ok().and_then(Status::parse),
                _ => None,
            };
            state = Some(match (status, row.cell(1)) {
                (Some(status), Cell::Int(lease)) => Ok((status, Some(lease))),
                (Some(status), Cell::Null) => Ok((status, None)),
                _ => Err(()),
            });
            ControlFlow::Break(())
        })?;
        let damaged =
            || StoreError::new(StoreErrorKind::Refused, format!("{}: the row of run {run} is damaged", self.database));
        state.transpose().map_err(|()| damaged())
    }

    /// Returns whether another run needs this one in its database.
    fn is_bound(&self, run: i64) -> Result<bool, StoreError> {
        let Some(row) = self.numbered(run)? else { return Ok(false) };
        self.reader().bonds(&row).map(|bonds| !bonds.is_empty()).map_err(refused_if_damaged)
    }

    pub(super) fn reader(&self) -> Reader<'a, S> {
        Reader { session: self.session, database: self.database }
    }

    pub(super) fn existing(&self, id: &str) -> Result<Option<RunRow>, StoreError> {
        self.reader().run(RunKey::Id(id)).map_err(refused_if_damaged)
    }

    pub(super) fn numbered(&self, run: i64) -> Result<Option<RunRow>, StoreError> {
        self.reader().run(RunKey::Number(run)).map_err(refused_if_damaged)
    }

    /// Returns the integer that a query finds or draws.
    pub(super) fn number(&self, query: &str, values: &[Cell<'_>]) -> Result<Option<i64>, StoreError> {
        let mut number = None;
        self.session.select(query, values, &mut |row| {
            if let Cell::Int(found) = row.cell(0) {
                number = Some(found);
            }
            ControlFlow::Continue(())
        })?;
        Ok(number)
    }

    pub(super) fn drawn(&self, query: &str, values: &[Cell<'_>]) -> Result<i64, StoreError> {
        let refused = || StoreError::new(StoreErrorKind::Refused, "the database drew no number for a new row");
        self.number(query, values)?.ok_or_else(refused)
    }

    fn if_changed(&self, query: &str, values: &[Cell<'_>], written: Written) -> Answer {
        let changed = self.session.execute(query, values)? > 0;
        Ok(if changed { Ok(written) } else { Err(Rejected::Fenced) })
    }
}

pub(super) fn text_or_null(text: Option<&String>) -> Cell<'_> {
    text.map_or(Cell::Null, |text| Cell::Text(text.as_bytes()))
}

/// Turns damage into a rejection: a damaged row concerns the write that read it, and no other of the batch.
pub(super) fn refused_if_damaged(error: StoreError) -> StoreError {
    match error.kind {
        StoreErrorKind::Damaged | StoreErrorKind::Newer => StoreError::new(StoreErrorKind::Refused, error.message),
        _ => error,
    }
}
