//! The tables, and the migrations of an older database.

mod version_13;

use version_13::VERSION_13;

/// The version of the schema that this code reads and writes.
pub(in crate::store) const VERSION: usize = MIGRATIONS.len();

/// The column type names of a database.
pub(in crate::store) struct Types {
    /// An integer key that the database assigns and never reuses.
    pub(in crate::store) number: &'static str,
    /// A column for text or bytes.
    pub(in crate::store) body: &'static str,
}

/// One migration step, in a transaction of its own but for its slices.
pub(in crate::store) struct Migration {
    /// Performed again and again, a transaction each, until the first of them changes nothing.
    pub(in crate::store) slice: &'static [&'static str],
    statements: &'static [&'static str],
}

impl Migration {
    /// Returns the statements, with the type names of a database.
    pub(in crate::store) fn statements(&self, types: &Types) -> impl Iterator<Item = String> {
        self.statements.iter().map(|text| text.replace("{number}", types.number).replace("{body}", types.body))
    }
}

/// Every migration in order: the first turns an empty database into version 1.
pub(in crate::store) const MIGRATIONS: &[Migration] = &[
    Migration { slice: &[], statements: VERSION_1 },
    Migration { slice: &[], statements: VERSION_2 },
    Migration { slice: &[], statements: VERSION_3 },
    Migration { slice: &[], statements: VERSION_4 },
    Migration { slice: &[], statements: VERSION_5 },
    Migration { slice: VERSION_6_SLICE, statements: VERSION_6 },
    Migration { slice: &[], statements: VERSION_7 },
    Migration { slice: &[], statements: VERSION_8 },
    Migration { slice: &[], statements: VERSION_9 },
    Migration { slice: &[], statements: VERSION_10 },
    Migration { slice: &[], statements: SCHEDULES },
    Migration { slice: &[], statements: VERSION_12 },
    Migration { slice: &[], statements: VERSION_13 },
];

const VERSION_1: &[&str] = &[
    "CREATE TABLE steadfast_meta (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE steadfast_leases (
        number {number},
        owner TEXT NOT NULL,
        epoch BIGINT NOT NULL,
        beat BIGINT NOT NULL
    )",
    "CREATE TABLE steadfast_runs (
        number {number},
        id TEXT NOT NULL UNIQUE,
        workflow TEXT NOT NULL,
        status TEXT NOT NULL,
        seq BIGINT NOT NULL,
        lease BIGINT,
        wake_at BIGINT,
        loads BIGINT NOT NULL,
        incarnation TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        parked TEXT
    )",
    // Runs that ended have no owner, so these indexes stay as small as the unfinished work.
    "CREATE INDEX steadfast_runs_due ON steadfast_runs (lease, wake_at)
        WHERE lease IS NOT NULL AND wake_at IS NOT NULL",
    "CREATE INDEX steadfast_runs_owned ON steadfast_runs (lease) WHERE lease IS NOT NULL",
    "CREATE INDEX steadfast_runs_status ON steadfast_runs (status)",
    "CREATE TABLE steadfast_entries (
        run BIGINT NOT NULL,
        seq BIGINT NOT NULL,
        format BIGINT NOT NULL,
        kind TEXT NOT NULL,
        cause BIGINT,
        at BIGINT NOT NULL,
        position BIGINT,
        name TEXT,
        attempt BIGINT,
        context BIGINT,
        due BIGINT,
        form TEXT,
        body {body}
    )",
    "CREATE UNIQUE INDEX steadfast_entries_run_seq ON steadfast_entries (run, seq)",
    "CREATE TABLE steadfast_fields (
        run BIGINT NOT NULL,
        seq BIGINT NOT NULL,
        name TEXT NOT NULL,
        format BIGINT NOT NULL,
        form TEXT NOT NULL,
        body {body}
    )",
    "CREATE UNIQUE INDEX steadfast_fields_run_seq_name ON steadfast_fields (run, seq, name)",
    "CREATE TABLE steadfast_inbox (
        number {number},
        run BIGINT NOT NULL,
        kind TEXT NOT NULL,
        key TEXT,
        at BIGINT NOT NULL,
        form TEXT,
        body {body}
    )",
    "CREATE UNIQUE INDEX steadfast_inbox_run_key ON steadfast_inbox (run, key)",
];

