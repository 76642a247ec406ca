//! Commits a batch in two round trips: all rows that it reads, decided in memory, all rows that it writes.

mod beats;
mod changes;
mod direct;
mod functions;
mod keys;
mod known;
mod own;
mod reads;
mod sheet;

use super::cells::Found;
use super::listener::{ALL, News};
use super::session::{Pg, Query};
use crate::store::decide::perform;
use crate::store::{Rejected, Status, StoreError, StoreErrorKind, Write, Written};
pub(super) use beats::FUNCTION as BEAT;
use changes::Bulk;
pub(super) use direct::commit as commit_direct;
pub(super) use functions::{APPEND, BATCH};
use keys::Keys;
use known::Known;
#[cfg(feature = "sqlite")]
pub(super) use own::Own;
pub(super) use reads::still_waiting;
use sheet::Sheet;
use std::collections::BTreeSet;

/// The answers of a batch, and its news for other processes.
pub(super) struct Committed {
    pub(super) answers: Vec<Result<Written, Rejected>>,
    pub(super) news: News,
}

type Answers = Vec<Result<Written, Rejected>>;

/// How often a batch may find that it has more to read, each time a round trip.
const READS: usize = 12;

/// Commits the writes; `None` if they need a transaction that excludes all other writers, and nothing was written.
///
/// # Errors
/// Nothing was committed, or the outcome is unknown: the stage of the session says which.
pub(super) fn commit(session: &Pg<'_>, writes: &[Write]) -> Result<Option<Committed>, StoreError> {
    if beats::commit(session, writes)? {
        let answers = writes.iter().map(|_| Ok(Written::Done)).collect();
        return Ok(Some(Committed { answers, news: News::default() }));
    }
    if let Some(done) = commit_direct(session, writes)? {
        return Ok(Some(done));
    }
    let Some(decided) = decided(session, writes, true)? else { return Ok(None) };
    write(decided, |queries| session.commit_together(queries)).map(Some)
}

/// Performs the writes in a transaction that goes on; it begins with them if it has not begun. `None` if they need one that
/// excludes all other writers.
///
/// # Errors
/// The transaction has failed.
pub(super) fn apply(session: &Pg<'_>, writes: &[Write], begins: bool) -> Result<Option<Committed>, StoreError> {
    let Some(decided) = decided(session, writes, begins)? else { return Ok(None) };
    write(decided, |queries| session.together(queries, false)).map(Some)
}

/// Reads what the writes need until they are decided.
fn decided(session: &Pg<'_>, writes: &[Write], begins: bool) -> Result<Option<(Sheet, Answers)>, StoreError> {
    let Some(mut keys) = Keys::of(writes) else { return Ok(None) };
    let mut known = Known::default();
    for round in 0..READS {
        if let Err(error) = reads::read(session, &keys, begins && round == 0, &mut known) {
            // A row that cannot be read concerns one write, which the other way finds.
            if matches!(error.kind, StoreErrorKind::Damaged | StoreErrorKind::Newer) {
                break;
            }
            return Err(error);
        }
        let mut sheet = Sheet::new(known.clone());
        let answers = decide(&mut sheet, writes);
        if sheet.needs_all.get() {
            break;
        }
        keys = sheet.missing.take();
        if keys.is_empty() {
            let Ok(answers) = answers else { break };
            return Ok(Some((sheet, answers)));
        }
    }
    if begins {
        session.undo()?;
    }
    Ok(None)
}

fn decide(sheet: &mut Sheet, writes: &[Write]) -> Result<Answers, StoreError> {
    let mut fault = None;
    let perform = |write: &Write| match write {
        // It was made when it was read.
        Write::ClaimTasks { .. } => sheet.known.claimed_tasks.pop_front().map_or_else(|| sheet.needs_all(), Ok),
        _ => perform(sheet, write),
    };
    let answers = writes.iter().map(perform).filter_map(|done| match done {
        Ok(answer) => Some(answer),
        Err(error) => {
            fault.get_or_insert(error);
            None
        }
    });
    let answers: Answers = answers.collect();
    fault.map_or(Ok(answers), Err)
}

fn write(
    (sheet, mut answers): (Sheet, Answers),
    execute: impl FnOnce(&[Query<'_>]) -> Result<Vec<Vec<Found>>, StoreError>,
) -> Result<Committed, StoreError> {
    let news = news(&sheet);
    let Sheet { known, changes, .. } = sheet;
    let statements = changes.into_statements(&known);
    let queries: Vec<_> = statements.iter().map(query).collect();
    let drawn = execute(&queries)?;
    // Only the insertion of items returns rows.
    let numbers: Vec<i64> = drawn.iter().flatten().filter_map(super::cells::first_number).collect();
    number_all(&mut answers, &numbers);
    Ok(Committed { answers, news })
}

/// Returns the news for other processes: the leases whose runs have new items, and the runs that have ended or have new
/// outputs.
fn news(sheet: &Sheet) -> News {
    let Sheet { known, changes, .. } = sheet;
    // Another process may be claiming a run without an owner at this moment.
    let lease = |run: &i64| known.runs.get(run).and_then(|row| Some(row.as_ref()?.lease.unwrap_or(ALL)));
    let mut woken: BTreeSet<i64> = changes.told.iter().filter_map(lease).collect();
    woken.extend(&changes.owners);
    let rows = changes.changed_runs().filter_map(|run| known.runs.get(run)?.as_ref());
    let seen = rows.filter(|row| !row.status.goes_on());
    let runs = seen.flat_map(|row| [row.number, row.first_run]).chain(changes.shown.iter().copied()).collect();
    if changes.tasks.is_news() {
        woken.insert(ALL);
    }
    let is_for_all = |run: &i64| {
        let row = known.runs.get(run).and_then(Option::as_ref);
        row.is_some_and(|row| row.lease.is_none() && row.status.accepts() && row.status != Status::Parked)
    };
    if changes.new_runs.iter().chain(changes.changed_runs()).any(is_for_all) {
        woken.insert(ALL);
    }
    News { leases: woken, runs }
}

fn query(bulk: &Bulk) -> Query<'_> {
    if bulk.types.is_empty() {
        return Query::new(bulk.query, bulk.columns.iter().flatten().map(own::Own::cell));
    }
    with_columns(Query::new(bulk.query, []), bulk)
}

/// Adds the columns of rows to a query, an array each.
fn with_columns<'a>(query: Query<'a>, bulk: &'a Bulk) -> Query<'a> {
    let columns = bulk.columns.iter().zip(bulk.types.chars());
    columns.fold(query, |query, (column, of)| query.array(of, column.iter().map(own::Own::cell)))
}

/// Replaces the numbers that stand for those of new rows.
fn number_all(answers: &mut Answers, numbers: &[i64]) {
    for answer in answers {
        number(answer, numbers);
    }
}

fn number(answer: &mut Result<Written, Rejected>, numbers: &[i64]) {
    let drawn = |number: &mut i64| {
        let place = usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX);
        if *number < 0
            && let Some(drawn) = numbers.get(place - 1)
        {
            *number = *drawn;
        }
    };
    match answer {
        Ok(Written::Number(number)) => drawn(number),
        Ok(Written::Appended { outcomes, .. }) => outcomes.iter_mut().flatten().for_each(drawn),
        _ => {}
    }
}
