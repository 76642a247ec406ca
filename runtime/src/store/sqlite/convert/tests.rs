//! Tests of conversions that are interrupted.

use super::{Sqlite, migrate, version};
use crate::store::{Durability, EntryRow, RunKey, SqliteStore, Store};
use rusqlite::Connection;
use std::path::Path;

/// The number of entries of the run in the file: more than two slices.
const ENTRIES: u64 = 9_000;

/// Makes a file of schema 3 with a run of many entries, some of them damaged.
fn old_file(path: &Path) {
    let file = Connection::open(path).expect("opened");
    file.execute_batch(include_str!("../../../../../tests/fixtures/schema-3.sql")).expect("written");
    file.execute_batch(&format!(
        "WITH RECURSIVE n (i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < {ENTRIES})
         INSERT INTO steadfast_entries (run, seq, format, kind, cause, at, position, name, attempt, form, body)
             SELECT 7, i, 4, 'step_completed', iif(i % 2, i - 1, NULL), i, i, 'pack', 1, iif(i % 3, 'json', 'bytes'),
             iif(i % 3, '\"ä' || i || '\"', randomblob(i % 50)) FROM n;
         UPDATE steadfast_runs SET seq = {ENTRIES} WHERE number = 7;
         UPDATE steadfast_entries SET kind = x'00ff' WHERE run = 8"
    ))
    .expect("filled");
}

/// Returns all entries of the large run, as a store reads them, and the id of the database.
fn read(path: &Path) -> (Vec<EntryRow>, String) {
    let store = SqliteStore::open(path, Durability::Relaxed).expect("it opens");
    assert_eq!(store.run(RunKey::Number(7)).expect("read").expect("there").seq, ENTRIES);
    let damaged = store.entries(8, 0, 9).expect_err("it was damaged before");
    assert!(damaged.message.contains("entry 1") && damaged.message.contains("`kind`"), "{damaged}");
    (store.entries(7, 0, usize::MAX).expect("read"), store.database_id().to_owned())
}

/// Has SQLite stop a conversion after every so many of its instructions, as a kill does: what was not committed is gone.
#[test]
fn a_conversion_that_stops_anywhere_continues_at_the_next_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let (old, path) = (folder.path().join("old.db"), folder.path().join("steadfast.db"));
    old_file(&old);
    std::fs::copy(&old, &path).expect("copied");
    let expected = read(&path);
    assert_eq!(expected.0.len() as u64, ENTRIES);
    assert!(expected.0.iter().all(|entry| entry.value.is_some()));
    let (mut interrupted, mut said, mut halves) = (0, 0, 0);
    for after in (1..).map(|n: u32| n * n * 30) {
        std::fs::copy(&old, &path).expect("copied");
        let mut connection = Connection::open(&path).expect("opened");
        let mut left = after;
        let stops = move || {
            left = left.saturating_sub(1);
            left == 0
        };
        connection.progress_handler(10, Some(stops)).expect("a handler");
        let done = migrate(&Sqlite { connection: &connection, database: "old" });
        connection.progress_handler(0, None::<fn() -> bool>).expect("no handler");
        let Err(error) = done else { break };
        // Not where it stopped before a step had begun.
        said += usize::from(error.message.contains("continues when it is opened again"));
        interrupted += 1;
        halves += usize::from(version(&Sqlite { connection: &connection, database: "old" }).expect("read") == Some(5));
        drop(connection);
        assert_eq!(read(&path), expected, "stopped after {after}");
    }
    println!("stopped {interrupted} times, {halves} of them between the old table and the new one");
    assert!(interrupted > 10 && said > interrupted / 2 && halves > 3, "{interrupted}, {said}, {halves}");
}

#[test]
fn a_conversion_on_a_full_disk_loses_nothing_and_continues() {
    let folder = tempfile::tempdir().expect("a folder");
    let (old, path) = (folder.path().join("old.db"), folder.path().join("steadfast.db"));
    old_file(&old);
    std::fs::copy(&old, &path).expect("copied");
    let expected = read(&path);
    std::fs::copy(&old, &path).expect("copied");
    let pages = Connection::open(&path)
        .and_then(|file| file.query_row("PRAGMA page_count", [], |row| row.get::<_, u32>(0)))
        .expect("a count");
    let mut refused = 0;
    for room in 0.. {
        match SqliteStore::options().max_pages(pages + room * 3).open(&path) {
            Ok(_) => break,
            Err(error) => {
                refused += 1;
                let kind = error.kind;
                assert_eq!(kind, crate::store::StoreErrorKind::Full, "{error}");
                for part in ["steadfast.db", "nothing is lost", "continues when it is opened again"] {
                    assert!(error.message.contains(part), "«{error}» does not say «{part}»");
                }
            }
        }
    }
    assert!(refused > 3, "{refused}");
    assert_eq!(read(&path), expected);
}
