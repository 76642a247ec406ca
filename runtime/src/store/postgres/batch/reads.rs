//! The statements that read the rows of a batch, and lock those that others may write.

use super::keys::{Claim, Keys};
use super::known::Known;
use crate::store::StoreError;
use crate::store::decide::{Related, TaskHead, perform};
use crate::store::postgres::cells::{Found, first_number};
use crate::store::postgres::session::{Pg, Query};
use crate::store::sql::{Cell, Reader, Row, Tables};
use crate::store::{LeaseRow, QueueState, RequestRow, RunRow, ScheduleRow};
use std::collections::BTreeSet;

macro_rules! runs {
    ($rest:literal) => {
        concat!(
            "SELECT r.number, r.id, r.workflow, r.status,
                coalesce((SELECT max(l.seq) FROM steadfast_log l WHERE l.run = r.number AND l.seq > r.seq), r.seq), r.lease,
                r.wake_at, r.loads, r.incarnation, r.seed, r.created_at, r.updated_at, r.parked, r.version, r.parent,
                r.lineage, r.origin, r.successor, r.dedup, r.queue
            FROM steadfast_runs r ",
            $rest
        )
    };
}

const LEASES: &str = "SELECT number, owner, epoch, beat, about, seen FROM steadfast_leases WHERE number = ANY(?1) ORDER BY number FOR SHARE";
const LEASES_TO_CHANGE: &str = "SELECT number, owner, epoch, beat, about, seen FROM steadfast_leases WHERE number = ANY(?1) ORDER BY number FOR NO KEY UPDATE";

/// Runs are locked in the order of their numbers, so that two batches do not wait for each other.
const LOCKED: &str = runs!("WHERE r.number = ANY(?1) ORDER BY r.number FOR NO KEY UPDATE");
const LOCKED_ANYHOW: &str = runs!(
    "WHERE r.number IN (
        SELECT unnest(?1::bigint[])
        UNION SELECT number FROM steadfast_runs WHERE id = ANY(?2)
        UNION SELECT run FROM steadfast_requests WHERE id = ANY(?3)
        UNION SELECT watcher FROM steadfast_watchers WHERE run = ANY(?4))
    ORDER BY r.number FOR NO KEY UPDATE"
);
const RUNS: &str = runs!("WHERE r.number = ANY(?1)");
const RUNS_BY_ID: &str = runs!("WHERE r.id = ANY(?1)");
const RUNS_BY_DEDUP: &str = runs!("WHERE r.dedup = ANY(?1)");

const ITEMS: &str = "SELECT i.run, i.key, i.number FROM steadfast_inbox i
    JOIN unnest(?1::bigint[], ?2::text[]) AS u (run, key) ON i.run = u.run AND i.key = u.key";
const ITEMS_BY_ID: &str = "SELECT i.run, i.key, i.number FROM unnest(?1::text[], ?2::text[]) AS u (id, key)
    JOIN steadfast_runs r ON r.id = u.id JOIN steadfast_inbox i ON i.run = r.number AND i.key = u.key";
const REQUESTS: &str = "SELECT id, run, position, name, answer, at, due, answered, form, body
    FROM steadfast_requests WHERE id = ANY(?1) ORDER BY id FOR UPDATE";
/// In the order of their names, so that two batches do not wait for each other.
const SCHEDULES: &str = "SELECT name, workflow, version, spec, revision, due, state, form, body
    FROM steadfast_schedules WHERE name = ANY(?1) ORDER BY name FOR UPDATE";
/// The queues of these names and those of these calls, in the order of their names.
macro_rules! queues_of {
    ($rest:literal) => {
        concat!(
            "SELECT queue, declared, limits, has_keys, paused, running, starts, counted_at, turns FROM steadfast_queues
            WHERE queue = ANY(?1::text[] || ARRAY(SELECT t.queue FROM steadfast_tasks t
                JOIN unnest(?2::bigint[], ?3::bigint[]) AS u (run, position) ON t.run = u.run AND t.position = u.position)) ",
            $rest
        )
    };
}

