//! What a batch changes, and the statements that write it: one for each table, whatever the number of its rows.

mod indexed;
mod tasks;
mod traces;

use super::known::Known;
use super::own::Own;
use crate::store::sql::{drawn_text, pack, packed_rows};
use crate::store::{EntryRow, FieldRow, NewInboxItem, OutputRow, RunRow, ScheduleRow};
use bytes::Bytes;
use indexed::IndexedChanges;
use std::collections::{BTreeMap, BTreeSet};
use tasks::TaskChanges;
use traces::TraceChanges;

/// The changes of a batch, in the order in which they are written.
#[derive(Debug)]
pub(super) struct Changes {
    pub(super) leases: BTreeSet<i64>,
    pub(super) new_runs: Vec<i64>,
    /// The runs whose rows change, with the last entry that the row is to name.
    runs: BTreeMap<i64, Option<u64>>,
    /// The first runs that have new outputs.
    pub(super) shown: BTreeSet<i64>,
    /// The leases that get runs.
    pub(super) owners: BTreeSet<i64>,
    log: Bulk,
    fields: Bulk,
    inbox: Bulk,
    outputs: Bulk,
    /// The runs whose inboxes get something.
    pub(super) told: BTreeSet<i64>,
    /// The items that were taken, as run, number and time.
    pub(super) taken: Vec<(i64, i64, i64)>,
    /// The schedules that change.
    pub(super) schedules: BTreeSet<String>,
    pub(super) tasks: TaskChanges,
    pub(super) traces: TraceChanges,
    indexed: IndexedChanges,
    /// The rarer changes, a statement each, with the queries of the core.
    pub(super) statements: Vec<(&'static str, Vec<Own>)>,
}

/// The rows of one statement, by column.
#[derive(Debug)]
pub(super) struct Bulk {
    pub(super) query: &'static str,
    /// The type of each column: `i`nteger, `t`ext, `b`ytes.
    pub(super) types: &'static str,
    pub(super) columns: Vec<Vec<Own>>,
}

impl Bulk {
    fn new(query: &'static str, types: &'static str) -> Self {
        Self { query, types, columns: types.chars().map(|_| Vec::new()).collect() }
    }

    fn add<const N: usize>(&mut self, row: [Own; N]) {
        debug_assert_eq!(N, self.columns.len());
        self.add_all(row);
    }

    fn add_all(&mut self, row: impl IntoIterator<Item = Own>) {
        self.columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn len(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }
}

const LOG: &str = "INSERT INTO steadfast_log (run, seq, count, at, format, entries, bodies)
    SELECT * FROM unnest(?1::bigint[], ?2::bigint[], ?3::bigint[], ?4::bigint[], ?5::bigint[], ?6::text[], ?7::bytea[])";

const FIELDS: &str = "INSERT INTO steadfast_fields (run, seq, name, format, form, body)
    SELECT * FROM unnest(?1::bigint[], ?2::bigint[], ?3::text[], ?4::bigint[], ?5::text[], ?6::bytea[])";

/// The numbers are drawn in the order of the rows, with the inboxes locked: so they become visible in that order.
const INBOX: &str = "INSERT INTO steadfast_inbox (run, kind, key, at, name, position, sender, form, body)
    SELECT run, kind, key, at, name, position, sender, form, body
        FROM unnest(?1::bigint[], ?2::text[], ?3::text[], ?4::bigint[], ?5::text[], ?6::bigint[], ?7::text[], ?8::text[], ?9::bytea[])
            WITH ORDINALITY AS u (run, kind, key, at, name, position, sender, form, body, n)
        ORDER BY n
    RETURNING number";

const OUTPUTS: &str = "INSERT INTO steadfast_outputs (lineage, channel, item, run, seq, at, form, body)
    SELECT * FROM unnest(?1::bigint[], ?2::text[], ?3::bigint[], ?4::bigint[], ?5::bigint[], ?6::bigint[], ?7::text[], ?8::bytea[])";

const LEASES: &str = "UPDATE steadfast_leases l SET owner = u.owner, epoch = u.epoch, beat = u.beat, about = u.about,
        seen = CAST(unixepoch('subsec') * 1000 AS BIGINT)
    FROM unnest(?1::bigint[], ?2::text[], ?3::bigint[], ?4::bigint[], ?5::text[]) AS u (number, owner, epoch, beat, about)
    WHERE l.number = u.number";

const NEW_RUNS: &str =
    "INSERT INTO steadfast_runs (number, id, workflow, status, seq, lease, wake_at, loads, incarnation, seed,
        created_at, updated_at, parked, version, parent, lineage, origin, successor, dedup)
    SELECT * FROM unnest(?1::bigint[], ?2::text[], ?3::text[], ?4::text[], ?5::bigint[], ?6::bigint[], ?7::bigint[],
        ?8::bigint[], ?9::text[], ?10::text[], ?11::bigint[], ?12::bigint[], ?13::text[], ?14::bigint[], ?15::bigint[],
        ?16::bigint[], ?17::bigint[], ?18::bigint[], ?19::text[])";

const QUEUED_RUNS: &str =
    "INSERT INTO steadfast_runs (number, queue, id, workflow, status, seq, lease, wake_at, loads, incarnation, seed,
        created_at, updated_at, parked, version, parent, lineage, origin, successor, dedup)
    SELECT * FROM unnest(?1::bigint[], ?2::text[], ?3::text[], ?4::text[], ?5::text[], ?6::bigint[], ?7::bigint[],
        ?8::bigint[], ?9::bigint[], ?10::text[], ?11::text[], ?12::bigint[], ?13::bigint[], ?14::text[], ?15::bigint[],
        ?16::bigint[], ?17::bigint[], ?18::bigint[], ?19::bigint[], ?20::text[])";

