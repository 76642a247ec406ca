//! The tables of a database within one transaction.

mod inbox;
mod journal;
mod leases;
mod pending;
mod requests;
mod runs;
mod schedules;
mod tasks;
mod traces;

use super::read::Reader;
use super::{Cell, Session, queries};
use crate::record::AttemptOutcome;
use crate::store::audit::{ActOutcome, AuditRow, JobRow};
use crate::store::decide::{
    ItemHead, Part, Place, Record, Related, Relation, RequestChange, Rows, RunChange, RunState,
};
use crate::store::{
    EntryRow, FieldRow, LeaseRow, NewInboxItem, OutputRow, RequestKey, RequestRow, RunKey, RunRow, ScheduleRow,
    StoreError, StoreErrorKind, TakenItem, TraceMark, UserCode,
};
use crate::value::Value;
pub(in crate::store) use pending::Pending;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// The tables within one transaction.
pub(in crate::store) struct Tables<'a, S> {
    pub(super) session: &'a S,
    pub(super) database: &'a str,
    /// The leases that this transaction has read, with their epochs.
    epochs: RefCell<Vec<(i64, Option<i64>)>>,
    /// The queues of which a delayed task is due, if this transaction has looked.
    due: Option<BTreeSet<String>>,
    /// What this transaction writes at its end; `None` if it writes each change at once.
    pending: Option<RefCell<Pending>>,
}

impl<'a, S: Session> Tables<'a, S> {
    pub(in crate::store) fn new(session: &'a S, database: &'a str) -> Self {
        Self { session, database, epochs: RefCell::default(), due: None, pending: None }
    }