/// The seed of random numbers; `NULL` means the execution.
const VERSION_2: &[&str] = &["ALTER TABLE steadfast_runs ADD COLUMN seed TEXT"];

/// Messages between runs, and their outputs. `NULL` means version 1, and a first run that is the run itself.
const VERSION_3: &[&str] = &[
    "ALTER TABLE steadfast_runs ADD COLUMN version BIGINT",
    "ALTER TABLE steadfast_runs ADD COLUMN parent BIGINT",
    "ALTER TABLE steadfast_runs ADD COLUMN lineage BIGINT",
    "ALTER TABLE steadfast_runs ADD COLUMN origin BIGINT",
    "ALTER TABLE steadfast_runs ADD COLUMN successor BIGINT",
    "ALTER TABLE steadfast_runs ADD COLUMN dedup TEXT",
    // Most runs have none of these, so the indexes cost them nothing.
    "CREATE INDEX steadfast_runs_parent ON steadfast_runs (parent) WHERE parent IS NOT NULL",
    "CREATE INDEX steadfast_runs_origin ON steadfast_runs (origin) WHERE origin IS NOT NULL",
    "CREATE UNIQUE INDEX steadfast_runs_dedup ON steadfast_runs (dedup) WHERE dedup IS NOT NULL",
    "ALTER TABLE steadfast_entries ADD COLUMN other TEXT",
    "ALTER TABLE steadfast_inbox ADD COLUMN name TEXT",
    "ALTER TABLE steadfast_inbox ADD COLUMN position BIGINT",
    "ALTER TABLE steadfast_inbox ADD COLUMN sender TEXT",
    // The time at which the item was taken; its row stays for its key.
    "ALTER TABLE steadfast_inbox ADD COLUMN taken BIGINT",
    "CREATE INDEX steadfast_inbox_waiting ON steadfast_inbox (run, number) WHERE taken IS NULL",
    "CREATE TABLE steadfast_requests (
        id TEXT NOT NULL PRIMARY KEY,
        run BIGINT NOT NULL,
        position BIGINT NOT NULL,
        name TEXT NOT NULL,
        answer TEXT NOT NULL,
        at BIGINT NOT NULL,
        due BIGINT,
        answered TEXT,
        form TEXT NOT NULL,
        body {body}
    )",
    "CREATE INDEX steadfast_requests_run ON steadfast_requests (run)",
    "CREATE INDEX steadfast_requests_open ON steadfast_requests (id) WHERE answered IS NULL",
    "CREATE TABLE steadfast_outputs (
        lineage BIGINT NOT NULL,
        channel TEXT NOT NULL,
        item BIGINT NOT NULL,
        run BIGINT NOT NULL,
        seq BIGINT NOT NULL,
        at BIGINT NOT NULL,
        form TEXT,
        body {body}
    )",
    "CREATE UNIQUE INDEX steadfast_outputs_item ON steadfast_outputs (lineage, channel, item)",
    "CREATE TABLE steadfast_watchers (
        run BIGINT NOT NULL,
        watcher BIGINT NOT NULL,
        position BIGINT NOT NULL
    )",
    "CREATE UNIQUE INDEX steadfast_watchers_run ON steadfast_watchers (run, watcher, position)",
    "CREATE INDEX steadfast_watchers_watcher ON steadfast_watchers (watcher)",
    "CREATE TABLE steadfast_labels (
        run BIGINT NOT NULL,
        name TEXT NOT NULL,
        value TEXT NOT NULL
    )",
    "CREATE UNIQUE INDEX steadfast_labels_run_name ON steadfast_labels (run, name)",
    "CREATE INDEX steadfast_labels_value ON steadfast_labels (name, value, run)",
];