const RUNS: &str = "UPDATE steadfast_runs r SET status = u.status, seq = coalesce(u.seq, r.seq), lease = u.lease,
        wake_at = u.wake_at, loads = u.loads, updated_at = u.updated_at, parked = u.parked, successor = u.successor, dedup = u.dedup
    FROM unnest(?1::bigint[], ?2::text[], ?3::bigint[], ?4::bigint[], ?5::bigint[], ?6::bigint[], ?7::bigint[], ?8::text[],
        ?9::bigint[], ?10::text[]) AS u (number, status, seq, lease, wake_at, loads, updated_at, parked, successor, dedup)
    WHERE r.number = u.number";

const TAKEN_WITH_KEY: &str = "UPDATE steadfast_inbox i SET taken = u.at, form = NULL, body = NULL
    FROM unnest(?1::bigint[], ?2::bigint[], ?3::bigint[]) AS u (run, item, at)
    WHERE i.number = u.item AND i.run = u.run AND i.key IS NOT NULL AND i.taken IS NULL";

const TAKEN: &str =
    "DELETE FROM steadfast_inbox i USING unnest(?1::bigint[], ?2::bigint[], ?3::bigint[]) AS u (run, item, at)
    WHERE i.number = u.item AND i.run = u.run AND i.key IS NULL";

const SCHEDULES: &str = "INSERT INTO steadfast_schedules (name, workflow, version, spec, revision, due, state, form, body)
    SELECT * FROM unnest(?1::text[], ?2::text[], ?3::bigint[], ?4::text[], ?5::bigint[], ?6::bigint[], ?7::text[], ?8::text[],
        ?9::bytea[])
    ON CONFLICT (name) DO UPDATE SET workflow = excluded.workflow, version = excluded.version, spec = excluded.spec,
        revision = excluded.revision, due = excluded.due, state = excluded.state, form = excluded.form, body = excluded.body";

impl Default for Changes {
    fn default() -> Self {
        Self {
            leases: BTreeSet::new(),
            new_runs: Vec::new(),
            runs: BTreeMap::new(),
            shown: BTreeSet::new(),
            owners: BTreeSet::new(),
            log: Bulk::new(LOG, "iiiiitb"),
            fields: Bulk::new(FIELDS, "iititb"),
            inbox: Bulk::new(INBOX, "ittitittb"),
            outputs: Bulk::new(OUTPUTS, "itiiiitb"),
            told: BTreeSet::new(),
            taken: Vec::new(),
            schedules: BTreeSet::new(),
            tasks: TaskChanges::default(),
            traces: TraceChanges::default(),
            indexed: IndexedChanges::default(),
            statements: Vec::new(),
        }
    }
}

