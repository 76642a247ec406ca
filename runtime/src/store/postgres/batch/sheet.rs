//! A batch as it is decided: the rows that are known, and what the decisions change.
//!
//! A decision that needs a row which was not read ends there; the key is noted, the rows are read, and all writes of the
//! batch are decided anew.

mod lacking;
mod rarer;
mod tasks;

use super::changes::Changes;
use super::keys::Keys;
use super::known::Known;
use super::own::Own;
use crate::record::AttemptOutcome;
use crate::store::audit::{ActOutcome, AuditRow, JobRow};
use crate::store::decide::{
    ItemHead, Part, Place, Record, Related, Relation, RequestChange, Rows, RunChange, RunState,
};
use crate::store::sql::queries;
use crate::store::{
    EntryRow, FieldRow, LeaseRow, NewInboxItem, OutputRow, RequestRow, RunKey, RunRow, ScheduleRow, StoreError,
    TakenItem, TraceMark, UserCode,
};
use crate::value::Value;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

/// The rows of a batch, and their changes.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) known: Known,
    pub(super) changes: Changes,
    /// What is to be read before this batch can be decided.
    pub(super) missing: RefCell<Keys>,
    /// Whether a write needs what only a transaction with all other writers excluded can do.
    pub(super) needs_all: Cell<bool>,
}

impl Sheet {
    pub(super) fn new(known: Known) -> Self {
        let claims = known.claims.clone();
        let mut sheet =
            Self { known, changes: Changes::default(), missing: RefCell::default(), needs_all: Cell::new(false) };
        sheet.add_claims(claims);
        sheet
    }

    fn execute(&mut self, query: &'static str, values: Vec<Own>) {
        self.changes.statements.push((query, values));
    }
}

impl Rows for Sheet {
    fn epoch(&self, lease: i64) -> Result<Option<i64>, StoreError> {
        match self.known.leases.get(&lease) {
            Some(row) => Ok(row.as_ref().map(|row| row.epoch)),
            None => self.missing(|keys| {
                keys.leases.insert(lease);
            }),
        }
    }

    fn lease(&self, number: i64) -> Result<Option<LeaseRow>, StoreError> {
        match self.known.leases.get(&number) {
            Some(row) => Ok(row.clone()),
            None => self.missing(|keys| {
                keys.leases_to_change.insert(number);
            }),
        }
    }

    fn open_lease(&mut self, _: &str) -> Result<i64, StoreError> {
        self.needs_all()
    }

    fn change_lease(&mut self, row: &LeaseRow) -> Result<(), StoreError> {
        self.known.leases.insert(row.number, Some(row.clone()));
        self.changes.leases.insert(row.number);
        Ok(())
    }

    fn remove_lease(&mut self, _: i64) -> Result<(), StoreError> {
        self.needs_all()
    }

    fn owns_runs(&self, _: i64) -> Result<bool, StoreError> {
        self.needs_all()
    }

    fn adopt(&mut self, _: i64) -> Result<usize, StoreError> {
        self.needs_all()
    }

    fn claim_served(&mut self, _: i64, _: &[(String, u32)], _: usize) -> Result<Vec<(i64, Option<i64>)>, StoreError> {
        Ok(self.known.claimed.pop_front().unwrap_or_default())
    }

    fn state(&self, run: i64) -> Result<Option<RunState>, StoreError> {
        Ok(self.by_number(run)?.map(|row| RunState {
            status: row.status,
            lease: row.lease,
            seq: Some(row.seq),
            wake_at: Some(row.wake_at),
            loads: Some(row.loads),
            first_run: row.first_run,
            successor: row.successor,
            has_dedup: row.dedup.is_some(),
            has_queue: row.queue.is_some(),
        }))
    }

    fn run(&self, key: RunKey<'_>) -> Result<Option<RunRow>, StoreError> {
        match key {
            RunKey::Number(number) => Ok(self.by_number(number)?.cloned()),
            RunKey::Lease(_) => Ok(None),
            RunKey::Id(id) => match self.known.ids.get(id) {
                Some(Some(number)) => Ok(self.by_number(*number)?.cloned()),
                Some(None) => Ok(None),
                None => self.missing(|keys| {
                    keys.ids.insert(id.to_owned());
                }),
            },
        }
    }

    fn holder(&self, dedup: &str) -> Result<Option<RunRow>, StoreError> {
        match self.known.dedup.get(dedup) {
            Some(Some(number)) => Ok(self.by_number(*number)?.cloned()),
            Some(None) => Ok(None),
            None => self.missing(|keys| {
                keys.dedup.insert(dedup.to_owned());
            }),
        }
    }

