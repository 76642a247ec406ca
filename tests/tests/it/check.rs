//! Checks before a deployment whether this build can continue every unfinished run (`EngineBuilder::check`, cases V3 to
//! V5).

use crate::changed_code::held_at;
use std::path::Path;
use steadfast::prelude::*;
use steadfast::store::backend::RunQuery;
use steadfast::store::{MemoryStore, Store};
use steadfast::{CheckReport, ParkCause, Status};

#[step]
async fn counted(n: u64) -> Result<u64> {
    Ok(n)
}

#[step]
async fn hold() -> Result<()> {
    std::future::pending().await
}

mod then {
    use super::*;

    #[derive(StepContext, Clone)]
    #[context(name = "Cart")]
    pub(super) struct Cart {
        pub(super) items: Vec<String>,
        #[context(default)]
        pub(super) cents: u64,
    }

    #[workflow(context = Cart)]
    pub(super) async fn shop(start: Start<Cart>, n: u64) -> Result<u64> {
        let mut flow = start.with(Cart::builder().items(vec!["tea".into()]).build()).await?;
        let n = counted(&flow, n).await?;
        flow.update(|c| c.cents(n * 100)).await?;
        hold(&flow).await?;
        Ok(flow.cents)
    }

    #[workflow]
    pub(super) async fn gone(flow: &mut Flow) -> Result<()> {
        hold(flow).await?;
        Ok(())
    }
}

mod now {
    use super::*;

    #[derive(StepContext, Clone)]
    #[context(name = "Cart")]
    pub(super) struct Cart {
        pub(super) items: Vec<u64>,
        #[context(default)]
        pub(super) cents: u64,
    }

    #[workflow(context = Cart)]
    pub(super) async fn shop(start: Start<Cart>, n: u64) -> Result<u64> {
        let mut flow = start.with(Cart::builder().items(vec![]).build()).await?;
        let n = counted(&flow, n).await?;
        flow.update(|c| c.cents(n * 100)).await?;
        hold(&flow).await?;
        Ok(flow.cents)
    }
}

mod longer {
    use super::*;

    #[derive(StepContext, Clone)]
    #[context(name = "Cart")]
    pub(super) struct Cart {
        pub(super) items: Vec<String>,
        pub(super) currency: String,
        #[context(default)]
        pub(super) cents: u64,
    }

    #[workflow(context = Cart)]
    pub(super) async fn shop(start: Start<Cart>, n: u64) -> Result<u64> {
        let cart = Cart::builder().items(vec!["tea".into()]).currency("EUR").build();
        let mut flow = start.with(cart).await?;
        let n = counted(&flow, n).await?;
        flow.update(|c| c.cents(n * 100)).await?;
        hold(&flow).await?;
        Ok(flow.cents)
    }
}

mod shorter {
    use super::*;
    use then::Cart;

    #[workflow(context = Cart)]
    pub(super) async fn shop(start: Start<Cart>, n: u64) -> Result<u64> {
        let flow = start.with(Cart::builder().items(vec![]).build()).await?;
        hold(&flow).await?;
        Ok(n)
    }
}

/// Records two blocked runs of one workflow and one of another, and stops the engine.
async fn recorded() -> MemoryStore {
    let store = MemoryStore::new();
    let engine =
        Engine::builder().store(store.clone()).workflow(then::shop).workflow(then::gone).start().await.unwrap();
    for id in ["a", "b"] {
        let run = engine.start(then::shop, 3).id(id).await.unwrap();
        held_at(&run, 6).await;
    }
    held_at(&engine.start(then::gone, ()).id("g").await.unwrap(), 2).await;
    engine.shutdown(Duration::ZERO).await.unwrap();
    store
}

fn rows(store: &MemoryStore) -> Vec<steadfast::store::backend::RunRow> {
    store.runs(&RunQuery::default()).unwrap().runs
}

fn causes(report: &CheckReport) -> Vec<(&str, ParkCause)> {
    report.problems().iter().map(|problem| (problem.run.as_str(), problem.reason.cause)).collect()
}

