//! The rows of the log, which have the entries of one append each.

use super::on_disk::fresh;
use super::writing::{append, begin, written};
use rusqlite::Connection;
use steadfast::history::Value;
use steadfast::store::backend::{Append, EntryRow, Write};
use steadfast::store::{SqliteStore, Store, StoreErrorKind};

/// Returns a store with a run of four entries: a row of the first, and a row of three.
fn store_with_rows() -> (SqliteStore, i64) {
    let store = fresh();
    let (lease, run) = begin(&store, "order-42");
    let one = append(run, lease, 1, Value::json("\"one\""));
    let [first] = &one.entries[..] else { panic!("{one:?}") };
    let two = EntryRow { seq: 3, value: Some(Value::json("\"two\"")), ..first.clone() };
    let three = EntryRow { seq: 4, value: None, name: Some("ä\"\\".to_owned()), ..first.clone() };
    let append = Append { entries: vec![first.clone(), two, three], ..one };
    written(&store, Write::from(append)).expect("committed").expect("appended");
    (store, run)
}

#[test]
fn the_entries_of_an_append_are_one_row_and_are_read_in_pages() {
    let (store, run) = store_with_rows();
    let db = Connection::open(store.path()).expect("opened");
    let rows: i64 = db.query_row("SELECT count(*) FROM steadfast_log", [], |row| row.get(0)).expect("a count");
    assert_eq!(rows, 2);
    let all = store.entries(run, 0, 9).expect("read");
    assert_eq!(all.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1, 2, 3, 4]);
    for after in 0..=4 {
        for limit in 0..=4 {
            let from = usize::try_from(after).expect("small");
            let to = (from + limit).min(all.len());
            assert_eq!(store.entries(run, after, limit).expect("read"), all[from..to], "after {after}, {limit}");
        }
    }
    let outline = store.outline(run, 1, 9).expect("read");
    assert!(outline.iter().all(|entry| entry.value.is_none()) && outline.len() == 3, "{outline:?}");
    let line = |seq: u64| {
        let query = "SELECT kind, name, value FROM steadfast_history WHERE run = 'order-42' AND seq = ?1";
        db.query_row(query, [seq.cast_signed()], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?, row.get::<_, Option<String>>(2)?))
        })
    };
    let kind = all[1].kind.as_str();
    assert_eq!(line(2).expect("a line"), (kind.to_owned(), all[1].name.clone(), Some("\"one\"".to_owned())));
    assert_eq!(line(4).expect("a line"), (kind.to_owned(), Some("ä\"\\".to_owned()), None));
}

#[test]
fn a_damaged_row_names_run_entry_and_member() {
    for (change, says) in [
        ("entries = substr(entries, 1, length(entries) - 5)", &["entry 4", "`entries`", "JSON array"][..]),
        (
            "entries = json_set(entries, '$[1]', json('[\"a\",1,null,0,1,\"b\",1,1,1,\"c\",1,1]'))",
            &["entry 3", "member 2", "1 to 11 columns", "12"],
        ),
        ("entries = json_set(entries, '$[1]', 'lost')", &["entry 3", "member 2", "no array"]),
        ("entries = json_set(entries, '$[1][0]', 'dreamt')", &["entry 3", "member 2", "`kind`", "dreamt"]),
        ("entries = json_remove(entries, '$[1]')", &["entry 4", "the 3 entries up to number 4", "2 members"]),
        ("entries = json_set(entries, '$[1][3]', 99)", &["entry 3", "member 2", "`bodies`", "104 bytes", "10 bytes"]),
        ("count = 2", &["entry 4", "the 2 entries up to number 4", "3 members"]),
        ("count = 9", &["entry 4", "the 9 entries up to number 4"]),
        ("bodies = substr(bodies, 1, 8)", &["entry 3", "member 2", "`bodies`", "10 bytes", "8 bytes"]),
        ("bodies = CAST(bodies || 'x' AS BLOB)", &["entry 4", "`bodies`", "10 bytes"]),
        ("bodies = 'text'", &["entry 4", "`bodies`", "bytes"]),
    ] {
        let (store, run) = store_with_rows();
        let db = Connection::open(store.path()).expect("opened");
        let sql = format!("UPDATE steadfast_log SET {change} WHERE seq = 4");
        assert_eq!(db.execute(&sql, []).expect("spoiled"), 1);
        let error = store.entries(run, 0, 10).expect_err(change);
        assert_eq!(error.kind, StoreErrorKind::Damaged, "{error}");
        for part in says.iter().chain(&["order-42", "restore the database from a copy"]) {
            assert!(error.message.contains(part), "{change}: «{error}» does not say «{part}»");
        }
        assert_eq!(store.entries(run, 0, 1).expect("what comes before it").len(), 1);
    }
}

/// SQLite holds no more than 1 GB in a row, and a reader of one entry should not read many large ones.
#[test]
fn a_large_value_has_a_row_of_its_own() {
    let store = fresh();
    let (lease, run) = begin(&store, "order-42");
    let one = append(run, lease, 1, Value::json("1"));
    let [first] = &one.entries[..] else { panic!("{one:?}") };
    let sizes = [10, 700_000, 700_000, 10, 3_000_000, 10];
    let entry = |(seq, size): (u64, &usize)| {
        let value = Some(Value::json(format!("\"{}\"", "x".repeat(*size))));
        EntryRow { seq, value, ..first.clone() }
    };
    let entries: Vec<_> = (2..).zip(&sizes).map(entry).collect();
    written(&store, Write::from(Append { entries: entries.clone(), ..one })).expect("committed").expect("appended");
    assert_eq!(store.entries(run, 1, 9).expect("read"), entries);
    let db = Connection::open(store.path()).expect("opened");
    let mut rows = db.prepare("SELECT count FROM steadfast_log ORDER BY seq").expect("prepared");
    let counts: Vec<i64> =
        rows.query_map([], |row| row.get(0)).expect("read").map(|count| count.expect("a count")).collect();
    assert_eq!(counts, [1, 2, 2, 1, 1]);
}

#[test]
fn two_rows_with_one_number_are_damage() {
    let (store, run) = store_with_rows();
    let db = Connection::open(store.path()).expect("opened");
    let twin =
        "INSERT INTO steadfast_log SELECT run, 5, count, at, format, entries, bodies FROM steadfast_log WHERE seq = 4";
    assert_eq!(db.execute(twin, []).expect("spoiled"), 1);
    let error = store.entries(run, 0, 10).expect_err("two rows have entry 4");
    assert_eq!(error.kind, StoreErrorKind::Damaged, "{error}");
    for part in ["entry 4", "order-42", "two rows"] {
        assert!(error.message.contains(part), "«{error}» does not say «{part}»");
    }
}
