//! Several stores on the same data.

use super::writing::{append, begin, push, written};
use std::path::Path;
use steadfast::history::Value;
use steadfast::store::backend::{Lease, Rejected, RunKey, Write, Written};
use steadfast::store::{Durability, MemoryStore, SqliteStore, Store};
use tempfile::tempdir;

fn two_files(folder: &Path) -> (SqliteStore, SqliteStore) {
    let open = || SqliteStore::open(folder.join("steadfast.db"), Durability::Relaxed).expect("it opens");
    (open(), open())
}

/// Checks that each store sees the commits of the other, and is notified of these only.
fn assert_shared(one: &impl Store, two: &impl Store) {
    assert_eq!(one.database_id(), two.database_id());
    let changes = |store: &dyn Fn() -> Result<u64, steadfast::store::StoreError>| store().expect("read");
    let (of_one, of_two) = (|| changes(&|| one.foreign_changes()), || changes(&|| two.foreign_changes()));
    let (mut seen_by_one, mut seen_by_two) = (of_one(), of_two());
    let (lease, run) = begin(one, "a");
    for after in 1..20 {
        push(one, run, lease, after, Value::json("1"));
        assert_eq!(two.entries(run, after, 10).expect("read").len(), 1);
        assert_eq!(of_one(), seen_by_one, "its own commit");
        assert_ne!(of_two(), seen_by_two, "a foreign commit");
        seen_by_two = of_two();
    }

    let taken = Write::TakeLease { seen: lease, heartbeat: 0, owner: "two".to_owned() };
    let next = Lease { epoch: 2, ..lease };
    assert_eq!(written(two, taken).expect("committed"), Ok(Written::Lease(next)));
    assert_ne!(of_one(), seen_by_one);
    seen_by_one = of_one();
    assert_eq!(of_one(), seen_by_one, "asking is no change");
    let fenced = written(one, Write::from(append(run, lease, 20, Value::json("1"))));
    assert_eq!(fenced.expect("committed"), Err(Rejected::Fenced));
    push(two, run, next, 20, Value::json("1"));
    assert_eq!(one.run(RunKey::Id("a")).expect("read").map(|row| row.seq), Some(21));
}

#[test]
fn two_stores_on_one_file() {
    let folder = tempdir().expect("a folder");
    let (one, two) = two_files(folder.path());
    assert_shared(&one, &two);
}

#[test]
fn two_handles_on_one_memory() {
    let one = MemoryStore::new();
    assert_shared(&one, &one.clone());
}

#[test]
fn two_stores_write_to_one_file_at_once() {
    let folder = tempdir().expect("a folder");
    let (one, two) = two_files(folder.path());
    std::thread::scope(|scope| {
        for (store, id) in [(&one, "a"), (&two, "b")] {
            scope.spawn(move || {
                let (lease, run) = begin(store, id);
                for after in 1..=300 {
                    push(store, run, lease, after, Value::json("1"));
                }
            });
        }
    });
    for id in ["a", "b"] {
        assert_eq!(one.run(RunKey::Id(id)).expect("read").map(|row| row.seq), Some(301));
    }
}

#[test]
fn asking_for_changes_does_not_wait_for_a_commit() {
    let folder = tempdir().expect("a folder");
    let (one, two) = two_files(folder.path());
    let last = one.foreign_changes().expect("read");
    let other = rusqlite::Connection::open(two.path()).expect("opened");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    std::thread::scope(|scope| {
        scope.spawn(|| begin(&one, "a"));
        std::thread::sleep(std::time::Duration::from_millis(50));
        let asked = std::time::Instant::now();
        assert_eq!(one.foreign_changes().expect("read"), last);
        assert!(asked.elapsed() < std::time::Duration::from_secs(1));
        other.execute_batch("ROLLBACK").expect("let go");
    });
}
