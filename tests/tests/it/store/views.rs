//! The views that a person queries in a shell.

use super::on_disk::fresh;
use super::writing::{append, begin, bytes, field, push, written};
use rusqlite::Connection;
use rusqlite::types::Value as Shown;
use steadfast::history::Value;
use steadfast::store::SqliteStore;
use steadfast::store::backend::{Append, Write};

fn rows(store: &SqliteStore, query: &str) -> Vec<Vec<String>> {
    let file = Connection::open(store.path()).expect("opened");
    let mut statement = file.prepare(query).expect("prepared");
    let columns = statement.column_count();
    let shown = |value: Shown| match value {
        Shown::Null => String::new(),
        Shown::Integer(number) => number.to_string(),
        Shown::Text(text) => text,
        other => format!("{other:?}"),
    };
    let row = |row: &rusqlite::Row<'_>| (0..columns).map(|n| row.get(n).map(shown)).collect();
    statement.query_map([], row).expect("read").collect::<Result<_, _>>().expect("read")
}

#[test]
fn the_history_is_readable() {
    let store = fresh();
    let (lease, run) = begin(&store, "order-42");
    begin(&store, "other");
    push(&store, run, lease, 1, Value::json(r#"{"charge":"ch_1"}"#));
    push(&store, run, lease, 2, bytes(1_234));
    let history = rows(
        &store,
        "SELECT seq, time, kind, position, name, attempt, value FROM steadfast_history WHERE run = 'order-42'",
    );
    let time = "2023-11-14T22:13:20.123Z";
    assert_eq!(
        history,
        [
            ["1", time, "run_started", "1", "charge", "1", "{}"],
            ["2", time, "step_completed", "1", "charge", "1", r#"{"charge":"ch_1"}"#],
            ["3", time, "step_completed", "1", "charge", "1", "<1234 bytes>"],
        ]
    );
    assert_eq!(rows(&store, "SELECT * FROM steadfast_history").len(), 4);
}

#[test]
fn the_context_is_readable() {
    let store = fresh();
    for id in ["order-42", "other"] {
        let (lease, run) = begin(&store, id);
        let set = vec![field(2, "status", Value::json("\"new\"")), field(2, "scan", bytes(9))];
        for (after, fields) in [(1, set), (2, vec![field(3, "status", Value::json("\"paid\""))]), (3, vec![])] {
            let append = Append { fields, ..append(run, lease, after, Value::json("1")) };
            written(&store, Write::from(append)).expect("committed").expect("appended");
        }
    }
    let context = rows(&store, "SELECT field, value, since FROM steadfast_context WHERE run = 'order-42'");
    assert_eq!(context, [["scan", "<9 bytes>", "2"], ["status", "\"paid\"", "3"]]);
    assert_eq!(rows(&store, "SELECT * FROM steadfast_context").len(), 4);
}