impl Changes {
    /// Returns the rows of the log, of fields, and of new runs; `None` if there are changes beyond these and the rows
    /// of runs.
    pub(super) fn into_rows_alone(self, known: &Known) -> Option<[Bulk; 3]> {
        let new_runs = self.new_rows(known);
        let Self {
            leases,
            new_runs: _,
            runs: _,
            owners: _,
            shown: _,
            log,
            fields,
            inbox,
            outputs,
            told,
            taken,
            schedules,
            tasks,
            // Those that are owed are in the changes of the runs; only batches have marks.
            traces: _,
            indexed,
            statements,
        } = self;
        let is_alone = leases.is_empty() && inbox.is_empty() && outputs.is_empty() && told.is_empty();
        let is_alone = is_alone && taken.is_empty() && schedules.is_empty() && tasks.is_empty();
        (is_alone && indexed.is_empty() && statements.is_empty()).then_some([log, fields, new_runs])
    }

    fn new_rows(&self, known: &Known) -> Bulk {
        let mut rows = Bulk::new(NEW_RUNS, "itttiiiittiitiiiiit");
        let row = |number: &i64| known.runs.get(number).and_then(Option::as_ref);
        let rows_alone = self.new_runs.iter().filter_map(row).filter(|row| row.queue.is_none());
        rows_alone.for_each(|row| rows.add(columns(row)));
        rows
    }

    /// Returns the new runs that wait in queues.
    fn queued_rows(&self, known: &Known) -> Bulk {
        let mut rows = Bulk::new(QUEUED_RUNS, "ittttiiiittiitiiiiit");
        let row = |number: &i64| known.runs.get(number).and_then(Option::as_ref);
        for row in self.new_runs.iter().filter_map(row).filter(|row| row.queue.is_some()) {
            let [number, columns @ ..] = columns(row);
            let queue = Own::maybe_text(row.queue.as_deref());
            rows.add_all([number, queue].into_iter().chain(columns));
        }
        rows
    }

    pub(super) fn index(&mut self, run: i64, workflow: &str, name: &str, value: Option<&str>) {
        self.indexed.set(run, workflow, name, value);
    }

    pub(super) fn changed_runs(&self) -> impl Iterator<Item = &i64> {
        self.runs.keys()
    }

    pub(super) fn change_run(&mut self, run: i64, seq: Option<u64>) {
        let named = self.runs.entry(run).or_default();
        *named = seq.or(*named);
    }

    pub(super) fn append(&mut self, run: i64, entries: &[EntryRow], fields: &[FieldRow]) {
        for row in packed_rows(entries).filter_map(pack) {
            self.log.add([
                Own::Int(run),
                Own::number(row.last),
                Own::number(row.count as u64),
                Own::Int(row.at),
                Own::Int(row.format.into()),
                Own::Text(row.entries.into()),
                Own::Bytes(row.bodies.into()),
            ]);
        }
        for field in fields {
            let [form, body] = Own::value(Some(&field.value));
            let (seq, format) = (Own::number(field.seq), Own::Int(field.format.into()));
            self.fields.add([Own::Int(run), seq, Own::text(&field.name), format, form, body]);
        }
    }

    /// Adds an item, and returns a number that stands for its own until that is drawn.
    pub(super) fn insert_item(&mut self, run: i64, item: &NewInboxItem) -> i64 {
        let [form, body] = Own::value(item.value.as_ref());
        self.told.insert(run);
        self.inbox.add([
            Own::Int(run),
            Own::text(item.kind.as_str()),
            Own::maybe_text(item.key.as_deref()),
            Own::Int(item.at),
            Own::maybe_text(item.name.as_deref()),
            item.position.map_or(Own::Null, Own::number),
            Own::maybe_text(item.sender.as_deref()),
            form,
            body,
        ]);
        -i64::try_from(self.inbox.len()).unwrap_or(i64::MAX)
    }

    pub(super) fn put(&mut self, first_run: i64, channel: &str, item: i64, output: &OutputRow) {
        let [form, body] = Own::value(output.value.as_ref());
        let (run, seq) = (Own::Int(output.run), Own::number(output.seq));
        self.shown.insert(first_run);
        self.outputs.add([
            Own::Int(first_run),
            Own::text(channel),
            Own::Int(item),
            run,
            seq,
            Own::Int(output.at),
            form,
            body,
        ]);
    }

