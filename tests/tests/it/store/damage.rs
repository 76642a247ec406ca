//! Rows that were changed after they were written.

use super::on_disk::fresh;
use super::writing::{append, begin, field, push, written};
use crate::entries::change;
use rusqlite::Connection;
use steadfast::history::Value;
use steadfast::store::backend::{Append, Rejected, RunKey, RunQuery, Write, Written};
use steadfast::store::{SqliteStore, Store, StoreError, StoreErrorKind};

fn spoil(store: &SqliteStore, statement: &str) {
    change(&Connection::open(store.path()).expect("opened"), statement);
}

/// Returns a store with one run of two entries and a field, after `statement`.
fn spoiled(statement: &str) -> (SqliteStore, i64) {
    let store = fresh();
    let (lease, run) = begin(&store, "order-42");
    let fields = vec![field(2, "status", Value::json("\"new\""))];
    let append = Append { fields, ..append(run, lease, 1, Value::json("5")) };
    written(&store, Write::from(append)).expect("committed").expect("appended");
    spoil(&store, statement);
    (store, run)
}

#[track_caller]
fn assert_says(error: &StoreError, kind: StoreErrorKind, says: &[&str]) {
    assert_eq!(error.kind, kind, "{error}");
    for part in says.iter().copied().chain(["steadfast.db"]) {
        assert!(error.message.contains(part), "«{error}» does not say «{part}»");
    }
}

#[test]
fn a_damaged_entry_is_named() {
    for (change, says) in [
        ("kind = 'bogus'", &["`kind`", "\"bogus\""][..]),
        ("form = 'xml'", &["`form`", "\"xml\""]),
        ("form = NULL", &["`form`", "nothing"]),
        ("body = x'FF'", &["`bodies`", "JSON text", "no text"]),
        ("at = 'noon'", &["`at`", "an integer", "\"noon\""]),
        ("position = -3", &["`position`", "-3"]),
        ("attempt = 5000000000", &["`attempt`", "5000000000"]),
        ("cause = 1.5", &["`cause`", "1.5"]),
        ("format = -1", &["`format`", "-1"]),
    ] {
        let (store, run) = spoiled(&format!("UPDATE steadfast_entries SET {change} WHERE seq = 2"));
        let error = store.entries(run, 0, 10).expect_err(change);
        assert_says(&error, StoreErrorKind::Damaged, &["entry 2", &format!("run {run}"), "order-42"]);
        assert_says(&error, StoreErrorKind::Damaged, says);
        assert_eq!(store.entries(run, 0, 1).expect("what comes before it").len(), 1);
    }
}

#[test]
fn a_damaged_field_is_named() {
    for (change, says) in [("body = 5", "the integer 5"), ("form = 'bytes'", "should hold bytes")] {
        let (store, run) = spoiled(&format!("UPDATE steadfast_fields SET {change}"));
        let error = store.fields(run, 0, 9).expect_err(change);
        assert_says(&error, StoreErrorKind::Damaged, &["entry 2", &format!("run {run}"), "order-42", says]);
    }
}

#[test]
fn a_damaged_run_is_named() {
    for (change, says) in [
        ("status = 'dancing'", "\"dancing\""),
        ("incarnation = 'abc'", "\"abc\""),
        ("incarnation = '+0000000000000000000000000000001'", "hexadecimal"),
        ("seed = 'abc'", "\"abc\""),
        ("loads = -1", "-1"),
        ("workflow = x'00'", "1 bytes"),
    ] {
        let (store, run) = spoiled(&format!("UPDATE steadfast_runs SET {change}"));
        let named = format!("run {run}");
        assert_says(&store.run(RunKey::Id("order-42")).expect_err(change), StoreErrorKind::Damaged, &[&named, says]);
        let page = store.runs(&RunQuery::default()).expect("other runs can be read");
        assert!(page.runs.iter().all(|row| row.number != run));
        assert_says(&page.damaged[0], StoreErrorKind::Damaged, &[&named, says]);
    }
}

#[test]
fn what_a_newer_version_wrote_is_named() {
    let (store, run) = spoiled("UPDATE steadfast_entries SET format = 5, kind = 'of the future' WHERE seq = 2");
    let error = store.entries(run, 0, 10).expect_err("it is newer");
    assert_says(&error, StoreErrorKind::Newer, &["entry 2", &format!("run {run}"), "format 5", "format 4"]);
    let (store, run) = spoiled("UPDATE steadfast_fields SET format = 5");
    let error = store.fields(run, 0, 10).expect_err("it is newer");
    assert_says(&error, StoreErrorKind::Newer, &["entry 2", &format!("run {run}"), "format 5", "format 4"]);
}

#[test]
fn a_write_that_the_rows_do_not_allow_is_left_out_alone() {
    let store = fresh();
    let (lease, first) = begin(&store, "a");
    let (other, second) = begin(&store, "b");
    spoil(&store, &format!("INSERT INTO steadfast_fields VALUES ({first}, 2, 'status', 1, 'json', '1')"));
    let answers = store
        .commit(&[
            Write::from(append(second, other, 1, Value::json("1"))),
            Write::from(Append {
                fields: vec![field(2, "status", Value::json("2"))],
                ..append(first, lease, 1, Value::json("1"))
            }),
            Write::from(append(second, other, 2, Value::json("2"))),
        ])
        .expect("the batch is committed");
    assert!(matches!(&answers[1], Err(Rejected::Refused(why)) if why.contains("UNIQUE")), "{answers:?}");
    assert_eq!([&answers[0], &answers[2]], [&Ok(Written::Done), &Ok(Written::Done)]);
    let seq = |run| store.run(RunKey::Number(run)).expect("read").expect("there").seq;
    assert_eq!((seq(first), seq(second)), (1, 3), "nothing of it stays");
    push(&store, second, other, 3, Value::json("3"));
}

#[test]
fn a_damaged_run_stops_no_other() {
    let store = fresh();
    let (lease, run) = begin(&store, "a");
    begin(&store, "b");
    spoil(&store, "UPDATE steadfast_runs SET status = 'dancing' WHERE id = 'b'");
    let answers = store
        .commit(&[super::writing::start("b", lease), Write::from(append(run, lease, 1, Value::json("1")))])
        .expect("the batch is committed");
    assert!(matches!(&answers[0], Err(Rejected::Refused(why)) if why.contains("dancing")), "{answers:?}");
    assert_eq!(answers[1], Ok(Written::Done));
}

#[test]
fn a_file_of_rubbish_behind_a_good_header_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("steadfast.db");
    let mut rubbish = b"SQLite format 3\0".to_vec();
    rubbish.resize(8_192, 0xA5);
    std::fs::write(&path, &rubbish).expect("written");
    let error = SqliteStore::open(&path, steadfast::store::Durability::Full).expect_err("it must not open");
    assert_says(&error, StoreErrorKind::NotOurs, &["not an SQLite database"]);
    assert!(std::fs::read(&path).expect("read") == rubbish, "the file changed");
}