/// Indexes for every list in its own order. A step writes none of them; a start, a wait and an end write as many as
/// before.
const VERSION_4: &[&str] = &[
    // One index of a lease's runs instead of two: it includes runs that are never due.
    "DROP INDEX IF EXISTS steadfast_runs_due",
    "DROP INDEX IF EXISTS steadfast_runs_owned",
    "CREATE INDEX steadfast_runs_due ON steadfast_runs (lease, wake_at) WHERE lease IS NOT NULL",
    "CREATE INDEX steadfast_runs_workflow ON steadfast_runs (workflow, status)",
    // Read at every start; usually there are none.
    "CREATE INDEX steadfast_runs_unowned ON steadfast_runs (lease, status)
        WHERE lease IS NULL AND status IN ('running', 'sleeping', 'paused')",
    // The open requests of a run, however many it has made before.
    "DROP INDEX IF EXISTS steadfast_requests_run",
    "CREATE INDEX steadfast_requests_run ON steadfast_requests (run, answered, id)",
];

/// The log, in which a row has the entries of one append; see `packed`. The number is that of the last entry.
const VERSION_5: &[&str] = &[
    "CREATE TABLE steadfast_log (
        run BIGINT NOT NULL,
        seq BIGINT NOT NULL,
        count BIGINT NOT NULL,
        at BIGINT NOT NULL,
        format BIGINT NOT NULL,
        entries TEXT NOT NULL,
        bodies {body} NOT NULL
    )",
    "CREATE UNIQUE INDEX steadfast_log_run_seq ON steadfast_log (run, seq)",
];

/// A cell of an entry for a JSON array, which holds no bytes: a damaged cell stays damaged.
macro_rules! cell {
    ($column:literal) => {
        concat!("CASE typeof(", $column, ") WHEN 'blob' THEN json('{}') ELSE ", $column, " END")
    };
}

/// The rows of the next slice.
macro_rules! slice {
    () => {
        " WHERE rowid <= (SELECT max(rowid) FROM (SELECT rowid FROM steadfast_entries ORDER BY rowid LIMIT 4096))"
    };
}

