//! Opening the engine's files, and other files.

use super::writing::{AT, begin, push};
use rusqlite::Connection;
use std::fs;
use std::path::Path;
use std::time::Duration;
use steadfast::history::Value;
use steadfast::store::backend::{Append, Lease, Outgoing, RequestKey, RunKey, RunQuery, RunRow, Write, Written};
use steadfast::store::{Durability, SqliteStore, Status, Store, StoreError, StoreErrorKind};
use tempfile::tempdir;

fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path, Durability::Relaxed)
}

/// Asserts that opening fails, and that the message names the path and contains all of `says`.
#[track_caller]
fn assert_refused(path: &Path, kind: StoreErrorKind, says: &[&str]) {
    let error = open(path).expect_err("it must not open");
    assert_eq!(error.kind, kind, "{error}");
    for part in says.iter().copied().chain([&*path.display().to_string()]) {
        assert!(error.message.contains(part), "«{error}» does not say «{part}»");
    }
}

#[test]
fn a_missing_and_an_empty_file_become_databases() {
    let folder = tempdir().expect("a folder");
    let (missing, empty, no_tables) =
        (folder.path().join("a.db"), folder.path().join("b.db"), folder.path().join("c.db"));
    fs::write(&empty, "").expect("written");
    Connection::open(&no_tables).expect("opened").execute_batch("PRAGMA user_version = 7").expect("written");
    for path in [&missing, &empty, &no_tables] {
        begin(&open(path).expect("it opens"), "a");
        assert_eq!(open(path).expect("again").run(RunKey::Id("a")).expect("read").map(|row| row.seq), Some(1));
    }
    let number = |pragma: &str| -> i64 {
        let connection = Connection::open(&missing).expect("opened");
        connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0)).expect("read")
    };
    assert_eq!(number("auto_vacuum"), 2, "incremental");
}

#[test]
fn everything_is_there_after_opening_again() {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("steadfast.db");
    let store = open(&path).expect("it opens");
    let (lease, run) = begin(&store, "order-42");
    push(&store, run, lease, 1, Value::json("[1,2]"));
    let (id, entries) = (store.database_id().to_owned(), store.entries(run, 0, 10).expect("read"));
    drop(store);
    assert!(!folder.path().join("steadfast.db-wal").exists(), "the log is in the file");

    let store = SqliteStore::open(&path, Durability::Full).expect("it opens again");
    assert_eq!(store.database_id(), id);
    assert_eq!(store.entries(run, 0, 10).expect("read"), entries);
    let row = store.run(RunKey::Number(run)).expect("read").expect("there");
    let expected = RunRow {
        number: run,
        id: "order-42".to_owned(),
        workflow: "order".to_owned(),
        status: Status::Running,
        seq: 2,
        lease: Some(lease.number),
        wake_at: Some(0),
        loads: 0,
        execution: [1; 16],
        seed: [1; 16],
        created_at: AT,
        updated_at: AT,
        parked: None,
        version: 1,
        parent: None,
        first_run: run,
        forked_from: None,
        successor: None,
        dedup: None,
        queue: None,
    };
    assert_eq!(row, expected);
    push(&store, run, lease, 2, Value::json("3"));
}

/// Tests that a file of schema 2 reads as before, and gets the new tables.
#[test]
fn a_file_of_the_second_schema_goes_on() {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("steadfast.db");
    let old = Connection::open(&path).expect("opened");
    old.execute_batch(include_str!("../../../fixtures/schema-2.sql")).expect("written");
    drop(old);
    let store = open(&path).expect("it opens");
    assert_eq!(store.database_id(), "0123456789abcdef0123456789abcdef");
    let row = |number| store.run(RunKey::Number(number)).expect("read").expect("there");
    let run = row(7);
    assert_eq!((run.id.as_str(), run.seq, run.lease, run.loads), ("order-42", 2, Some(3), 1));
    assert_eq!((run.version, run.first_run, run.parent, run.forked_from), (1, 7, None, None));
    assert_eq!((run.successor, run.dedup, run.seed), (None, None, [1; 16]));
    assert_eq!((row(8).first_run, row(8).seed, row(8).parked.as_deref()), (8, [1; 16], Some("{}")));
    let entries = store.entries(7, 0, 9).expect("read");
    assert_eq!((entries.len(), &entries[1].value, &entries[1].other), (2, &Some(Value::json("5")), &None));
    assert_eq!(store.fields(7, 0, 9).expect("read")[0].value, Value::json("5"));
    let items = store.inbox(RunKey::Lease(3), 0, 9).expect("read");
    assert_eq!(
        (items[0].number, items[0].kind.as_str(), &items[0].name, items[0].position),
        (4, "cancel", &None, None)
    );

    let lease = Lease { number: 3, epoch: 1 };
    let outgoing = vec![Outgoing::Put { channel: "news".to_owned(), seq: 3, value: None }];
    let more = Append { outgoing, taken: vec![4], ..super::writing::append(7, lease, 2, Value::json("6")) };
    let answer = super::writing::written(&store, Write::from(more)).expect("committed").expect("appended");
    assert_eq!(answer, Written::Appended { outcomes: vec![Ok(1)], notified: vec![] });
    assert_eq!(super::writing::number(&store, super::writing::start("next", lease)), 9);
    drop(store);

    let file = Connection::open(&path).expect("opened");
    let text = |query: &str| -> String { file.query_row(query, [], |row| row.get(0)).expect("read") };
    assert_eq!(text("SELECT value FROM steadfast_meta WHERE key = 'schema'"), "13");
    assert_eq!(text("SELECT value FROM steadfast_history WHERE run = 'order-42' AND seq = 3"), "6");
    assert_eq!(text("SELECT key || ifnull(body, '') FROM steadfast_inbox WHERE taken IS NOT NULL"), "cancel");
}