    fn twin(&self, _: [u8; 16], _: i64, _: Option<i64>) -> Result<Option<RunRow>, StoreError> {
        self.needs_all()
    }

    fn insert_run(&mut self, row: &RunRow) -> Result<i64, StoreError> {
        let Some(number) = self.known.numbers.pop_front() else { return self.missing(|keys| keys.new_runs += 1) };
        let first_run = if row.first_run == 0 { number } else { row.first_run };
        self.known.run(RunRow { number, first_run, ..row.clone() }, true);
        self.known.watchers.insert(number, BTreeSet::new());
        self.known.open_requests.insert(number, BTreeSet::new());
        self.changes.new_runs.push(number);
        Ok(number)
    }

    fn change_run(&mut self, run: i64, change: &RunChange<'_>) -> Result<(), StoreError> {
        if change.id.is_some() {
            return self.needs_all();
        }
        self.known.change(run, change);
        // Its holder may be another process.
        self.changes.owners.extend(change.lease.flatten());
        self.changes.change_run(run, change.seq);
        Ok(())
    }

    fn remove_run(&mut self, _: i64) -> Result<(), StoreError> {
        self.needs_all()
    }

    fn append(&mut self, run: i64, entries: &[EntryRow], fields: &[FieldRow]) -> Result<(), StoreError> {
        if let (Some(last), Some(Some(row))) = (entries.last(), self.known.runs.get_mut(&run)) {
            row.seq = last.seq;
            self.known.values.insert((run, last.seq), last.value.clone());
        }
        self.changes.append(run, entries, fields);
        Ok(())
    }

    fn value(&self, run: i64, seq: u64) -> Result<Option<Value>, StoreError> {
        match self.known.values.get(&(run, seq)) {
            Some(value) => Ok(value.clone()),
            None => self.missing(|keys| {
                keys.values.insert((run, seq));
            }),
        }
    }

    fn label(&mut self, run: i64, name: &str, value: Option<&str>) -> Result<(), StoreError> {
        let (run, name) = (Own::Int(run), Own::text(name));
        match value {
            Some(value) => self.execute(queries::SET_LABEL, vec![run, name, Own::text(value)]),
            None => self.execute(queries::DELETE_LABEL, vec![run, name]),
        }
        Ok(())
    }

    fn index(&mut self, run: i64, workflow: &str, name: &str, value: Option<&str>) -> Result<(), StoreError> {
        self.changes.index(run, workflow, name, value);
        Ok(())
    }

    fn indexed(&self, _: i64) -> Result<Vec<(String, String)>, StoreError> {
        self.needs_all()
    }

    fn item(&self, run: i64, key: &str) -> Result<Option<i64>, StoreError> {
        let key = (run, key.to_owned());
        match self.known.items.get(&key) {
            Some(number) => Ok(*number),
            None if self.changes.new_runs.contains(&run) => Ok(None),
            None => self.missing(|keys| {
                keys.items.insert(key);
            }),
        }
    }

    fn items(&self, _: i64) -> Result<Vec<ItemHead>, StoreError> {
        self.needs_all()
    }

    fn insert_item(&mut self, run: i64, item: &NewInboxItem) -> Result<i64, StoreError> {
        self.locked(run)?;
        let number = self.changes.insert_item(run, item);
        if let Some(key) = &item.key {
            self.known.items.insert((run, key.clone()), Some(number));
        }
        Ok(number)
    }

    fn insert_taken(&mut self, _: i64, _: &TakenItem) -> Result<(), StoreError> {
        self.needs_all()
    }

    fn take_item(&mut self, run: i64, item: i64, at: i64) -> Result<(), StoreError> {
        self.changes.taken.push((run, item, at));
        Ok(())
    }

    fn move_item(&mut self, _: i64, _: i64, _: Place) -> Result<(), StoreError> {
        self.needs_all()
    }

    fn remove_item(&mut self, _: i64) -> Result<(), StoreError> {
        self.needs_all()
    }

    fn request(&self, id: &str) -> Result<Option<RequestRow>, StoreError> {
        match self.known.requests.get(id) {
            Some(row) => Ok(row.clone()),
            None => self.missing(|keys| {
                keys.requests.insert(id.to_owned());
            }),
        }
    }

    fn open_requests(&self, run: i64) -> Result<Vec<String>, StoreError> {
        match self.known.open_requests.get(&run) {
            Some(ids) => self.locked(run).map(|()| ids.iter().cloned().collect()),
            None => self.missing(|keys| {
                keys.locked.insert(run);
                keys.open_requests.insert(run);
            }),
        }
    }