    /// Notes leases that this transaction has read, and locked.
    #[cfg(feature = "postgres")]
    pub(in crate::store) fn know_leases<'l>(&mut self, rows: impl Iterator<Item = &'l LeaseRow>) {
        self.epochs.get_mut().extend(rows.map(|row| (row.number, Some(row.epoch))));
    }

    /// Notes of which queues a delayed task is due.
    #[cfg(feature = "postgres")]
    pub(in crate::store) fn know_due(&mut self, queues: BTreeSet<String>) {
        self.due = Some(queues);
    }

    /// Returns whether no delayed task of a queue is known to be due.
    fn is_none_due(&self, queue: &str) -> bool {
        self.due.as_ref().is_some_and(|due| !due.contains(queue))
    }

    /// Drops the epochs that were read: a lease has changed, or a write was rolled back.
    pub(super) fn forget_leases(&self) {
        self.epochs.borrow_mut().clear();
    }

    fn reader(&self) -> Reader<'a, S> {
        Reader { session: self.session, database: self.database }
    }

    pub(super) fn execute(&self, query: &str, values: &[Cell<'_>]) -> Result<(), StoreError> {
        self.session.execute(query, values).map(drop)
    }

    /// Returns the integer that a query finds or draws.
    fn number(&self, query: &str, values: &[Cell<'_>]) -> Result<Option<i64>, StoreError> {
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
}

/// Each method is one or two statements, in the module of its table.
impl<S: Session> Rows for Tables<'_, S> {
    fn epoch(&self, lease: i64) -> Result<Option<i64>, StoreError> {
        self.epoch_of(lease)
    }

    fn lease(&self, number: i64) -> Result<Option<LeaseRow>, StoreError> {
        Ok(self.reader().rows(None, queries::LEASE, &[Cell::Int(number)])?.pop())
    }

    fn open_lease(&mut self, owner: &str) -> Result<i64, StoreError> {
        self.drawn(queries::OPEN_LEASE, &[Cell::Text(owner.as_bytes())])
    }

    fn change_lease(&mut self, row: &LeaseRow) -> Result<(), StoreError> {
        self.put_lease(row)
    }

    fn remove_lease(&mut self, number: i64) -> Result<(), StoreError> {
        self.forget_leases();
        self.execute(queries::REMOVE_LEASE, &[Cell::Int(number)])
    }

    fn owns_runs(&self, lease: i64) -> Result<bool, StoreError> {
        Ok(self.number(queries::OWNS_RUNS, &[Cell::Int(lease)])? == Some(1))
    }

    fn adopt(&mut self, lease: i64) -> Result<usize, StoreError> {
        // Almost always there is none: preparing an update of a row with many indexes costs more than all the rest.
        let mut adopted = 0;
        if self.number(queries::HAS_UNOWNED, &[])?.is_some() {
            adopted += self.session.execute(queries::ADOPT_UNOWNED, &[Cell::Int(lease)])?;
        }
        let mut from = Some(i64::MIN);
        while let Some(least) = from
            && let Some(owner) = self.number(queries::NEXT_OWNER, &[Cell::Int(least)])?
        {
            if self.epoch_of(owner)?.is_none() {
                adopted += self.session.execute(queries::ADOPT_FROM, &[Cell::Int(lease), Cell::Int(owner)])?;
            }
            from = owner.checked_add(1);
        }
        Ok(adopted)
    }

    fn claim_served(
        &mut self,
        lease: i64,
        served: &[(String, u32)],
        limit: usize,
    ) -> Result<Vec<(i64, Option<i64>)>, StoreError> {
        self.claim_rows(lease, served, limit)
    }

    fn state(&self, run: i64) -> Result<Option<RunState>, StoreError> {
        self.state_of(run)
    }

    fn run(&self, key: RunKey<'_>) -> Result<Option<RunRow>, StoreError> {
        self.reader().run(key)
    }

    fn holder(&self, dedup: &str) -> Result<Option<RunRow>, StoreError> {
        Ok(self.reader().rows(None, queries::RUN_BY_DEDUP, &[Cell::Text(dedup.as_bytes())])?.pop())
    }

    fn twin(&self, execution: [u8; 16], after: i64, but: Option<i64>) -> Result<Option<RunRow>, StoreError> {
        self.run_by_execution(execution, after, but)
    }

    fn insert_run(&mut self, row: &RunRow) -> Result<i64, StoreError> {
        self.insert_run_row(row)
    }

    fn change_run(&mut self, run: i64, change: &RunChange<'_>) -> Result<(), StoreError> {
        self.change_run_row(run, change)
    }

    fn remove_run(&mut self, run: i64) -> Result<(), StoreError> {
        self.execute(queries::DELETE_RUN, &[Cell::Int(run)])
    }

    fn append(&mut self, run: i64, entries: &[EntryRow], fields: &[FieldRow]) -> Result<(), StoreError> {
        self.insert_entries(run, entries)?;
        self.insert_fields(run, fields)
    }

    fn value(&self, run: i64, seq: u64) -> Result<Option<Value>, StoreError> {
        let entry = self.reader().entries(run, seq.saturating_sub(1), 1)?;
        Ok(entry.into_iter().next_back().and_then(|entry| entry.value))
    }

    fn label(&mut self, run: i64, name: &str, value: Option<&str>) -> Result<(), StoreError> {
        let [run, name] = [Cell::Int(run), Cell::Text(name.as_bytes())];
        match value {
            Some(value) => self.execute(queries::SET_LABEL, &[run, name, Cell::Text(value.as_bytes())]),
            None => self.execute(queries::DELETE_LABEL, &[run, name]),
        }
    }

    fn index(&mut self, run: i64, workflow: &str, name: &str, value: Option<&str>) -> Result<(), StoreError> {
        let (run, [workflow, name]) = (Cell::Int(run), [workflow, name].map(|text| Cell::Text(text.as_bytes())));
        match value {
            Some(value) => self.execute(queries::SET_INDEXED, &[run, workflow, name, Cell::Text(value.as_bytes())]),
            None => self.execute(queries::DELETE_ONE_INDEXED, &[run, name]),
        }
    }

    fn indexed(&self, run: i64) -> Result<Vec<(String, String)>, StoreError> {
        self.reader().indexed(run)
    }

    fn item(&self, run: i64, key: &str) -> Result<Option<i64>, StoreError> {
        self.number(queries::INBOX_KEY, &[Cell::Int(run), Cell::Text(key.as_bytes())])
    }

    fn items(&self, run: i64) -> Result<Vec<ItemHead>, StoreError> {
        let mut items: Vec<ItemHead> = self.reader().rows(Some(run), queries::ITEMS, &[Cell::Int(run)])?;
        items.sort_unstable_by_key(|item| item.number);
        Ok(items)
    }

    fn insert_item(&mut self, run: i64, item: &NewInboxItem) -> Result<i64, StoreError> {
        self.insert_inbox_item(run, item)
    }

    fn insert_taken(&mut self, run: i64, item: &TakenItem) -> Result<(), StoreError> {
        let (kind, key) = (item.kind.as_str().as_bytes(), item.key.as_bytes());
        let values = [Cell::Int(run), Cell::Text(kind), Cell::Text(key), Cell::Int(item.at)];
        self.execute(queries::INSERT_TAKEN_ITEM, &values)
    }

    fn take_item(&mut self, run: i64, item: i64, at: i64) -> Result<(), StoreError> {
        let values = [Cell::Int(run), Cell::Int(item), Cell::Int(at)];
        if self.session.execute(queries::TAKE_ITEM_WITH_KEY, &values)? == 0 {
            self.execute(queries::TAKE_ITEM, &values[..2])?;
        }
        Ok(())
    }

    fn move_item(&mut self, item: i64, to: i64, place: Place) -> Result<(), StoreError> {
        let values = [Cell::Int(item), Cell::Int(to)];
        if place == Place::Kept {
            return self.execute(queries::MOVE_ITEM, &values);
        }
        self.execute(queries::COPY_ITEM, &values)?;
        self.remove_item(item)
    }

    fn remove_item(&mut self, item: i64) -> Result<(), StoreError> {
        self.execute(queries::REMOVE_ITEM, &[Cell::Int(item)])
    }

    fn request(&self, id: &str) -> Result<Option<RequestRow>, StoreError> {
        Ok(self.reader().requests(RequestKey::Id(id))?.pop())
    }

    fn open_requests(&self, run: i64) -> Result<Vec<String>, StoreError> {
        self.reader().texts(queries::OPEN_REQUESTS_OF_RUN, run)
    }

    fn insert_request(&mut self, row: &RequestRow) -> Result<(), StoreError> {
        self.insert_request_row(row)
    }

    fn change_request(&mut self, id: &str, change: &RequestChange<'_>) -> Result<(), StoreError> {
        self.change_request_row(id, change)
    }

    fn remove_request(&mut self, id: &str) -> Result<(), StoreError> {
        self.execute(queries::REMOVE_REQUEST, &[Cell::Text(id.as_bytes())])
    }

    fn insert_output(&mut self, first_run: i64, channel: &str, output: &OutputRow) -> Result<i64, StoreError> {
        self.insert_output_row(first_run, channel, output)
    }

    fn related(&self, run: i64, how: Relation) -> Result<Vec<Related>, StoreError> {
        self.related_to(run, how)
    }

    fn watches(&self, watcher: i64, position: u64, run: i64) -> Result<bool, StoreError> {
        Ok(self.number(queries::IS_WATCHED, &watch(watcher, position, run))?.is_some())
    }

    fn watch(&mut self, watcher: i64, position: u64, run: i64) -> Result<(), StoreError> {
        self.execute(queries::INSERT_WATCHER, &watch(watcher, position, run))
    }

    fn end_watch(&mut self, run: i64) -> Result<(), StoreError> {
        self.execute(queries::END_WATCH, &[Cell::Int(run)])
    }

    fn move_watchers(&mut self, from: i64, to: i64) -> Result<(), StoreError> {
        self.execute(queries::MOVE_WATCHERS, &[Cell::Int(from), Cell::Int(to)])
    }

    fn schedule(&self, name: &str) -> Result<Option<ScheduleRow>, StoreError> {
        self.reader().schedule(name)
    }

    fn put_schedule(&mut self, row: &ScheduleRow) -> Result<(), StoreError> {
        self.put_schedule_row(row)
    }

    fn remove_schedule(&mut self, name: &str) -> Result<(), StoreError> {
        self.execute(super::schedules::REMOVE_SCHEDULE, &[Cell::Text(name.as_bytes())])
    }

    fn audited(&self, key: &str) -> Result<Option<ActOutcome>, StoreError> {
        self.outcome_of(key)
    }

    fn record(&mut self, row: &AuditRow) -> Result<(), StoreError> {
        self.put_record(row)
    }

    fn job(&self, number: i64) -> Result<Option<JobRow>, StoreError> {
        self.reader().job(number)
    }

    fn insert_job(&mut self, row: &JobRow) -> Result<i64, StoreError> {
        self.insert_job_row(row)
    }

    fn change_job(&mut self, row: &JobRow) -> Result<(), StoreError> {
        self.change_job_row(row)
    }

    fn owe_trace(&mut self, run: i64, lease: i64) -> Result<(), StoreError> {
        self.execute(super::traces::OWE_TRACE, &[Cell::Int(run), Cell::Int(lease)])
    }

    fn mark_trace(&mut self, mark: TraceMark) -> Result<(), StoreError> {
        self.mark_trace_row(mark)
    }

    fn claim_traces(&mut self, lease: i64) -> Result<usize, StoreError> {
        self.session.execute(super::traces::CLAIM_TRACES, &[Cell::Int(lease)])
    }

    fn remove_part(&mut self, run: i64, part: Part, limit: usize) -> Result<usize, StoreError> {
        let query = match part {
            Part::Entries => queries::DELETE_ENTRIES,
            Part::Fields => queries::DELETE_FIELDS,
            Part::Items => queries::DELETE_ITEMS,
            Part::Requests => queries::DELETE_REQUESTS,
            Part::Watches => queries::DELETE_WATCHERS,
            Part::Labels => queries::DELETE_LABELS,
            Part::Traces => super::traces::DELETE_TRACES,
            Part::Indexed => queries::DELETE_INDEXED,
            Part::Outputs => queries::DELETE_OUTPUTS,
        };
        self.session.execute(query, &[Cell::Int(run), super::read::clamped(limit)])
    }

    fn user_code(&mut self, code: &UserCode, record: Record<'_, Self>) -> Result<AttemptOutcome, StoreError> {
        self.run_code(code, record)
    }
}

fn watch(watcher: i64, position: u64, run: i64) -> [Cell<'static>; 3] {
    [Cell::Int(run), Cell::Int(watcher), super::read::clamped(position)]
}