/// Tests a file of schema 3, which had other indexes: everything is still found.
#[test]
fn a_file_of_the_third_schema_goes_on() {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("steadfast.db");
    let old = Connection::open(&path).expect("opened");
    old.execute_batch(include_str!("../../../fixtures/schema-3.sql")).expect("written");
    drop(old);
    let store = open(&path).expect("it opens");
    let found = |query: RunQuery| -> Vec<String> {
        store.runs(&query).expect("read").runs.into_iter().map(|row| row.id).collect()
    };
    let all = RunQuery::default;
    assert_eq!(found(all()), ["order-42", "child", "paused"]);
    assert_eq!(found(RunQuery { lease: Some(3), ..all() }), ["order-42", "paused"]);
    assert_eq!(found(RunQuery { lease: Some(3), by_wake_at: true, ..all() }), ["order-42"]);
    assert_eq!(found(RunQuery { workflow: Some("order".to_owned()), ..all() }), ["order-42", "child"]);
    assert_eq!(found(RunQuery { statuses: vec![Status::Paused], ..all() }), ["paused"]);
    assert_eq!(found(RunQuery { labels: vec![("tenant".into(), "acme".into())], ..all() }), ["order-42", "paused"]);
    assert_eq!(found(RunQuery { parent: Some(7), ..all() }), ["child"]);
    assert_eq!(found(RunQuery { forked_from: Some(7), ..all() }), ["paused"]);
    let row = store.run(RunKey::Number(7)).expect("read").expect("there");
    assert_eq!((row.version, row.dedup.as_deref()), (2, Some("key")));
    let requests = store.requests(RequestKey::Run(7)).expect("read");
    assert_eq!(requests.iter().map(|request| request.id.as_str()).collect::<Vec<_>>(), ["aa"], "those that are open");
    assert_eq!(store.outputs(7, "news", 0, 9, false).expect("read").len(), 1);

    let lease = Lease { number: 3, epoch: 1 };
    let more = Append { taken: vec![4], ..super::writing::append(7, lease, 2, Value::json("6")) };
    super::writing::written(&store, Write::from(more)).expect("committed").expect("appended");
    drop(store);
    let file = Connection::open(&path).expect("opened");
    let version: String =
        file.query_row("SELECT value FROM steadfast_meta WHERE key = 'schema'", [], |row| row.get(0)).expect("read");
    assert_eq!(version, "13");
}

#[test]
fn a_file_that_is_not_a_database_is_left_alone() {
    let folder = tempdir().expect("a folder");
    for (name, content) in
        [("notes.txt", "Buy milk, and a longer text than a header."), ("short", "x"), ("long", &"milk ".repeat(10_000))]
    {
        let path = folder.path().join(name);
        fs::write(&path, content).expect("written");
        assert_refused(&path, StoreErrorKind::NotOurs, &["not an SQLite database", "left as it is"]);
        assert_eq!(fs::read_to_string(&path).expect("read"), content);
    }
    assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 3, "nothing else was made");
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let folder = tempdir().expect("a folder");
    for mode in ["DELETE", "WAL"] {
        let path = folder.path().join(format!("{mode}.db"));
        let theirs = Connection::open(&path).expect("opened");
        theirs.pragma_update(None, "journal_mode", mode).expect("set");
        theirs.execute_batch("CREATE TABLE notes (text); INSERT INTO notes VALUES ('milk')").expect("written");
        let files = || {
            let log = fs::read(folder.path().join(format!("{mode}.db-wal"))).unwrap_or_default();
            (fs::read(&path).expect("read"), log)
        };
        let before = files();
        assert_refused(&path, StoreErrorKind::NotOurs, &["another program", "left as it is"]);
        assert!(files() == before, "the files changed");
        drop(theirs);
        assert_refused(&path, StoreErrorKind::NotOurs, &["another program", "left as it is"]);
    }
    assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 2, "nothing else is left behind");
}