    fn insert_request(&mut self, row: &RequestRow) -> Result<(), StoreError> {
        if let Some(open) = self.known.open_requests.get_mut(&row.run) {
            open.insert(row.id.clone());
        }
        self.known.requests.insert(row.id.clone(), Some(row.clone()));
        self.execute(queries::INSERT_REQUEST, Own::request(row));
        Ok(())
    }

    fn change_request(&mut self, id: &str, change: &RequestChange<'_>) -> Result<(), StoreError> {
        self.change_request_row(id, change)
    }

    fn remove_request(&mut self, id: &str) -> Result<(), StoreError> {
        if let Some(Some(row)) = self.known.requests.insert(id.to_owned(), None)
            && let Some(open) = self.known.open_requests.get_mut(&row.run)
        {
            open.remove(id);
        }
        self.execute(queries::REMOVE_REQUEST, vec![Own::text(id)]);
        Ok(())
    }

    fn insert_output(&mut self, first_run: i64, channel: &str, output: &OutputRow) -> Result<i64, StoreError> {
        self.insert_output_row(first_run, channel, output)
    }

    fn related(&self, run: i64, how: Relation) -> Result<Vec<Related>, StoreError> {
        match how {
            Relation::Waiting => self.accepting(self.watchers(run)?),
            Relation::Child => match self.known.children.get(&run) {
                Some(children) => self.accepting(children.iter().map(|child| Related { run: *child, position: 0 })),
                None => self.missing(|keys| {
                    keys.children.insert(run);
                }),
            },
            Relation::Awaited => self.needs_all(),
        }
    }

    fn watches(&self, watcher: i64, position: u64, run: i64) -> Result<bool, StoreError> {
        let watch = Related { run: watcher, position };
        Ok(self.watchers(run)?.any(|other| other == watch))
    }

    fn watch(&mut self, watcher: i64, position: u64, run: i64) -> Result<(), StoreError> {
        self.locked(run)?;
        if let Some(watchers) = self.known.watchers.get_mut(&run) {
            watchers.insert(Related { run: watcher, position });
        }
        self.execute(queries::INSERT_WATCHER, vec![Own::Int(run), Own::Int(watcher), Own::number(position)]);
        Ok(())
    }

    fn end_watch(&mut self, run: i64) -> Result<(), StoreError> {
        self.known.watchers.insert(run, BTreeSet::new());
        self.execute(queries::END_WATCH, vec![Own::Int(run)]);
        Ok(())
    }

    fn move_watchers(&mut self, _: i64, _: i64) -> Result<(), StoreError> {
        self.needs_all()
    }

    fn schedule(&self, name: &str) -> Result<Option<ScheduleRow>, StoreError> {
        match self.known.schedules.get(name) {
            Some(row) => Ok(row.clone()),
            None => self.missing(|keys| {
                keys.schedules.insert(name.to_owned());
            }),
        }
    }

    fn put_schedule(&mut self, row: &ScheduleRow) -> Result<(), StoreError> {
        self.put_schedule_row(row)
    }

    fn remove_schedule(&mut self, name: &str) -> Result<(), StoreError> {
        self.remove_schedule_row(name);
        Ok(())
    }

    fn audited(&self, _: &str) -> Result<Option<ActOutcome>, StoreError> {
        self.needs_all()
    }

    fn record(&mut self, _: &AuditRow) -> Result<(), StoreError> {
        self.needs_all()
    }

    fn job(&self, _: i64) -> Result<Option<JobRow>, StoreError> {
        self.needs_all()
    }

    fn insert_job(&mut self, _: &JobRow) -> Result<i64, StoreError> {
        self.needs_all()
    }

    fn change_job(&mut self, _: &JobRow) -> Result<(), StoreError> {
        self.needs_all()
    }

    fn owe_trace(&mut self, run: i64, lease: i64) -> Result<(), StoreError> {
        self.changes.traces.owe(run, lease);
        Ok(())
    }

    fn mark_trace(&mut self, mark: TraceMark) -> Result<(), StoreError> {
        self.changes.traces.mark(mark);
        Ok(())
    }

    fn claim_traces(&mut self, _: i64) -> Result<usize, StoreError> {
        self.needs_all()
    }

    fn remove_part(&mut self, _: i64, _: Part, _: usize) -> Result<usize, StoreError> {
        self.needs_all()
    }

    fn user_code(&mut self, _: &UserCode, _: Record<'_, Self>) -> Result<AttemptOutcome, StoreError> {
        self.needs_all()
    }
}