const QUEUES_TO_CHANGE: &str = queues_of!("ORDER BY queue FOR NO KEY UPDATE");
const QUEUES_WITH_KEYS: &str = queues_of!("AND has_keys <> 0 ORDER BY queue FOR NO KEY UPDATE");
const QUEUES: &str = queues_of!("");
/// Those of these queues of which a delayed task is due.
const DUE: &str = "SELECT u.queue FROM unnest(?1::text[]) AS u (queue) WHERE EXISTS (
    SELECT 1 FROM steadfast_tasks t WHERE t.queue = u.queue AND t.state = 'delayed'
        AND t.due <= CAST(unixepoch('subsec') * 1000 AS BIGINT))";
/// The last column says whether the queue is declared.
const DECLARED: usize = 9;
const TASKS: &str = "SELECT t.number, t.queue, t.key, t.run, t.position, t.attempt, t.at, t.state, t.lease,
        CAST(EXISTS (SELECT 1 FROM steadfast_queues q WHERE q.queue = t.queue) AS int)::bigint
    FROM steadfast_tasks t
    JOIN unnest(?1::bigint[], ?2::bigint[]) AS u (run, position) ON t.run = u.run AND t.position = u.position
    ORDER BY t.number FOR UPDATE OF t";
const WATCHERS: &str = "SELECT run, watcher, position FROM steadfast_watchers WHERE run = ANY(?1)";
const CHILDREN: &str = "SELECT parent, number FROM steadfast_runs WHERE parent = ANY(?1) ORDER BY number";
const OPEN_REQUESTS: &str = "SELECT run, id FROM steadfast_requests WHERE run = ANY(?1) AND answered IS NULL";
/// The last item of a channel belongs to the first run, whichever run of its line asks.
const CHANNELS: &str = "SELECT coalesce(r.lineage, r.number), u.channel,
        (SELECT max(o.item) FROM steadfast_outputs o
            WHERE o.lineage = coalesce(r.lineage, r.number) AND o.channel = u.channel)
    FROM unnest(?1::bigint[], ?2::text[]) AS u (run, channel) JOIN steadfast_runs r ON r.number = u.run";
const NUMBERS: &str = "SELECT nextval('steadfast_runs_number_seq') FROM generate_series(1, ?1)";

/// Only if the lease is held: what is claimed under a lost one is rejected, and must stay unowned.
const CLAIM: &str = "UPDATE steadfast_runs r SET lease = ?1 WHERE r.number IN (
        SELECT u.number FROM steadfast_runs u
            WHERE u.lease IS NULL AND u.status IN ('running', 'sleeping', 'paused')
                AND (u.workflow, coalesce(u.version, 1)) IN (SELECT * FROM unnest(?3::text[], ?4::bigint[]))
                AND EXISTS (SELECT 1 FROM steadfast_leases l WHERE l.number = ?1 AND l.epoch = ?2)
            ORDER BY u.number LIMIT ?5 FOR NO KEY UPDATE SKIP LOCKED)
    RETURNING r.number, r.wake_at";

const WAITING: &str = "SELECT number FROM steadfast_runs WHERE number = ANY(?1) AND status IN ('running', 'sleeping', 'queued', 'paused')";

/// Returns those of the runs that are running, sleeping, queued or paused.
pub(in crate::store::postgres) fn still_waiting(session: &Pg<'_>, runs: &[i64]) -> Result<Vec<i64>, StoreError> {
    let query = Query::new(WAITING, []).array('i', runs.iter().map(|run| Cell::Int(*run)));
    let rows = session.together(&[query], false)?.pop().unwrap_or_default();
    Ok(rows.iter().filter_map(first_number).collect())
}

/// What a statement reads.
#[derive(Clone, Copy, Debug)]
enum Of {
    Leases,
    LockedRuns,
    Runs,
    Items,
    Requests,
    Schedules,
    LockedQueues,
    Queues,
    Due,
    Tasks,
    Watchers,
    Children,
    OpenRequests,
    Channels,
    Claimed,
    Numbers,
}