    /// Returns the statements, in their order: rows of runs before those that begin, because ids and keys that become
    /// free may be taken at once.
    pub(super) fn into_statements(self, known: &Known) -> Vec<Bulk> {
        let row = |number: &i64| known.runs.get(number).and_then(Option::as_ref);
        let mut leases = Bulk::new(LEASES, "itiit");
        for row in self.leases.iter().filter_map(|number| known.leases.get(number)?.as_ref()) {
            let about = Own::maybe_text(row.about.as_deref());
            let (epoch, beat) = (Own::Int(row.epoch), Own::Int(row.heartbeat));
            leases.add([Own::Int(row.number), Own::text(&row.owner), epoch, beat, about]);
        }
        let mut runs = Bulk::new(RUNS, "itiiiiitit");
        let is_new = |number: &i64| self.new_runs.contains(number);
        for (row, seq) in
            self.runs.iter().filter(|(run, _)| !is_new(run)).filter_map(|(run, seq)| Some((row(run)?, seq)))
        {
            runs.add(changed(row, *seq));
        }
        let (new_runs, queued_runs) = (self.new_rows(known), self.queued_rows(known));
        let (mut with_key, mut without) = (Bulk::new(TAKEN_WITH_KEY, "iii"), Bulk::new(TAKEN, "iii"));
        for (run, item, at) in &self.taken {
            with_key.add([Own::Int(*run), Own::Int(*item), Own::Int(*at)]);
            without.add([Own::Int(*run), Own::Int(*item), Own::Int(*at)]);
        }
        let mut schedules = Bulk::new(SCHEDULES, "ttitiittb");
        self.schedules
            .iter()
            .filter_map(|name| known.schedules.get(name)?.as_ref())
            .for_each(|row| schedules.add(schedule(row)));
        let runs = [leases, runs, new_runs, queued_runs];
        let of_runs = [self.log, self.fields, self.inbox, self.outputs, with_key, without, schedules];
        let tables = runs
            .into_iter()
            .chain(of_runs)
            .chain(self.tasks.into_statements(known))
            .chain(self.traces.into_statements())
            .chain(self.indexed.into_statements());
        let mut statements: Vec<_> = tables.filter(|table| !table.is_empty()).collect();
        statements.extend(self.statements.into_iter().map(|(query, values)| Bulk {
            query,
            types: "",
            columns: vec![values],
        }));
        statements
    }
}

/// Returns number and columns of a row that may change.
fn changed(row: &RunRow, seq: Option<u64>) -> [Own; 10] {
    [
        Own::Int(row.number),
        Own::text(row.status.as_str()),
        seq.map_or(Own::Null, Own::number),
        Own::maybe_int(row.lease),
        Own::maybe_int(row.wake_at),
        Own::Int(row.loads.into()),
        Own::Int(row.updated_at),
        Own::maybe_text(row.parked.as_deref()),
        Own::maybe_int(row.successor),
        Own::maybe_text(row.dedup.as_deref()),
    ]
}

fn schedule(row: &ScheduleRow) -> [Own; 9] {
    let [form, body] = Own::value(Some(&row.input));
    [
        Own::text(&row.name),
        Own::text(&row.workflow),
        Own::Int(row.version.into()),
        Own::text(&row.spec),
        Own::Int(row.revision),
        Own::maybe_int(row.due),
        Own::Text(Bytes::from(row.state.to_json())),
        form,
        body,
    ]
}

/// Returns number and stored columns of a row.
fn columns(row: &RunRow) -> [Own; 19] {
    let drawn = |drawn| Own::Text(Bytes::from(drawn_text(drawn)));
    [
        Own::Int(row.number),
        Own::text(&row.id),
        Own::text(&row.workflow),
        Own::text(row.status.as_str()),
        Own::number(row.seq),
        Own::maybe_int(row.lease),
        Own::maybe_int(row.wake_at),
        Own::Int(row.loads.into()),
        drawn(row.execution),
        if row.seed == row.execution { Own::Null } else { drawn(row.seed) },
        Own::Int(row.created_at),
        Own::Int(row.updated_at),
        Own::maybe_text(row.parked.as_deref()),
        Own::Int(row.version.into()),
        Own::maybe_int(row.parent),
        Own::maybe_int(Some(row.first_run).filter(|first| *first != row.number)),
        Own::maybe_int(row.forked_from),
        Own::maybe_int(row.successor),
        Own::maybe_text(row.dedup.as_deref()),
    ]
}