#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("steadfast.db");
    drop(open(&path).expect("it opens"));
    let set = |version: &str| {
        let connection = Connection::open(&path).expect("opened");
        connection.execute("UPDATE steadfast_meta SET value = ?1 WHERE key = 'schema'", [version]).expect("set");
    };
    set("99");
    let before = fs::read(&path).expect("read");
    assert_refused(&path, StoreErrorKind::Newer, &["version 99", "up to 13", "left as it is"]);
    assert!(fs::read(&path).expect("read") == before, "the file changed");
    set("soon");
    assert_refused(&path, StoreErrorKind::Damaged, &["\"soon\"", "schema"]);
}

#[test]
fn a_path_without_a_file_is_explained() {
    let folder = tempdir().expect("a folder");
    assert_refused(folder.path(), StoreErrorKind::NotOurs, &["is a folder", "steadfast.db"]);
    let missing = folder.path().join("missing");
    let says = [&*missing.display().to_string(), "there is no folder", "make it"];
    assert_refused(&missing.join("steadfast.db"), StoreErrorKind::ReadOnly, &says);
    for name in ["", ":memory:"] {
        assert_refused(Path::new(name), StoreErrorKind::NotOurs, &["MemoryStore"]);
    }
}

#[cfg(unix)]
#[test]
fn what_may_not_be_written_is_explained() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempdir().expect("a folder");
    let allow = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("changed");
    let path = folder.path().join("steadfast.db");
    drop(open(&path).expect("it opens"));

    allow(&path, 0o444);
    if fs::OpenOptions::new().append(true).open(&path).is_ok() {
        return; // A superuser may write anywhere.
    }
    assert_refused(&path, StoreErrorKind::ReadOnly, &["cannot be written", "allow this user"]);
    allow(&path, 0o000);
    assert_refused(&path, StoreErrorKind::ReadOnly, &["allow this user"]);
    allow(&path, 0o644);
    allow(folder.path(), 0o555);
    assert_refused(&path, StoreErrorKind::ReadOnly, &["folder", "allow this user"]);
    assert_refused(&folder.path().join("new.db"), StoreErrorKind::ReadOnly, &["folder", "allow this user"]);
    allow(folder.path(), 0o755);
    open(&path).expect("it opens again");
}

/// Tests that opening a file again keeps the locks of the first store. On Unix, closing any handle of a file drops the
/// locks that the process has on it. Then another process may treat the file as unused, and remove the log.
#[cfg(target_os = "linux")]
#[test]
fn opening_again_keeps_the_locks_of_the_first() {
    use std::os::unix::fs::MetadataExt as _;
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("steadfast.db");
    let _store = open(&path).expect("it opens");
    let file = format!(":{} ", fs::metadata(&path).expect("it is there").ino());
    let locks = || fs::read_to_string("/proc/locks").expect("read").lines().filter(|lock| lock.contains(&file)).count();
    let before = locks();
    drop(open(&path).expect("it opens again"));
    // The list is not read at one moment: a line may be missing while other tests lock and unlock. Dropped locks stay
    // away.
    let begun = std::time::Instant::now();
    while locks() != before && begun.elapsed() < Duration::from_secs(10) {
        std::thread::yield_now();
    }
    assert_eq!(locks(), before);
}

#[test]
fn a_locked_file_is_busy() {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("steadfast.db");
    let store = SqliteStore::options().busy_timeout(Duration::from_millis(20)).open(&path).expect("it opens");
    let other = Connection::open(&path).expect("opened");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let error = store.commit(&[super::writing::start("a", steadfast::store::backend::Lease { number: 1, epoch: 1 })]);
    let error = error.expect_err("the file is locked");
    assert_eq!(error.kind, StoreErrorKind::Busy, "{error}");
    assert!(error.message.contains("steadfast.db") && error.message.contains("locked"), "{error}");
    assert!(store.leases().expect("reading goes on").is_empty());
    other.execute_batch("ROLLBACK").expect("let go");
    begin(&store, "a");

    drop(store);
    other.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT").expect("locked");
    let error = SqliteStore::options().busy_timeout(Duration::from_millis(20)).open(&path).expect_err("locked");
    assert_eq!(error.kind, StoreErrorKind::Busy, "{error}");
}

