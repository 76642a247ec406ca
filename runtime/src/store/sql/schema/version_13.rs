//! Version 13 of the tables.

pub(super) const VERSION_13: &[&str] = &[
    // Only tasks that wait are in the indexes by queue, and those that wait for their time apart from those that claims look at:
    // a claim and an outcome then change fewer indexes.
    "DROP INDEX steadfast_tasks_waiting",
    "CREATE INDEX steadfast_tasks_waiting ON steadfast_tasks (queue, rank, number) WHERE state = 'waiting'",
    "DROP INDEX steadfast_tasks_of_key",
    "CREATE INDEX steadfast_tasks_of_key ON steadfast_tasks (queue, key, rank, number)
        WHERE key IS NOT NULL AND state = 'waiting'",
    "CREATE INDEX steadfast_tasks_delayed ON steadfast_tasks (queue, due) WHERE state = 'delayed'",
    "CREATE INDEX steadfast_tasks_delayed_rank ON steadfast_tasks (queue, rank, number) WHERE state = 'delayed'",
    "ALTER TABLE steadfast_queue_keys ADD COLUMN delayed BIGINT NOT NULL DEFAULT 0",
    "UPDATE steadfast_tasks SET state = 'delayed'
        WHERE state = 'waiting' AND due > CAST(unixepoch('subsec') * 1000 AS BIGINT)",
    "UPDATE steadfast_queue_keys SET waiting = waiting - late.count, delayed = late.count
        FROM (SELECT queue, key, count(*) AS count FROM steadfast_tasks
            WHERE state = 'delayed' AND key IS NOT NULL GROUP BY queue, key) AS late
        WHERE steadfast_queue_keys.queue = late.queue AND steadfast_queue_keys.key = late.key",
    // What operators do, with who and why, and their jobs.
    "CREATE TABLE steadfast_audit (
        number {number},
        key TEXT NOT NULL UNIQUE,
        at BIGINT NOT NULL,
        who TEXT NOT NULL,
        why TEXT NOT NULL,
        action TEXT NOT NULL,
        subject TEXT NOT NULL,
        details TEXT NOT NULL,
        outcome TEXT NOT NULL
    )",
    "CREATE INDEX steadfast_audit_subject ON steadfast_audit (subject, number)",
    "CREATE INDEX steadfast_audit_who ON steadfast_audit (who, number)",
    "CREATE TABLE steadfast_jobs (number {number}, revision BIGINT NOT NULL, state TEXT NOT NULL)",
    // How far the spans of runs were exported, and the leases whose holders owe those of runs that have ended.
    "CREATE TABLE steadfast_traces (
        run BIGINT NOT NULL PRIMARY KEY,
        seq BIGINT NOT NULL,
        lease BIGINT
    )",
    "CREATE INDEX steadfast_traces_owed ON steadfast_traces (lease, run) WHERE lease IS NOT NULL",
    // The current values of indexed fields, as keys that sort as the values do. The workflow comes first, so that a search in
    // one workflow reads no row of another.
    "CREATE TABLE steadfast_indexed (
        run BIGINT NOT NULL,
        workflow TEXT NOT NULL,
        name TEXT NOT NULL,
        value TEXT NOT NULL
    )",
    "CREATE UNIQUE INDEX steadfast_indexed_run_name ON steadfast_indexed (run, name)",
    "CREATE INDEX steadfast_indexed_value ON steadfast_indexed (workflow, name, value, run)",
];