#[tokio::test]
async fn the_build_that_recorded_them_can_go_on_with_all_runs_and_the_check_changes_nothing() {
    let store = recorded().await;
    let before = rows(&store);
    let builder = || Engine::builder().store(store.clone()).workflow(then::shop).workflow(then::gone);
    let report = builder().check().await.unwrap();
    assert!(report.is_ok());
    assert_eq!(report.checked(), 3);
    assert_eq!(report.to_string(), "all 3 unfinished runs can continue with this build");
    assert_eq!(report.to_json(), r#"{"checked":3,"problems":[]}"#);
    assert_eq!(rows(&store), before);
    // A started engine drives them, and can be checked too.
    let engine = builder().start().await.unwrap();
    assert!(engine.check().await.unwrap().is_ok());
    let history = engine.run("a").await.unwrap().history().await.unwrap();
    let counted = history.iter().filter(|entry| entry.name.as_deref() == Some("counted"));
    assert!(counted.clone().count() > 0 && counted.map(|entry| entry.attempt).all(|attempt| attempt == Some(1)));
}

#[tokio::test]
async fn what_a_build_cannot_go_on_with_is_said_by_workflow_and_reason() {
    let store = recorded().await;
    let before = rows(&store);
    let report = Engine::builder().store(store.clone()).workflow(now::shop).check().await.unwrap();
    assert_eq!(
        causes(&report),
        [("a", ParkCause::Unreadable), ("b", ParkCause::Unreadable), ("g", ParkCause::UnknownWorkflow)]
    );
    let text = report.to_string();
    assert!(
        text.starts_with("3 of 3 unfinished runs cannot continue with this build\n\nworkflow `gone`\n  1 run: `g`"),
        "{text}"
    );
    assert!(text.contains("workflow `shop`\n  2 runs: `a`, `b`"), "{text}");
    assert!(text.contains("field `items` of context `Cart`: expected `Vec<u64>`"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(json["problems"][0]["reason"]["cause"], "unreadable");
    assert_eq!(json["problems"][2]["workflow"], "gone");
    assert_eq!(rows(&store), before, "a check writes nothing");

    let report = Engine::builder().store(store.clone()).workflow(shorter::shop).workflow(then::gone).check().await;
    let report = report.unwrap();
    assert_eq!(causes(&report), [("a", ParkCause::Diverged), ("b", ParkCause::Diverged)]);
    assert_eq!(report.problems()[0].status, Status::Running);
    assert!(report.to_string().contains("step `counted` called with [3]"), "{report}");
}

#[tokio::test]
async fn a_new_field_without_a_default_is_said_with_what_to_write() {
    let store = recorded().await;
    let report =
        Engine::builder().store(store).workflow(longer::shop).workflow(then::gone).check().await.unwrap().to_string();
    assert!(
        report.contains("field `currency` of context `Cart`: it is required")
            && report.contains("`#[context(default)]`"),
        "{report}"
    );
}

#[tokio::test]
async fn a_check_needs_a_database_that_exists() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.db");
    let error = Engine::builder().sqlite(&path).workflow(then::gone).check().await.unwrap_err();
    assert!(error.to_string().ends_with("there is no such database to check"), "{error}");
    assert!(!path.exists());
}

#[step]
async fn ask(#[resource] _db: &std::net::TcpStream) -> Result<()> {
    Ok(())
}

#[workflow]
async fn asking(flow: &mut Flow) -> Result<()> {
    Ok(ask(flow).await?)
}

#[tokio::test]
async fn a_step_in_flight_that_lacks_its_resource_is_said() {
    let store = MemoryStore::new();
    let builder = || Engine::builder().store(store.clone()).workflow(asking);
    let engine = builder().start().await.unwrap();
    let run = engine.start(asking, ()).id("a").await.unwrap();
    crate::runs::wait_for(&run, Status::Parked).await;
    let parked = run.status().await.unwrap().parked.unwrap();
    drop(run);
    engine.shutdown(Duration::ZERO).await.unwrap();
    let report = builder().check().await.unwrap();
    assert_eq!(causes(&report), [("a", ParkCause::Resource)]);
    assert_eq!(report.problems()[0].reason.message, parked.message);
    assert!(parked.message.contains("step `ask`") && parked.message.contains("`TcpStream`"), "{parked}");
}

fn names(folder: &Path) -> Vec<(String, u64)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let mut names: Vec<_> = entries
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.metadata().unwrap().len()))
        .collect();
    names.sort();
    names
}