/// Reads rows into what is known. Those that are locked come first, so that the others are read as they stay until the
/// commit.
pub(super) fn read(session: &Pg<'_>, keys: &Keys, begins: bool, known: &mut Known) -> Result<(), StoreError> {
    let claims = !keys.task_claims.is_empty();
    if claims {
        claim_tasks(session, keys, begins, known)?;
    }
    let begins = begins && !claims;
    let mut asked = Asked::of(keys);
    if claims {
        // They were read before the claims.
        asked.queries.retain(|(of, _)| !matches!(of, Of::Leases | Of::LockedQueues));
    }
    let (kinds, queries): (Vec<_>, Vec<_>) = asked.queries.into_iter().unzip();
    let found = if claims && queries.is_empty() { Vec::new() } else { session.together(&queries, begins)? };
    let reader = Reader { session, database: session.database };
    for (of, rows) in kinds.into_iter().zip(found) {
        note(&reader, of, &rows, known)?;
    }
    known.note_absent(keys);
    for (run, seq) in &keys.values {
        let entry = reader.entries(*run, seq.saturating_sub(1), 1)?.pop();
        known.values.insert((*run, *seq), entry.and_then(|entry| entry.value));
    }
    Ok(())
}

/// Claims tasks, one claim after the other, before anything else is read: they change tasks, queues and runs.
fn claim_tasks(session: &Pg<'_>, keys: &Keys, begins: bool, known: &mut Known) -> Result<(), StoreError> {
    let mut asked = Asked::default();
    asked.numbers(Of::Leases, LEASES, &keys.leases);
    asked.numbers(Of::Leases, LEASES_TO_CHANGE, &keys.leases_to_change);
    asked.locked_queues(keys);
    asked.texts(Of::Due, DUE, &keys.queues_to_change);
    let (kinds, queries): (Vec<_>, Vec<_>) = asked.queries.into_iter().unzip();
    let found = session.together(&queries, begins)?;
    let reader = Reader { session, database: session.database };
    let mut due = BTreeSet::new();
    for (of, rows) in kinds.into_iter().zip(found) {
        match of {
            Of::Leases | Of::LockedQueues => note(&reader, of, &rows, known)?,
            Of::Due => due.extend(rows.iter().filter_map(first_text)),
            _ => {}
        }
    }
    let mut tables = Tables::until_flushed(session, session.database);
    tables.know_leases(known.leases.values().flatten());
    let state_of = |queue: &String| (queue.clone(), known.queues.get(queue).cloned().flatten());
    tables.know_queues(keys.queues_to_change.iter().map(state_of));
    tables.know_due(due);
    for claim in &keys.task_claims {
        known.claimed_tasks.push_back(perform(&mut tables, claim)?);
    }
    known.claims = tables.into_pending();
    Ok(())
}

/// The statements of one round trip, in their order.
#[derive(Default)]
struct Asked<'a> {
    queries: Vec<(Of, Query<'a>)>,
}

impl<'a> Asked<'a> {
    fn of(keys: &'a Keys) -> Self {
        let mut asked = Self::default();
        asked.numbers(Of::Leases, LEASES, &keys.leases);
        asked.numbers(Of::Leases, LEASES_TO_CHANGE, &keys.leases_to_change);
        asked.locked_queues(keys);
        asked.locked(keys);
        asked.tasks(keys);
        asked.texts(Of::Schedules, SCHEDULES, &keys.schedules);
        asked.numbers(Of::Runs, RUNS, &keys.runs);
        asked.texts(Of::Runs, RUNS_BY_ID, &keys.ids);
        asked.texts(Of::Runs, RUNS_BY_DEDUP, &keys.dedup);
        asked.pairs(Of::Items, ITEMS, keys.items.iter().map(|(run, key)| (Cell::Int(*run), key)));
        asked.pairs(Of::Items, ITEMS_BY_ID, keys.items_by_id.iter().map(|(id, key)| (text(id), key)));
        asked.texts(Of::Requests, REQUESTS, &keys.requests);
        asked.numbers(Of::Watchers, WATCHERS, &keys.watchers);
        asked.numbers(Of::Children, CHILDREN, &keys.children);
        asked.numbers(Of::OpenRequests, OPEN_REQUESTS, &keys.open_requests);
        asked.pairs(Of::Channels, CHANNELS, keys.channels.iter().map(|(run, channel)| (Cell::Int(*run), channel)));
        for Claim { lease, served, limit } in &keys.claims {
            let query = Query::new(CLAIM, [Cell::Int(lease.number), Cell::Int(lease.epoch)])
                .array('t', served.iter().map(|(name, _)| text(name)))
                .array('i', served.iter().map(|(_, version)| Cell::Int((*version).into())))
                .value(Cell::Int(i64::try_from(*limit).unwrap_or(i64::MAX)));
            asked.queries.push((Of::Claimed, query));
        }
        if let Ok(count @ 1..) = i64::try_from(keys.new_runs) {
            asked.queries.push((Of::Numbers, Query::new(NUMBERS, [Cell::Int(count)])));
        }
        asked
    }

