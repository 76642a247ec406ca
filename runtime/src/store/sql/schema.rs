//! The tables, and the steps by which an older database becomes one of this version.

/// The version of the schema that this code reads and writes.
pub(in crate::store) const VERSION: usize = MIGRATIONS.len();

/// The table by which a database is known to be ours.
pub(in crate::store) const META_TABLE: &str = "steadfast_meta";

/// How a database calls the types of columns.
pub(in crate::store) struct Types {
    /// An integer key that the database draws and never draws again.
    pub(in crate::store) number: &'static str,
    /// A column for text or bytes.
    pub(in crate::store) body: &'static str,
}

/// What makes a database of the version before into one of the next.
pub(in crate::store) struct Migration {
    statements: &'static [&'static str],
}

impl Migration {
    /// The statements, with the type names of a database.
    pub(in crate::store) fn statements(&self, types: &Types) -> impl Iterator<Item = String> {
        self.statements.iter().map(|text| text.replace("{number}", types.number).replace("{body}", types.body))
    }
}

/// Every migration in order: the first makes an empty database into one of version 1.
pub(in crate::store) const MIGRATIONS: &[Migration] = &[
    Migration { statements: VERSION_1 },
    Migration { statements: VERSION_2 },
    Migration { statements: VERSION_3 },
    Migration { statements: VERSION_4 },
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
    // Runs that ended belong to nobody: these indexes stay as small as the work at hand.
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

/// What random numbers come from; nothing stands for the execution.
const VERSION_2: &[&str] = &["ALTER TABLE steadfast_runs ADD COLUMN seed TEXT"];

/// What runs send to each other, and their outputs. Nothing stands for version 1, and for the first run that begins with the run.
const VERSION_3: &[&str] = &[
    "ALTER TABLE steadfast_runs ADD COLUMN version BIGINT",
    "ALTER TABLE steadfast_runs ADD COLUMN parent BIGINT",
    "ALTER TABLE steadfast_runs ADD COLUMN lineage BIGINT",
    "ALTER TABLE steadfast_runs ADD COLUMN origin BIGINT",
    "ALTER TABLE steadfast_runs ADD COLUMN successor BIGINT",
    "ALTER TABLE steadfast_runs ADD COLUMN dedup TEXT",
    // Most runs have none of these, and cost the indexes nothing.
    "CREATE INDEX steadfast_runs_parent ON steadfast_runs (parent) WHERE parent IS NOT NULL",
    "CREATE INDEX steadfast_runs_origin ON steadfast_runs (origin) WHERE origin IS NOT NULL",
    "CREATE UNIQUE INDEX steadfast_runs_dedup ON steadfast_runs (dedup) WHERE dedup IS NOT NULL",
    "ALTER TABLE steadfast_entries ADD COLUMN other TEXT",
    "ALTER TABLE steadfast_inbox ADD COLUMN name TEXT",
    "ALTER TABLE steadfast_inbox ADD COLUMN position BIGINT",
    "ALTER TABLE steadfast_inbox ADD COLUMN sender TEXT",
    // When the item was taken; its row stays for its key.
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

/// Indexes for every list in its own order. A step touches none of them; a start, a wait and an end touch as many as before.
const VERSION_4: &[&str] = &[
    // One index of what a lease owns instead of two: runs that are never due are in it too.
    "DROP INDEX IF EXISTS steadfast_runs_due",
    "DROP INDEX IF EXISTS steadfast_runs_owned",
    "CREATE INDEX steadfast_runs_due ON steadfast_runs (lease, wake_at) WHERE lease IS NOT NULL",
    "CREATE INDEX steadfast_runs_workflow ON steadfast_runs (workflow, status)",
    // What a start looks for: as a rule there is none.
    "CREATE INDEX steadfast_runs_unowned ON steadfast_runs (lease, status)
        WHERE lease IS NULL AND status IN ('running', 'sleeping', 'paused')",
    // The open requests of a run, however many it has asked before.
    "DROP INDEX IF EXISTS steadfast_requests_run",
    "CREATE INDEX steadfast_requests_run ON steadfast_requests (run, answered, id)",
];