/// Records a blocked run in a file, and stops the engine.
async fn recorded_in(path: &Path) {
    let engine = Engine::builder().sqlite(path).workflow(then::gone).start().await.unwrap();
    held_at(&engine.start(then::gone, ()).id("g").await.unwrap(), 2).await;
    engine.shutdown(Duration::ZERO).await.unwrap();
    drop(engine);
    // The last thread that has the file open closes it.
    let log = path.with_extension("db-wal");
    crate::steps::until(|| !log.exists()).await;
}

#[tokio::test]
async fn what_is_no_database_of_ours_is_refused_by_a_check_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (empty, foreign) = (folder.path().join("empty.db"), folder.path().join("foreign.db"));
    std::fs::write(&empty, b"").unwrap();
    rusqlite::Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE theirs (n)").unwrap();
    let before = names(folder.path());
    for (path, said) in [(&empty, "is no Steadfast database"), (&foreign, "tables of another program")] {
        let error = Engine::builder().sqlite(path).workflow(then::gone).check().await.unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
    assert_eq!(names(folder.path()), before);
}

#[tokio::test]
async fn a_check_of_a_file_leaves_every_byte_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    // Characters with a meaning in a URI.
    let path = folder.path().join("50% of #1?.db");
    recorded_in(&path).await;
    let (before, bytes) = (names(folder.path()), std::fs::read(&path).unwrap());
    let report = Engine::builder().sqlite(&path).workflow(then::gone).check().await.unwrap();
    assert_eq!((report.is_ok(), report.checked()), (true, 1));
    assert_eq!((names(folder.path()), std::fs::read(&path).unwrap()), (before, bytes));
}

#[tokio::test]
async fn a_check_sees_what_a_running_engine_has_written_a_moment_ago() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.db");
    let engine = Engine::builder().sqlite(&path).workflow(then::gone).start().await.unwrap();
    held_at(&engine.start(then::gone, ()).id("g").await.unwrap(), 2).await;
    let bytes = std::fs::read(&path).unwrap();
    let report = Engine::builder().sqlite(&path).workflow(then::gone).check().await.unwrap();
    assert_eq!((report.is_ok(), report.checked()), (true, 1));
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    held_at(&engine.start(then::gone, ()).id("h").await.unwrap(), 2).await;
}

#[tokio::test]
async fn a_file_of_an_older_schema_is_checked_and_not_migrated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.db");
    recorded_in(&path).await;
    let mut older = "DROP VIEW steadfast_history; DROP VIEW steadfast_context; DROP INDEX steadfast_inbox_waiting;
        DROP INDEX steadfast_runs_parent; DROP INDEX steadfast_runs_origin; DROP INDEX steadfast_runs_dedup;
        DROP INDEX steadfast_runs_workflow; DROP INDEX steadfast_runs_unowned;
        UPDATE steadfast_meta SET value = '1' WHERE key = 'schema';"
        .to_owned();
    for (table, columns) in [
        ("runs", &["seed", "version", "parent", "lineage", "origin", "successor", "dedup", "queue"][..]),
        ("inbox", &["name", "position", "sender", "taken"]),
        ("leases", &["about", "seen"]),
    ] {
        older.extend(columns.iter().map(|column| format!("ALTER TABLE steadfast_{table} DROP COLUMN {column};")));
    }
    older.extend(
        [
            "requests",
            "outputs",
            "watchers",
            "labels",
            "indexed",
            "tasks",
            "queues",
            "queue_keys",
            "schedules",
            "traces",
            "audit",
            "jobs",
        ]
        .map(|table| format!("DROP TABLE steadfast_{table};")),
    );
    let db = rusqlite::Connection::open(&path).unwrap();
    crate::entries::unpack(&db);
    older.push_str(
        "CREATE TABLE main.steadfast_entries (run, seq, format, kind, cause, at, position, name, attempt, context, due, form,
            body);
        INSERT INTO main.steadfast_entries SELECT run, seq, format, kind, cause, at, position, name, attempt, context, due,
            form, iif(form = 'json', CAST(body AS TEXT), body) FROM temp.steadfast_entries;
        DROP TABLE steadfast_log;",
    );
    db.execute_batch(&older).unwrap();
    drop(db);
    let bytes = std::fs::read(&path).unwrap();
    let report = Engine::builder().sqlite(&path).workflow(then::gone).check().await.unwrap();
    assert_eq!((report.is_ok(), report.checked()), (true, 1));
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}