/// Moves entries of the table before the log into it, a row each.
const VERSION_6_SLICE: &[&str] = &[
    concat!(
        "INSERT INTO steadfast_log (run, seq, count, at, format, entries, bodies)
            SELECT run, seq, 1, at, format, json_array(json_array(",
        cell!("kind"),
        ", ",
        cell!("position"),
        ", ",
        cell!("form"),
        ", length(CAST(body AS BLOB)), ",
        cell!("attempt"),
        ", ",
        cell!("name"),
        ", ",
        cell!("cause"),
        ", ",
        cell!("context"),
        ", ",
        cell!("due"),
        ", ",
        cell!("other"),
        ")), coalesce(CAST(body AS BLOB), x'')
            FROM steadfast_entries",
        slice!()
    ),
    concat!("DELETE FROM steadfast_entries", slice!()),
];

const VERSION_6: &[&str] = &["DROP TABLE steadfast_entries"];

/// What the holder of a lease says of itself, and when it did so last.
const VERSION_7: &[&str] =
    &["ALTER TABLE steadfast_leases ADD COLUMN about TEXT", "ALTER TABLE steadfast_leases ADD COLUMN seen BIGINT"];

/// Attempts of steps that run in another process. They are few beside the log: each goes when its outcome is recorded.
const VERSION_8: &[&str] = &[
    "CREATE TABLE steadfast_tasks (
        number {number},
        queue TEXT NOT NULL,
        step TEXT NOT NULL,
        run BIGINT NOT NULL,
        position BIGINT NOT NULL,
        attempt BIGINT NOT NULL,
        context BIGINT,
        timeout BIGINT,
        priority BIGINT NOT NULL,
        at BIGINT NOT NULL,
        due BIGINT NOT NULL,
        state TEXT NOT NULL,
        lease BIGINT,
        refused TEXT,
        form TEXT NOT NULL,
        body {body}
    )",
    "CREATE UNIQUE INDEX steadfast_tasks_run ON steadfast_tasks (run, position)",
    "CREATE INDEX steadfast_tasks_waiting ON steadfast_tasks (queue, state, priority, number)",
    "CREATE INDEX steadfast_tasks_claimed ON steadfast_tasks (lease, queue) WHERE lease IS NOT NULL",
];

/// Limits of queues, and the keys by which they count and share.
const VERSION_9: &[&str] = &[
    "ALTER TABLE steadfast_tasks ADD COLUMN key TEXT",
    "ALTER TABLE steadfast_tasks ADD COLUMN rank BIGINT NOT NULL DEFAULT 0",
    "UPDATE steadfast_tasks SET rank = at + priority * 60000",
    "DROP INDEX steadfast_tasks_run",
    "CREATE UNIQUE INDEX steadfast_tasks_run ON steadfast_tasks (run, position, attempt)",
    "DROP INDEX steadfast_tasks_waiting",
    "CREATE INDEX steadfast_tasks_waiting ON steadfast_tasks (queue, state, rank, number)",
    "CREATE INDEX steadfast_tasks_of_key ON steadfast_tasks (queue, key, state, rank, number) WHERE key IS NOT NULL",
    "CREATE TABLE steadfast_queues (
        queue TEXT NOT NULL PRIMARY KEY,
        declared TEXT NOT NULL,
        limits TEXT,
        has_keys BIGINT NOT NULL,
        paused TEXT,
        running BIGINT NOT NULL,
        starts BIGINT NOT NULL,
        counted_at BIGINT NOT NULL,
        turns BIGINT NOT NULL
    )",
    "CREATE TABLE steadfast_queue_keys (
        queue TEXT NOT NULL,
        key TEXT NOT NULL,
        waiting BIGINT NOT NULL,
        running BIGINT NOT NULL,
        turn BIGINT NOT NULL
    )",
    "CREATE UNIQUE INDEX steadfast_queue_keys_key ON steadfast_queue_keys (queue, key)",
    "CREATE INDEX steadfast_queue_keys_turn ON steadfast_queue_keys (queue, turn) WHERE waiting > 0",
];

/// Runs that wait in queues. Keys with the same turn are read in pages too.
const VERSION_10: &[&str] = &[
    "DROP INDEX steadfast_queue_keys_turn",
    "CREATE INDEX steadfast_queue_keys_turn ON steadfast_queue_keys (queue, turn, key) WHERE waiting > 0",
    "ALTER TABLE steadfast_runs ADD COLUMN queue TEXT",
    "ALTER TABLE steadfast_tasks ADD COLUMN expires BIGINT",
    "ALTER TABLE steadfast_tasks ADD COLUMN deadline BIGINT",
    "CREATE INDEX steadfast_tasks_expires ON steadfast_tasks (expires) WHERE expires IS NOT NULL",
    "CREATE INDEX steadfast_tasks_deadline ON steadfast_tasks (deadline) WHERE deadline IS NOT NULL",
];

/// What remote steps report of their progress.
const VERSION_12: &[&str] = &["ALTER TABLE steadfast_tasks ADD COLUMN progress TEXT"];

/// Schedules. An engine asks for those that are due.
const SCHEDULES: &[&str] = &[
    "CREATE TABLE steadfast_schedules (
        name TEXT NOT NULL PRIMARY KEY,
        workflow TEXT NOT NULL,
        version BIGINT NOT NULL,
        spec TEXT NOT NULL,
        revision BIGINT NOT NULL,
        due BIGINT,
        state TEXT NOT NULL,
        form TEXT NOT NULL,
        body {body}
    )",
    "CREATE INDEX steadfast_schedules_due ON steadfast_schedules (due, name) WHERE due IS NOT NULL",
];
