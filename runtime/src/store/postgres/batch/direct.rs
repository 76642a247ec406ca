//! Batches that one call of a function writes, in one round trip and as a transaction by itself: appends that write
//! nothing but their entries and the row of their run, as most do, and starts.
//!
//! Such a batch is decided before anything is read, on assumed rows: the lease is held, each run belongs to it and has
//! the last entry that the append names, no run waits for one that ends, ids are free. The function verifies these
//! assumptions. If one is wrong, it writes nothing, and the batch is decided on the rows of the database.

use super::changes::Bulk;
use super::functions::{CALL_APPEND, CALL_BATCH};
use super::known::Known;
use super::sheet::Sheet;
use super::{Answers, Committed, News};
use crate::store::postgres::cells::first_number;
use crate::store::postgres::session::{Pg, Query};
use crate::store::sql::Cell;
use crate::store::{Append, Change, Lease, LeaseRow, NewRun, RunRow, Status, StoreError, Write};
use std::collections::BTreeSet;

/// Commits the writes. Returns `None`, and has written nothing, if no function can do that.
///
/// # Errors
/// Nothing was committed, or the outcome is unknown: the stage of the session says which.
pub(in crate::store::postgres) fn commit(session: &Pg<'_>, writes: &[Write]) -> Result<Option<Committed>, StoreError> {
    let Some(batch) = Direct::of(writes) else { return Ok(None) };
    let rows = session.alone(&batch.query())?;
    let mut numbers = rows.iter().filter_map(first_number);
    if numbers.next() != Some(1) {
        return Ok(None);
    }
    let Direct { mut answers, news, .. } = batch;
    super::number_all(&mut answers, &numbers.collect::<Vec<_>>());
    Ok(Some(Committed { answers, news }))
}

/// A batch that was decided on assumed rows.
struct Direct<'a> {
    lease: Option<Lease>,
    appends: Vec<&'a Append>,
    /// The runs whose rows change, and those that end.
    changed: BTreeSet<i64>,
    ended: BTreeSet<i64>,
    /// The rows of the log, of fields, and of new runs.
    rows: [Bulk; 3],
    answers: Answers,
    news: News,
}

impl<'a> Direct<'a> {
    /// Decides the writes on assumed rows; `None` if some are of another kind, or would be rejected.
    fn of(writes: &'a [Write]) -> Option<Self> {
        let mut assumed = Assumed::default();
        if !writes.iter().all(|write| assumed.add(write)) {
            return None;
        }
        let Assumed { lease, appends, ended, known } = assumed;
        let mut sheet = Sheet::new(known);
        let answers = super::decide(&mut sheet, writes).ok()?;
        if sheet.needs_all.get() || !sheet.missing.take().is_empty() || answers.iter().any(Result::is_err) {
            return None;
        }
        let news = super::news(&sheet);
        let Sheet { known, changes, .. } = sheet;
        let changed = changes.changed_runs().copied().collect();
        let rows = changes.into_rows_alone(&known)?;
        Some(Self { lease, appends, changed, ended, rows, answers, news })
    }

