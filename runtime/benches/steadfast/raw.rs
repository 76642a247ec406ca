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