/// The store would wait for an hour: if this did, the test would not end.
#[test]
fn a_commit_that_must_not_wait_leaves_a_locked_file_alone() {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("steadfast.db");
    let store = SqliteStore::options().busy_timeout(Duration::from_hours(1)).open(&path).expect("it opens");
    let (lease, run) = begin(&store, "a");
    let more = || Write::from(super::writing::append(run, lease, 1, Value::json("1")));
    let other = Connection::open(&path).expect("opened");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    assert_eq!(store.try_commit(&[more()]).expect("no error"), None);
    assert_eq!(store.entries(run, 0, 9).expect("read").len(), 1, "nothing was written");
    other.execute_batch("ROLLBACK").expect("let go");
    assert_eq!(store.try_commit(&[more()]).expect("committed"), Some(vec![Ok(Written::Done)]));
    assert_eq!(store.entries(run, 0, 9).expect("read").len(), 2);

    // A commit that may wait does so as before.
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| push(&store, run, lease, 2, Value::json("2")));
        std::thread::sleep(Duration::from_millis(50));
        assert!(!waiting.is_finished(), "it does not wait for the other writer");
        other.execute_batch("ROLLBACK").expect("let go");
    });
    assert_eq!(store.entries(run, 0, 9).expect("read").len(), 3);
}

#[test]
fn many_open_a_new_file_at_once() {
    let folder = tempdir().expect("a folder");
    for n in 0..10 {
        let path = folder.path().join(format!("{n}.db"));
        let ids: Vec<String> = std::thread::scope(|scope| {
            let opening: Vec<_> =
                (0..4).map(|_| scope.spawn(|| open(&path).expect("it opens").database_id().to_owned())).collect();
            opening.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    }
}

#[cfg(unix)]
#[test]
fn the_lock_files_of_a_link_are_those_of_its_file() {
    let folder = tempdir().expect("a folder");
    let (path, link) = (folder.path().join("steadfast.db"), folder.path().join("link.db"));
    let store = open(&path).expect("it opens");
    std::os::unix::fs::symlink(&path, &link).expect("linked");
    assert_eq!(open(&link).expect("it opens").lock_stem(), store.lock_stem());
    assert_eq!(store.lock_stem().as_deref(), Some(store.path()));
    assert!(store.path().is_absolute());
}

/// An older version of the library would find its entries gone.
#[test]
fn a_file_of_the_third_schema_is_not_converted_while_it_is_open_elsewhere() {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("steadfast.db");
    let old = Connection::open(&path).expect("opened");
    old.execute_batch(include_str!("../../../fixtures/schema-3.sql")).expect("written");
    let mode: String = old.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).expect("a mode");
    assert_eq!(mode, "wal");
    let entries = |file: &Connection| -> i64 {
        file.query_row("SELECT count(*) FROM steadfast_entries", [], |row| row.get(0)).expect("counted")
    };
    let before = entries(&old);
    let error = SqliteStore::options()
        .busy_timeout(std::time::Duration::from_millis(20))
        .open(&path)
        .expect_err("it must not open");
    assert_eq!(error.kind, StoreErrorKind::Busy, "{error}");
    for part in ["steadfast.db", "older schema version", "open elsewhere", "left as it is", "Stop that process"] {
        assert!(error.message.contains(part), "«{error}» does not say «{part}»");
    }
    assert_eq!(entries(&old), before);
    drop(old);
    assert_eq!(open(&path).expect("it opens").entries(7, 0, 9).expect("read").len(), 2);
}

/// Engines of this version that start together do not keep each other from the conversion.
#[test]
fn many_open_a_file_of_the_third_schema_at_once() {
    let folder = tempdir().expect("a folder");
    for round in 0..4 {
        let path = folder.path().join(format!("steadfast-{round}.db"));
        let old = Connection::open(&path).expect("opened");
        let mode: String = old.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).expect("a mode");
        assert_eq!(mode, "wal");
        old.execute_batch(include_str!("../../../fixtures/schema-3.sql")).expect("written");
        drop(old);
        let begun = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    begun.wait();
                    let store = open(&path).expect("it opens");
                    assert_eq!(store.entries(7, 0, 9).expect("read").len(), 2);
                });
            }
        });
    }
}
