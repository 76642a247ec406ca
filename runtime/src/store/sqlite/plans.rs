//! Tests the plan of every query: none scans a table, and none sorts rows that an index yields in order.

use super::SqliteStore;
use crate::store::{Durability, sql::texts};
use rusqlite::Connection;

/// Queries that scan, and why they may.
const SCANS: &[(&str, &str)] = &[
    ("LEASES", "as many as engines that live or died unnoticed"),
    ("INBOX_OF_LEASE", "only what waits: a partial index"),
    ("GIVE_KEYS_TO_IDLE", "once in the life of a queue, when its tasks get keys"),
    ("WAITING_UNOWNED", "the rows that the inner query has found, at most as many as asked for"),
    ("RUN_COUNTS", "the rows that the inner queries have found, at most as many as asked for"),
    ("WAITING_OWNED", "the rows that the inner query has found, at most as many as asked for"),
];

/// Queries that sort their rows, and why they may.
const SORTS: &[(&str, &str)] = &[
    ("INBOX_OF_LEASE", "what waits is in order of runs"),
    ("PAGE_OF_REQUESTS", "the requests of one run, of which its index has the open ones first"),
];

#[test]
fn every_query_is_served_by_an_index_in_its_own_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SqliteStore::open(folder.path().join("plans.db"), Durability::Relaxed).expect("it opens");
    let db = Connection::open(store.path()).expect("opened");
    let mut faults = Vec::new();
    let (mut scans, mut sorts) = (Vec::new(), Vec::new());
    let texts = texts();
    assert!(texts.len() > 150, "{}", texts.len());
    for (name, text) in texts {
        let explained = ["SELECT", "INSERT", "UPDATE", "DELETE"].iter().any(|word| text.trim_start().starts_with(word));
        // `SELECT_RUNS` is only the beginning of other queries.
        if !explained || name == "SELECT_RUNS" {
            continue;
        }
        let plan = plan(&db, &text);
        let allowed = |list: &[(&str, &str)]| list.iter().any(|(allowed, _)| *allowed == name);
        // Rows of the query itself are not read from a table.
        let is_own = |line: &str| line == "SCAN CONSTANT ROW" || line.ends_with("-ROW VALUES CLAUSE");
        if plan.iter().any(|line| line.starts_with("SCAN ") && !is_own(line)) {
            scans.push(name.clone());
            if !allowed(SCANS) {
                faults.push(format!("{name}: {text}\n    {}", plan.join("\n    ")));
            }
        }
        if plan.iter().any(|line| line.contains("TEMP B-TREE FOR") && line.contains("ORDER BY")) {
            sorts.push(name.clone());
            if !allowed(SORTS) {
                faults.push(format!("{name}: {text}\n    {}", plan.join("\n    ")));
            }
        }
    }
    assert!(faults.is_empty(), "{} plans:\n{}", faults.len(), faults.join("\n"));
    for (list, found) in [(SCANS, scans), (SORTS, sorts)] {
        for (name, why) in list {
            assert!(found.iter().any(|found| found == name), "{name} is not an exception any longer ({why})");
        }
    }
}

fn plan(db: &Connection, text: &str) -> Vec<String> {
    let mut statement =
        db.prepare(&format!("EXPLAIN QUERY PLAN {text}")).unwrap_or_else(|error| panic!("{text}: {error}"));
    let values = vec![rusqlite::types::Value::Null; statement.parameter_count()];
    let lines = statement.query_map(rusqlite::params_from_iter(values), |row| row.get::<_, String>(3)).expect("a plan");
    lines.map(|line| line.expect("a line")).collect()
}
