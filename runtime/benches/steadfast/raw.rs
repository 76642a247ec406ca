//! The raw limits: rusqlite without an engine, with the same file settings.

use rusqlite::{Connection, params};
use std::path::Path;
use std::time::Instant;

fn open(path: &Path) -> Connection {
    let db = Connection::open(path).expect("a database");
    db.pragma_update(None, "journal_mode", "WAL").expect("WAL");
    db.pragma_update(None, "synchronous", "FULL").expect("FULL");
    db.execute_batch(
        "CREATE TABLE log (run INTEGER, seq INTEGER, body TEXT); CREATE UNIQUE INDEX log_at ON log (run, seq)",
    )
    .expect("a table");
    db
}

/// Commits of one row each, per second.
pub(crate) fn one_row_commits(path: &Path, commits: u32) -> f64 {
    let db = open(path);
    let mut insert = db.prepare("INSERT INTO log VALUES (1, ?, ?)").expect("a statement");
    let start = Instant::now();
    for seq in 0..commits {
        insert.execute(params![seq, r#"{"id":17,"name":"a small struct"}"#]).expect("a row");
    }
    f64::from(commits) / start.elapsed().as_secs_f64()
}

/// Rows per second in transactions of 100 rows over as many runs.
pub(crate) fn hundred_row_commits(path: &Path, commits: u32) -> f64 {
    let mut db = open(path);
    let start = Instant::now();
    for seq in 0..commits {
        let transaction = db.transaction().expect("a transaction");
        {
            let mut insert = transaction.prepare_cached("INSERT INTO log VALUES (?, ?, ?)").expect("a statement");
            for run in 0..100 {
                insert.execute(params![run, seq, r#"{"id":17,"name":"a small struct"}"#]).expect("a row");
            }
        }
        transaction.commit().expect("a commit");
    }
    f64::from(commits) * 100.0 / start.elapsed().as_secs_f64()
}

/// Tasks per second that are claimed and completed, `batch` in a transaction: a row changed, removed and put elsewhere.
pub(crate) fn claims_and_completions(path: &Path, batches: u32, batch: u32) -> f64 {
    let mut db = open(path);
    db.execute_batch(
        "CREATE TABLE tasks (number INTEGER PRIMARY KEY, state TEXT, body TEXT); CREATE TABLE done (number INTEGER, body TEXT);
         CREATE INDEX tasks_waiting ON tasks (state, number)",
    )
    .expect("tables");
    let rows = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
        INSERT INTO tasks SELECT i, 'waiting', '{\"id\":17}' FROM n";
    db.execute(rows, params![batches * batch]).expect("the tasks");
    let claim = "UPDATE tasks SET state = 'claimed' WHERE number IN
        (SELECT number FROM tasks WHERE state = 'waiting' ORDER BY number LIMIT ?) RETURNING number";
    let start = Instant::now();
    for _ in 0..batches {
        let claims = db.transaction().expect("a transaction");
        let numbers = {
            let mut claim = claims.prepare_cached(claim).expect("a statement");
            let rows = claim.query_map(params![batch], |row| row.get::<_, i64>(0)).expect("the claims");
            rows.collect::<Result<Vec<_>, _>>().expect("numbers")
        };
        claims.commit().expect("a commit");
        let completions = db.transaction().expect("a transaction");
        {
            let mut remove = completions.prepare_cached("DELETE FROM tasks WHERE number = ?").expect("a statement");
            let mut insert = completions.prepare_cached("INSERT INTO done VALUES (?, ?)").expect("a statement");
            for number in numbers {
                remove.execute(params![number]).expect("a row");
                insert.execute(params![number, r#"{"id":17}"#]).expect("a row");
            }
        }
        completions.commit().expect("a commit");
    }
    f64::from(batches * batch) / start.elapsed().as_secs_f64()
}

/// Runs per second that are inserted, 1,000 in a transaction: a row of a run with an index on its id, one of its log, one
/// of a label, and one of a schedule that is changed.
#[cfg(feature = "schedules")]
pub(crate) fn starts_of_runs(path: &Path, runs: u32) -> f64 {
    let mut db = open(path);
    db.execute_batch(
        "CREATE TABLE runs (number INTEGER PRIMARY KEY, id TEXT UNIQUE, workflow TEXT, status TEXT, lease INTEGER, due INTEGER);
         CREATE TABLE labels (run INTEGER, name TEXT, value TEXT); CREATE INDEX labels_at ON labels (run, name);
         CREATE TABLE schedules (name TEXT PRIMARY KEY, due INTEGER, state TEXT);
         CREATE INDEX schedules_due ON schedules (due, name)",
    )
    .expect("tables");
    let rows = "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)
        INSERT INTO schedules SELECT 's-' || i, 7, '{}' FROM n";
    db.execute(rows, params![runs]).expect("the schedules");
    let start = Instant::now();
    for first in (0..runs).step_by(1_000) {
        let transaction = db.transaction().expect("a transaction");
        {
            let run = "INSERT INTO runs (id, workflow, status, lease, due) VALUES (?, 'ticked', 'running', 1, 0)";
            let mut run = transaction.prepare_cached(run).expect("a statement");
            let mut log = transaction.prepare_cached("INSERT INTO log VALUES (?, 1, ?)").expect("a statement");
            let label = "INSERT INTO labels VALUES (?, 'schedule', ?)";
            let mut label = transaction.prepare_cached(label).expect("a statement");
            let change = "UPDATE schedules SET due = 8, state = ? WHERE name = ?";
            let mut change = transaction.prepare_cached(change).expect("a statement");
            for n in first..first + 1_000 {
                let name = format!("s-{n}");
                let number = run.insert(params![format!("{name}@2026-11-30T07:00:00Z")]).expect("a row");
                log.execute(params![number, r#"{"nominal":17,"schedule":"a small struct"}"#]).expect("a row");
                label.execute(params![number, name]).expect("a row");
                change.execute(params![r#"{"decided":7,"started":1}"#, name]).expect("a row");
            }
        }
        transaction.commit().expect("a commit");
    }
    f64::from(runs) / start.elapsed().as_secs_f64()
}

/// Runs per second that are put into a queue, 1,000 in a transaction: a row of a run with an index on its id, one of its
/// log and one of a task with two indexes.
pub(crate) fn queued_runs(path: &Path, runs: u32) -> f64 {
    let mut db = open(path);
    db.execute_batch(
        "CREATE TABLE runs (number INTEGER PRIMARY KEY, id TEXT UNIQUE, workflow TEXT, status TEXT);
         CREATE TABLE tasks (number INTEGER PRIMARY KEY, queue TEXT, run INTEGER, position INTEGER, state TEXT, rank INTEGER);
         CREATE INDEX tasks_waiting ON tasks (queue, state, rank); CREATE UNIQUE INDEX tasks_run ON tasks (run, position)",
    )
    .expect("tables");
    let start = Instant::now();
    for first in (0..runs).step_by(1_000) {
        let transaction = db.transaction().expect("a transaction");
        {
            let run = "INSERT INTO runs (id, workflow, status) VALUES (?, 'waits', 'queued')";
            let mut run = transaction.prepare_cached(run).expect("a statement");
            let mut log = transaction.prepare_cached("INSERT INTO log VALUES (?, 1, ?)").expect("a statement");
            let task = "INSERT INTO tasks (queue, run, position, state, rank) VALUES ('backlog', ?, 0, 'waiting', 7)";
            let mut task = transaction.prepare_cached(task).expect("a statement");
            for n in first..first + 1_000 {
                let number = run.insert(params![format!("run-{n}")]).expect("a row");
                log.execute(params![number, r#"{"id":17,"name":"a small struct"}"#]).expect("a row");
                task.execute(params![number]).expect("a row");
            }
        }
        transaction.commit().expect("a commit");
    }
    f64::from(runs) / start.elapsed().as_secs_f64()
}
