//! Databases that earlier builds have written, which every later build must continue.
//!
//! The first version wrote `fixtures/journal-1.sql`: one run of each shared workflow, stopped in the middle.
//! `STEADFAST_RECORD=1` writes it anew; do that only for a new format, under a new name.

mod queues;
mod tasks;

use crate::flows::{count_up, patient, shop, stumbling};
use limits::Soon as _;
use std::fmt::Write as _;
use steadfast::prelude::*;

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/journal-1.sql");

/// Runs every workflow, and returns the results as text.
async fn results(engine: &Engine) -> Vec<String> {
    vec![
        format!("{:?}", engine.start(count_up, 3).id("count").await.unwrap().result().soon().await.unwrap()),
        format!("{:?}", engine.start(shop, "basket".into()).id("shop").await.unwrap().result().soon().await.unwrap()),
        format!(
            "{:?}",
            engine.start(stumbling, "x".into()).id("stumble").await.unwrap().result().soon().await.unwrap()
        ),
        format!("{:?}", engine.start(patient, 3).id("sleep").await.unwrap().result().soon().await.unwrap()),
    ]
}

fn builder() -> steadfast::EngineBuilder {
    let builder = Engine::builder().workflow(count_up).workflow(shop).workflow(stumbling);
    builder.workflow(patient).skip_sleeps()
}

#[tokio::test]
async fn a_database_of_the_first_version_goes_on() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("recorded.db");
    if std::env::var_os("STEADFAST_RECORD").is_some() {
        record(&path).await;
    }
    let script = std::fs::read_to_string(FIXTURE).expect("the fixture is committed");
    let expected: Vec<&str> = script.lines().filter_map(|line| line.strip_prefix("-- expected: ")).collect();
    assert_eq!(expected.len(), 4);
    let path = folder.path().join("resumed.db");
    let db = rusqlite::Connection::open(&path).unwrap();
    // SQLite accepts `auto_vacuum` only before the first table.
    db.execute_batch("PRAGMA auto_vacuum = INCREMENTAL").unwrap();
    db.execute_batch(&script).unwrap();
    let before: i64 = db.query_row("SELECT count(*) FROM steadfast_entries", [], |row| row.get(0)).unwrap();
    drop(db);
    let engine = builder().sqlite(&path).start().await.unwrap();
    for info in engine.list(steadfast::RunFilter::all()).await.unwrap() {
        assert!(info.entries > 1, "{info:?}");
    }
    assert_eq!(results(&engine).await, expected);
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    let db = rusqlite::Connection::open(&path).unwrap();
    let after: i64 = db.query_row("SELECT sum(count) FROM steadfast_log", [], |row| row.get(0)).unwrap();
    assert!(after > before, "the runs had something left to do");
}

/// Runs every workflow to its end, cuts each journal in the middle, and dumps the rest as SQL.
async fn record(path: &std::path::Path) {
    let engine = builder().sqlite(path).start().await.unwrap();
    let expected = results(&engine).await;
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    let db = rusqlite::Connection::open(path).unwrap();
    // The cut is at the end of a turn: before an entry without a cause.
    crate::entries::change(
        &db,
        "CREATE TEMP TABLE cut AS SELECT run, max(seq) AS seq FROM steadfast_entries AS e
             WHERE cause IS NULL AND seq <= 1 + (SELECT max(seq) FROM steadfast_entries WHERE run = e.run) / 2
             GROUP BY run;
         DELETE FROM steadfast_entries WHERE seq >= (SELECT seq FROM cut WHERE cut.run = steadfast_entries.run);
         DELETE FROM steadfast_fields WHERE seq >= (SELECT seq FROM cut WHERE cut.run = steadfast_fields.run);
         INSERT INTO steadfast_leases (owner, epoch, beat) VALUES ('nobody', 1, 0);
         UPDATE steadfast_runs SET status = 'running', wake_at = 0,
             seq = (SELECT seq - 1 FROM cut WHERE cut.run = steadfast_runs.number), lease = (SELECT max(number) FROM steadfast_leases);",
    );
    let mut script = String::new();
    for line in &expected {
        writeln!(script, "-- expected: {line}").unwrap();
    }
    std::fs::write(FIXTURE, script + &dumped(&db)).unwrap();
}

/// Returns a database as SQL.
fn dumped(db: &rusqlite::Connection) -> String {
    let mut script = String::new();
    let mut names =
        db.prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type = 'index', rowid").unwrap();
    let objects: Vec<(String, String)> =
        names.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    for (_, sql) in objects.iter().filter(|(name, _)| name != "sqlite_sequence") {
        writeln!(script, "{sql};").unwrap();
    }
    for (table, _) in objects.iter().filter(|(name, sql)| sql.starts_with("CREATE TABLE") && name != "sqlite_sequence")
    {
        let mut columns = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let count = columns.column_count();
        let mut rows = columns.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let value = |column| match row.get_ref(column).unwrap() {
                rusqlite::types::ValueRef::Null => "NULL".to_owned(),
                rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                rusqlite::types::ValueRef::Real(number) => number.to_string(),
                rusqlite::types::ValueRef::Text(text) => {
                    format!("'{}'", String::from_utf8_lossy(text).replace('\'', "''"))
                }
                rusqlite::types::ValueRef::Blob(bytes) => {
                    format!("x'{}'", bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}")))
                }
            };
            let values: Vec<String> = (0..count).map(value).collect();
            writeln!(script, "INSERT INTO {table} VALUES ({});", values.join(", ")).unwrap();
        }
    }
    script
}