    fn locked(&mut self, keys: &'a Keys) {
        let Keys { locked, locked_ids, locked_by_requests, locked_watchers, .. } = keys;
        if locked_ids.is_empty() && locked_by_requests.is_empty() && locked_watchers.is_empty() {
            return self.numbers(Of::LockedRuns, LOCKED, locked);
        }
        let query = Query::new(LOCKED_ANYHOW, [])
            .array('i', locked.iter().map(|run| Cell::Int(*run)))
            .array('t', locked_ids.iter().map(text))
            .array('t', locked_by_requests.iter().map(text))
            .array('i', locked_watchers.iter().map(|run| Cell::Int(*run)));
        self.queries.push((Of::LockedRuns, query));
    }

    /// Locks the states that the batch may change, before anything that two batches might lock in different orders: those
    /// of tasks that may run, and of all tasks of queues with keys, whose counts change.
    fn locked_queues(&mut self, keys: &'a Keys) {
        let Keys { tasks, running, queues, queues_to_change, .. } = keys;
        let query = if running.is_empty() && queues_to_change.is_empty() { QUEUES_WITH_KEYS } else { QUEUES_TO_CHANGE };
        self.queues(Of::LockedQueues, query, queues.union(queues_to_change), tasks.union(running));
    }

    fn tasks(&mut self, keys: &'a Keys) {
        let Keys { tasks, running, queues, queues_to_change, .. } = keys;
        if running.is_empty() && queues_to_change.is_empty() {
            self.queues(Of::Queues, QUEUES, queues.iter(), tasks.iter());
        }
        if !tasks.is_empty() || !running.is_empty() {
            self.queries.push((Of::Tasks, calls(Query::new(TASKS, []), tasks.union(running))));
        }
    }

    fn queues(
        &mut self,
        of: Of,
        query: &'static str,
        names: impl Iterator<Item = &'a String> + Clone,
        of_calls: impl Iterator<Item = &'a (i64, u64)> + Clone,
    ) {
        if names.clone().next().is_some() || of_calls.clone().next().is_some() {
            let query = Query::new(query, []).array('t', names.map(text));
            self.queries.push((of, calls(query, of_calls)));
        }
    }

    fn numbers(&mut self, of: Of, query: &'static str, set: &BTreeSet<i64>) {
        if !set.is_empty() {
            self.queries.push((of, Query::new(query, []).array('i', set.iter().map(|number| Cell::Int(*number)))));
        }
    }

    fn texts(&mut self, of: Of, query: &'static str, set: &'a BTreeSet<String>) {
        if !set.is_empty() {
            self.queries.push((of, Query::new(query, []).array('t', set.iter().map(text))));
        }
    }

    /// Adds a query for pairs of a number, or a text, and a text.
    fn pairs(&mut self, of: Of, query: &'static str, pairs: impl Iterator<Item = (Cell<'a>, &'a String)>) {
        let (first, second): (Vec<_>, Vec<_>) = pairs.map(|(first, second)| (first, text(second))).unzip();
        let Some(one) = first.first() else { return };
        let kind = if matches!(one, Cell::Int(_)) { 'i' } else { 't' };
        self.queries.push((of, Query::new(query, []).array(kind, first).array('t', second)));
    }
}

