//! Databases that cannot be looked into: a sentence, and exit code 1.

use crate::filled::Filled;
use crate::tool::{Said, piped};
use limits::Soon as _;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use throwaway_postgres::Cluster;

fn looked_into(path: &Path) -> Said {
    piped(&["--db", &path.display().to_string(), "runs"])
}

fn refused(path: &Path, sentence: &str) {
    let said = looked_into(path);
    assert_eq!(said.code, Some(1), "{}", said.stderr);
    assert!(said.stdout.is_empty() && said.stderr.starts_with("steadfast: "), "{}", said.stderr);
    assert!(said.stderr.contains(sentence) && said.stderr.lines().count() == 1, "{}", said.stderr);
}

/// Returns the file of an engine that has ended.
async fn left() -> (TempDir, PathBuf) {
    let filled = Filled::file().await;
    filled.engine.shutdown(Duration::from_secs(10)).soon().await.expect("it ends");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("runs.db");
    std::fs::copy(&filled.name, &path).expect("copied");
    (folder, path)
}

#[test]
fn what_is_no_database_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    refused(&at("none.db"), "there is no such file");
    assert!(!at("none.db").exists(), "to look makes none");
    refused(folder.path(), "is a folder");
    std::fs::write(at("text.db"), "a text ".repeat(1_000)).expect("written");
    refused(&at("text.db"), "is not an SQLite database");
    Connection::open(at("other.db")).and_then(|db| db.execute_batch("CREATE TABLE t (n)")).expect("made");
    refused(&at("other.db"), "tables of another program");
    refused(&at("red\u{1b}[31m.db"), "red\\u{1b}[31m.db");
}

#[test]
fn a_database_must_be_named() {
    let wrong = [
        "",
        "mysql://ada:lovelace@db/runs",
        "postgresql+psycopg://ada:lovelace@db/runs",
        " postgres://ada:lovelace@db/runs",
        "jdbc:postgresql://ada:lovelace@db/runs",
        "host=db user=ada password=lovelace",
    ];
    let named = wrong.map(|name| ["--db", name, "runs"]);
    for arguments in std::iter::once(&["runs"][..]).chain(named.iter().map(|arguments| &arguments[..])) {
        let said = piped(arguments);
        assert!(said.code == Some(2) && said.stderr.contains("postgres://"), "{arguments:?}: {}", said.stderr);
        assert!(!said.stderr.contains("lovelace"), "{}", said.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_and_a_locked_file_say_so() {
    let (_folder, path) = left().await;
    assert_eq!(looked_into(&path).code, Some(0));
    let db = Connection::open(&path).expect("opened");
    db.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; UPDATE steadfast_meta SET value = value")
        .expect("locked");
    refused(&path, "holds the file locked");
    db.execute_batch("ROLLBACK; UPDATE steadfast_meta SET value = '99' WHERE key = 'schema'").expect("set");
    db.execute_batch("PRAGMA locking_mode = NORMAL; PRAGMA wal_checkpoint(TRUNCATE)").expect("written");
    drop(db);
    refused(&path, "Run it with the newer version");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_history_is_named() {
    let (_folder, path) = left().await;
    let db = Connection::open(&path).expect("opened");
    db.execute_batch(
        "UPDATE steadfast_log SET bodies = CAST(x'ff' || substr(bodies, 2) AS BLOB) WHERE length(bodies) > 1; \
         PRAGMA wal_checkpoint(TRUNCATE)",
    )
    .expect("damaged");
    drop(db);
    let said = piped(&["--db", &path.display().to_string(), "history", "order-1"]);
    assert_eq!(said.code, Some(1), "{}", said.stdout);
    assert!(said.stderr.starts_with("steadfast: ") && said.stderr.contains("is damaged"), "{}", said.stderr);
    assert_eq!(looked_into(&path).code, Some(0), "the list is whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_moved_away_does_not_go_on_here() {
    let (_folder, path) = left().await;
    let db = Connection::open(&path).expect("opened");
    db.execute_batch("UPDATE steadfast_runs SET status = 'moved' WHERE id = 'parcel-1'").expect("set");
    drop(db);
    let said = piped(&["--db", &path.display().to_string(), "show", "parcel-1"]);
    assert_eq!(said.code, Some(4), "{}", said.stderr);
    assert!(said.stdout.contains("status\tmoved") && said.stderr.contains("was moved away"), "{}", said.stderr);
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_reported() {
    let (_folder, path) = left().await;
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("there is one");
    let mut command = crate::tool::command(&["--db", &path.display().to_string(), "runs"]);
    let child = command.stdout(full).stderr(std::process::Stdio::piped()).spawn().expect("it is started");
    let output = limits::output_of(child, b"");
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(output.status.code() == Some(1) && stderr.contains("the output cannot be written"), "{stderr}");
}

#[test]
fn a_server_without_tables_and_one_that_is_away_say_so() {
    let away = piped(&["--db", "postgres://ada:lovelace@127.0.0.1:1/runs", "runs"]);
    assert_eq!(away.code, Some(1), "{}", away.stderr);
    assert!(away.stderr.starts_with("steadfast: ") && !away.stderr.contains("lovelace"), "{}", away.stderr);
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database("empty");
    let empty = piped(&["--db", database.url(), "runs"]);
    assert_eq!((empty.code, empty.stdout.as_str()), (Some(1), ""), "{}", empty.stderr);
    assert!(empty.stderr.contains("steadfast: ") && empty.stderr.lines().count() == 1, "{}", empty.stderr);
}
