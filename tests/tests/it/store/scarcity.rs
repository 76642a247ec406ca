//! Stores with too little space.

use super::writing::{append, begin, bytes, push, written};
use rusqlite::Connection;
use steadfast::history::Value;
use steadfast::store::backend::{Append, Change, RunKey, Write, Written};
use steadfast::store::{SqliteStore, Status, Store, StoreErrorKind};
use tempfile::tempdir;

fn pragma(store: &SqliteStore, name: &str) -> i64 {
    let file = Connection::open(store.path()).expect("opened");
    file.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0)).expect("read")
}

/// Ends a run and deletes it in slices.
fn remove(store: &impl Store, end: Append) {
    let run = end.run;
    let change = Change { status: Some(Status::Completed), release: true, ..Change::default() };
    let end = Append { entries: Vec::new(), change, ..end };
    written(store, Write::from(end)).expect("committed").expect("ended");
    while written(store, Write::Delete { run, rows: 50 }).expect("committed") == Ok(Written::Deleted(false)) {}
}

#[test]
fn a_full_disk_loses_nothing_and_passes() {
    let folder = tempdir().expect("a folder");
    let store = SqliteStore::options().max_pages(200).open(folder.path().join("steadfast.db")).expect("it opens");
    let (lease, run) = begin(&store, "small");
    let (other, hog) = begin(&store, "hog");
    let mut seq = 1;
    let error = loop {
        match store.commit(&[Write::from(append(hog, other, seq, bytes(20_000)))]) {
            Ok(answers) => assert_eq!(answers, [Ok(Written::Done)]),
            Err(error) => break error,
        }
        seq += 1;
        assert!(seq < 100, "it is never full");
    };
    assert_eq!(error.kind, StoreErrorKind::Full, "{error}");
    assert!(error.message.contains("steadfast.db") && error.message.contains("free some space"), "{error}");
    assert_eq!(store.run(RunKey::Number(hog)).expect("read").expect("there").seq, seq);
    assert_eq!(store.entries(hog, 0, 1_000).expect("read").len() as u64, seq);

    let both =
        [Write::from(append(run, lease, 1, Value::json("1"))), Write::from(append(hog, other, seq, bytes(200_000)))];
    assert_eq!(store.commit(&both).expect_err("still full").kind, StoreErrorKind::Full);
    assert_eq!(store.run(RunKey::Number(run)).expect("read").expect("there").seq, 1, "the batch failed as a whole");

    remove(&store, append(hog, other, seq, bytes(0)));
    push(&store, run, lease, 1, bytes(100_000));
    assert_eq!(store.entries(run, 0, 10).expect("read").len(), 2);
}

#[test]
fn a_deleted_run_gives_its_pages_back() {
    let folder = tempdir().expect("a folder");
    let store = SqliteStore::options().open(folder.path().join("steadfast.db")).expect("it opens");
    let (lease, run) = begin(&store, "large");
    for seq in 1..=20 {
        push(&store, run, lease, seq, bytes(1_000_000));
    }
    let before = pragma(&store, "page_count");
    assert!(before > 4_800);
    remove(&store, append(run, lease, 21, bytes(0)));
    let (pages, free) = (pragma(&store, "page_count"), pragma(&store, "freelist_count"));
    assert!(pages < before - 1_000, "{before} pages became {pages}, {free} of them free");
    let (lease, next) = begin(&store, "next");
    push(&store, next, lease, 1, Value::json("1"));
    assert!(next > run);
}

#[test]
fn the_log_does_not_grow_without_limit() {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("steadfast.db");
    let store = SqliteStore::open(&path, steadfast::store::Durability::Relaxed).expect("it opens");
    let (lease, run) = begin(&store, "a");
    for seq in 1..=100 {
        push(&store, run, lease, seq, bytes(1_000_000));
        assert_eq!(store.entries(run, seq - 1, 1).expect("read").len(), 1);
    }
    let log = std::fs::metadata(folder.path().join("steadfast.db-wal")).expect("it is there").len();
    assert!(log < 40_000_000, "100 MB were written, and the log has {log} bytes");
}