    fn query(&self) -> Query<'_> {
        let [log, fields, new_runs] = &self.rows;
        let numbers = |set: &BTreeSet<i64>| set.iter().copied().map(Cell::Int).collect::<Vec<_>>();
        let lease = [self.lease.map(|lease| lease.number), self.lease.map(|lease| lease.epoch)].map(int);
        if let ([append], [_]) = (&*self.appends, &*log.columns[0])
            && self.changed.is_empty()
            && fields.is_empty()
        {
            let of_append = [Cell::Int(append.run), number(append.after)];
            let row = log.columns[1..].iter().flatten().map(super::own::Own::cell);
            return Query::new(CALL_APPEND, lease.into_iter().chain(of_append).chain(row));
        }
        let query = Query::new(CALL_BATCH, lease);
        let query = self.with_appends(query).array('i', numbers(&self.changed)).array('i', numbers(&self.ended));
        [log, fields, new_runs].into_iter().fold(query, super::with_columns)
    }

    /// Adds what each append expects of its run, and how it changes the row: one array a column.
    fn with_appends(&self, query: Query<'a>) -> Query<'a> {
        let column = |of: fn(&'a Append) -> Cell<'a>| self.appends.iter().map(move |append| of(append));
        let changes = self.appends.iter().map(|append| flag(self.changed.contains(&append.run)));
        query
            .array('i', column(|append| Cell::Int(append.run)))
            .array('i', column(|append| number(append.after)))
            .array('i', column(|append| append.entries.last().map_or(Cell::Null, |entry| number(entry.seq))))
            .array('i', column(|append| Cell::Int(append.at)))
            .array('i', changes)
            .array('t', column(|append| text(append.change.status.map(Status::as_str))))
            .array('i', column(|append| flag(append.change.wake_at.is_some())))
            .array('i', column(|append| int(append.change.wake_at.flatten())))
            .array('i', column(|append| int(append.change.loads.map(i64::from))))
            .array('i', column(|append| releases(&append.change)))
            .array('i', column(|append| flag(append.change.parked.is_some())))
            .array('t', column(|append| text(append.change.parked.as_ref().and_then(Option::as_deref))))
    }
}

fn int<'a>(number: Option<i64>) -> Cell<'a> {
    number.map_or(Cell::Null, Cell::Int)
}

fn number<'a>(number: u64) -> Cell<'a> {
    int(i64::try_from(number).ok())
}

fn flag<'a>(is_set: bool) -> Cell<'a> {
    Cell::Int(is_set.into())
}

/// Returns whether the run has no owner afterwards: 2 if its spans are owed, too.
fn releases<'a>(change: &Change) -> Cell<'a> {
    let is_owed = change.traced && change.status.is_some_and(Status::is_final);
    Cell::Int(if change.release { 1 + i64::from(is_owed) } else { 0 })
}

fn text(text: Option<&str>) -> Cell<'_> {
    text.map_or(Cell::Null, |text| Cell::Text(text.as_bytes()))
}

/// The rows that the writes of a batch are assumed to find.
#[derive(Default)]
struct Assumed<'a> {
    lease: Option<Lease>,
    appends: Vec<&'a Append>,
    ended: BTreeSet<i64>,
    known: Known,
}

impl<'a> Assumed<'a> {
    /// Assumes the rows of a write; `false` if no function writes its kind.
    fn add(&mut self, write: &'a Write) -> bool {
        match write {
            Write::Start(run) => self.start(run),
            Write::Append(append) => self.append(append),
            _ => false,
        }
    }

    fn start(&mut self, run: &NewRun) -> bool {
        self.known.ids.insert(run.id.clone(), None);
        self.known.dedup.extend(run.dedup.clone().map(|key| (key, None)));
        // It stands for the number that will be drawn.
        self.known.numbers.push_back(-1 - i64::try_from(self.known.numbers.len()).unwrap_or(i64::MAX));
        run.lease.is_none_or(|lease| self.is_held(lease))
    }

    fn append(&mut self, append: &'a Append) -> bool {
        let Append { run, entries, taken, outgoing, transaction, change, .. } = append;
        let is_alone = taken.is_empty() && outgoing.is_empty() && transaction.is_none();
        if entries.is_empty() || !is_alone || self.known.runs.contains_key(run) || !self.is_held(append.lease) {
            return false;
        }
        if change.status.is_some_and(Status::is_final) {
            self.ended.insert(*run);
            self.known.locked.insert(*run);
            self.known.watchers.insert(*run, BTreeSet::new());
            self.known.open_requests.insert(*run, BTreeSet::new());
        }
        self.known.runs.insert(*run, Some(before(append)));
        self.appends.push(append);
        true
    }

    /// Assumes that a lease is held; `false` if the batch needs another one too.
    fn is_held(&mut self, lease: Lease) -> bool {
        let Lease { number, epoch } = lease;
        let row = LeaseRow { number, owner: String::new(), epoch, heartbeat: 0, about: None, seen: None };
        self.known.leases.insert(number, Some(row));
        *self.lease.get_or_insert(lease) == lease
    }
}

/// Returns the row of a run that the append changes in each column for which it has a value. The function verifies that
/// the row differs in one of them: then it is written as `decide` writes it.
fn before(append: &Append) -> RunRow {
    let Append { run, lease, after, change, at, .. } = append;
    let other = if change.status == Some(Status::Running) { Status::Sleeping } else { Status::Running };
    RunRow {
        number: *run,
        id: String::new(),
        workflow: String::new(),
        status: other,
        seq: *after,
        lease: Some(lease.number),
        wake_at: if change.wake_at == Some(None) { Some(0) } else { None },
        loads: change.loads.map_or(0, |loads| loads.wrapping_add(1)),
        execution: [0; 16],
        seed: [0; 16],
        created_at: *at,
        updated_at: *at,
        parked: None,
        version: 1,
        parent: None,
        first_run: *run,
        forked_from: None,
        successor: None,
        dedup: None,
        queue: None,
    }
}