/// Adds calls to a query, as arrays of runs and of command indexes.
fn calls<'a>(query: Query<'a>, calls: impl Iterator<Item = &'a (i64, u64)> + Clone) -> Query<'a> {
    let position = |(_, position): &(i64, u64)| Cell::Int(i64::try_from(*position).unwrap_or(i64::MAX));
    query.array('i', calls.clone().map(|(run, _)| Cell::Int(*run))).array('i', calls.map(position))
}

fn text(text: &String) -> Cell<'_> {
    Cell::Text(text.as_bytes())
}

fn note(reader: &Reader<'_, Pg<'_>>, of: Of, rows: &[Found], known: &mut Known) -> Result<(), StoreError> {
    match of {
        Of::Leases => {
            for row in reader.parsed::<LeaseRow>(None, rows)? {
                known.leases.insert(row.number, Some(row));
            }
        }
        Of::LockedRuns => reader.parsed::<RunRow>(None, rows)?.into_iter().for_each(|row| known.run(row, true)),
        Of::Runs => {
            for row in reader.parsed::<RunRow>(None, rows)? {
                // One that is locked was read by the statement before.
                if !known.locked.contains(&row.number) {
                    known.run(row, false);
                }
            }
        }
        Of::Requests => {
            for row in reader.parsed::<RequestRow>(None, rows)? {
                known.requests.insert(row.id.clone(), Some(row));
            }
        }
        Of::Schedules => {
            for row in reader.parsed::<ScheduleRow>(None, rows)? {
                known.schedules.insert(row.name.clone(), Some(row));
            }
        }
        Of::LockedQueues => {
            for state in reader.parsed::<QueueState>(None, rows)? {
                known.locked_queues.insert(state.queue.clone());
                known.queues.insert(state.queue.clone(), Some(state));
            }
        }
        Of::Queues => {
            for state in reader.parsed::<QueueState>(None, rows)? {
                // One that is locked was read by the statement before.
                if !known.locked_queues.contains(&state.queue) {
                    known.queues.insert(state.queue.clone(), Some(state));
                }
            }
        }
        Of::Tasks => {
            for (task, row) in reader.parsed::<TaskHead>(None, rows)?.into_iter().zip(rows) {
                if row.cell(DECLARED) == Cell::Int(0) {
                    known.queues.insert(task.queue.clone(), None);
                }
                known.tasks.entry((task.run, task.position)).or_default().push(task);
            }
        }
        Of::Claimed => {
            let due = |row: &Found| if let Cell::Int(due) = row.cell(1) { Some(due) } else { None };
            let mut runs: Vec<_> = rows.iter().filter_map(|row| Some((first_number(row)?, due(row)))).collect();
            runs.sort_unstable();
            known.claimed.push_back(runs);
        }
        Of::Due => {}
        Of::Items | Of::Watchers | Of::Children | Of::OpenRequests | Of::Channels | Of::Numbers => {
            for row in rows {
                note_numbers(of, row, known);
            }
        }
    }
    Ok(())
}

fn first_text(row: &Found) -> Option<String> {
    if let Cell::Text(text) = row.cell(0) { Some(String::from_utf8_lossy(text).into_owned()) } else { None }
}

/// Notes a row of a number, a number or text, and a number.
fn note_numbers(of: Of, row: &Found, known: &mut Known) {
    let int = |column| if let Cell::Int(number) = row.cell(column) { Some(number) } else { None };
    let text = |column| match row.cell(column) {
        Cell::Text(text) => String::from_utf8_lossy(text).into_owned(),
        _ => String::new(),
    };
    let Some(first) = int(0) else { return };
    match of {
        Of::Items => {
            known.items.insert((first, text(1)), int(2));
        }
        Of::Watchers => {
            let position = int(2).and_then(|position| u64::try_from(position).ok()).unwrap_or_default();
            let watchers = known.watchers.entry(first).or_default();
            watchers.extend(int(1).map(|run| Related { run, position }));
        }
        Of::Children => known.children.entry(first).or_default().extend(int(1)),
        Of::OpenRequests => {
            known.open_requests.entry(first).or_default().insert(text(1));
        }
        Of::Channels => {
            known.channels.insert((first, text(1)), int(2).unwrap_or_default());
        }
        Of::Numbers => known.numbers.push_back(first),
        _ => {}
    }
}
