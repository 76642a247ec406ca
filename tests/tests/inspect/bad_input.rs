//! Files and databases that cannot be looked into: each error says what, where and what to do, and nothing is changed.

use crate::order;
use crate::place::Place;
use limits::{Soon as _, ended};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::process::Command;
use steadfast::inspect::{InspectError, Inspector, Paging, RunsQuery};
use steadfast::store::StoreErrorKind;
use throwaway_postgres::Cluster;

async fn refused(path: &Path) -> (StoreErrorKind, String) {
    let names: Vec<PathBuf> = path.parent().map(files).unwrap_or_default();
    let error = Inspector::sqlite(path).soon().await.expect_err("it is refused");
    assert_eq!(path.parent().map(files).unwrap_or_default(), names, "no file is made, and none is removed");
    match error {
        InspectError::Store(error) => (error.kind, error.message),
        other => panic!("another error: {other}"),
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("readable").path()).collect();
    files.sort_unstable();
    files
}

/// Makes a file with a run in it, without a log.
async fn database(folder: &Path) -> PathBuf {
    let place = Place::file().expect("a file");
    let engine = order::engine(&place).await;
    engine.start(order::parcel, 0).id("a").soon().await.expect("started").result().soon().await.expect("done");
    engine.shutdown(std::time::Duration::from_secs(10)).soon().await.expect("it ends");
    let path = folder.join("place.db");
    std::fs::copy(place.path(), &path).expect("copied");
    path
}

#[tokio::test]
async fn what_is_no_database_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let (kind, message) = refused(&at("none.db")).await;
    assert_eq!(kind, StoreErrorKind::Missing);
    assert!(
        message.ends_with("none.db: there is no such file; check the path; an inspection creates no file"),
        "{message}"
    );
    let (kind, message) = refused(&at("none").join("none.db")).await;
    assert!(kind == StoreErrorKind::ReadOnly && message.contains("there is no folder"), "{message}");
    let (kind, message) = refused(folder.path()).await;
    assert!(kind == StoreErrorKind::NotOurs && message.contains("is a folder"), "{message}");

    std::fs::write(at("text.db"), "a text ".repeat(1_000)).expect("written");
    let (kind, message) = refused(&at("text.db")).await;
    assert!(kind == StoreErrorKind::NotOurs && message.contains("is not an SQLite database"), "{message}");
    std::fs::write(at("empty.db"), "").expect("written");
    let (kind, message) = refused(&at("empty.db")).await;
    assert!(kind == StoreErrorKind::Missing && message.contains("there is nothing in it"), "{message}");
    Connection::open(at("other.db")).and_then(|db| db.execute_batch("CREATE TABLE t (n)")).expect("made");
    let (kind, message) = refused(&at("other.db")).await;
    assert!(kind == StoreErrorKind::NotOurs && message.contains("tables of another program"), "{message}");
}

#[tokio::test]
async fn another_schema_is_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = database(folder.path()).await;
    let set = |version: &str| {
        let db = Connection::open(&path).expect("opened");
        let set = format!("UPDATE steadfast_meta SET value = '{version}' WHERE key = 'schema'");
        db.execute_batch(&format!("{set}; PRAGMA wal_checkpoint(TRUNCATE)")).expect("set");
    };
    set("9");
    let (kind, message) = refused(&path).await;
    assert_eq!(kind, StoreErrorKind::Older);
    assert!(
        message.contains("has schema version 9") && message.contains("Start an engine of this version"),
        "{message}"
    );
    set("99");
    let (kind, message) = refused(&path).await;
    assert!(kind == StoreErrorKind::Newer && message.contains("Run it with the newer version"), "{message}");
    set("none");
    let (kind, message) = refused(&path).await;
    assert!(kind == StoreErrorKind::Damaged && message.contains("restore the file from a copy"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_file_says_so_and_is_read_once_it_is_free() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = database(folder.path()).await;
    let inspector = Inspector::sqlite(&path).soon().await.expect("opened");
    let db = Connection::open(&path).expect("opened");
    db.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; UPDATE steadfast_meta SET value = value")
        .expect("locked");
    let error = inspector.runs(&RunsQuery::all()).soon().await.expect_err("locked");
    let InspectError::Store(error) = error else { panic!("{error}") };
    assert!(error.kind == StoreErrorKind::Busy && error.message.contains("holds the file locked"), "{error}");
    drop(db);
    assert_eq!(inspector.runs(&RunsQuery::all()).soon().await.expect("free").items.len(), 1);
}

#[tokio::test]
async fn a_damaged_history_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = database(folder.path()).await;
    let db = Connection::open(&path).expect("opened");
    db.execute_batch(
        "UPDATE steadfast_log SET bodies = CAST(x'ff' || substr(bodies, 2) AS BLOB); PRAGMA wal_checkpoint(TRUNCATE)",
    )
    .expect("damaged");
    drop(db);
    let inspector = Inspector::sqlite(&path).soon().await.expect("opened");
    let error = inspector.history("a", &Paging::first(9)).soon().await.expect_err("damaged").to_string();
    assert!(error.contains("of run 1 (id \"a\") is damaged") && error.contains("JSON text"), "{error}");
    assert_eq!(inspector.runs(&RunsQuery::all()).soon().await.expect("the list is whole").items.len(), 1);
}

/// What a process without rights to write does: it is started by the test below.
#[tokio::test]
async fn looks_without_rights() {
    let Ok(path) = std::env::var("STEADFAST_LOOK_AT") else { return };
    assert!(std::fs::write(Path::new(&path).with_extension("new"), "x").is_err(), "it may not write there");
    let inspector = Inspector::sqlite(&path).soon().await.expect("it is opened");
    let runs = inspector.runs(&RunsQuery::all()).soon().await.expect("read").items;
    println!(
        "found {} {}",
        runs.len(),
        inspector.history("a", &Paging::first(9)).soon().await.expect("read").items.len()
    );
}

#[tokio::test]
async fn a_folder_without_rights_to_write_is_enough() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;
    let folder = tempfile::tempdir_in("/tmp").expect("a folder");
    let path = database(folder.path()).await;
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o555)).expect("set");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).expect("set");
    let before = std::fs::read(&path).expect("read");
    let test = std::env::current_exe().expect("this test");
    let mut command = Command::new(test);
    command.args(["--exact", "bad_input::looks_without_rights", "--nocapture"]).env("STEADFAST_LOOK_AT", &path);
    if std::fs::write(folder.path().join("probe"), "").is_ok() {
        // An administrator may write anywhere, so the process is that of another user.
        std::fs::remove_file(folder.path().join("probe")).expect("removed");
        command.uid(65_534).gid(65_534);
    }
    let (status, out) = {
        let mut child = command.stdout(std::process::Stdio::piped()).spawn().expect("started");
        let mut out = String::new();
        std::io::Read::read_to_string(&mut child.stdout.take().expect("piped"), &mut out).expect("read");
        (ended(&mut child), out)
    };
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("set");
    assert!(status.success() && out.contains("found 1 "), "{out}");
    assert_eq!((files(folder.path()), std::fs::read(&path).expect("read")), (vec![path], before));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_postgres_is_named_in_errors() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database("looked");
    let open = async |url: String| match Inspector::postgres(&url).soon().await {
        Err(InspectError::Store(error)) => (error.kind, error.message),
        other => panic!("{other:?}"),
    };
    let (kind, message) = open(database.url().to_owned()).await;
    assert!(kind == StoreErrorKind::Missing && message.contains("has no tables of steadfast"), "{message}");
    let tables = database.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").expect("counted");
    assert_eq!(tables[0][0].as_deref(), Some("0"), "nothing is created");

    let engine = steadfast::Engine::builder().postgres(database.url()).workflow(order::parcel).start().soon().await;
    drop(engine.expect("the engine starts"));
    database.execute("UPDATE steadfast_meta SET value = '2' WHERE key = 'schema'").expect("set");
    let (kind, message) = open(database.url().to_owned()).await;
    assert!(kind == StoreErrorKind::Older && message.contains("PgOptions::migrations"), "{message}");
    database.execute("UPDATE steadfast_meta SET value = '99' WHERE key = 'schema'").expect("set");
    assert_eq!(open(database.url().to_owned()).await.0, StoreErrorKind::Newer);
    let (_, message) = open(database.url().replace("looked", "unheard_of")).await;
    assert!(message.contains("there is no such database"), "{message}");
    assert_eq!(open("postgres://nobody@localhost:1/none".to_owned()).await.0, StoreErrorKind::Io);
    assert_eq!(open("nonsense".to_owned()).await.0, StoreErrorKind::NotOurs);
}
