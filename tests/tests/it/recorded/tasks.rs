//! Files with remote steps, and one from before there were any.
//!
//! `STEADFAST_RECORD=1` writes both anew; do that only for a new schema, under new names.

use super::dumped;
use limits::{Soon as _, until};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use steadfast::prelude::*;
use steadfast::{EngineBuilder, WaitsFor};
use tempfile::TempDir;

/// A run whose step, still without a queue, was running.
const SCHEMA_7: &str = "schema-7.sql";
/// Two runs: an engine that is gone was running the step of one, and that of the other was waiting.
const SCHEMA_8: &str = "schema-8.sql";

/// Whether the body of a step has no end, because it is being recorded.
static IS_RECORDING: AtomicBool = AtomicBool::new(false);
static BEGUN: AtomicU32 = AtomicU32::new(0);

#[derive(StepContext, Clone, Debug)]
struct Job {
    tenant: String,
}

#[step(queue = "far")]
async fn weigh(job: &Job, scope: &StepScope, grams: u32) -> Result<String> {
    measured(job, scope.attempt, grams).await
}

#[workflow(context = Job)]
async fn weighing(start: Start<Job>, grams: u32) -> Result<String> {
    let flow = start.with(Job::builder().tenant("acme".to_owned()).build()).await?;
    Ok(weigh(&flow, grams).await?)
}

async fn measured(job: &Job, attempt: u32, grams: u32) -> Result<String> {
    BEGUN.fetch_add(1, Ordering::SeqCst);
    if IS_RECORDING.load(Ordering::SeqCst) {
        std::future::pending::<()>().await;
    }
    Ok(format!("{grams} for {} in attempt {attempt}", job.tenant))
}

/// The same before the step had a queue.
mod before {
    use super::{Job, measured};
    use steadfast::prelude::*;

    #[step]
    async fn weigh(job: &Job, scope: &StepScope, grams: u32) -> Result<String> {
        measured(job, scope.attempt, grams).await
    }

    #[workflow(context = Job)]
    pub(super) async fn weighing(start: Start<Job>, grams: u32) -> Result<String> {
        let flow = start.with(Job::builder().tenant("acme".to_owned()).build()).await?;
        Ok(weigh(&flow, grams).await?)
    }
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// Returns the path of a file as it was recorded.
pub(super) fn open(folder: &TempDir, name: &str) -> PathBuf {
    let path = folder.path().join("resumed.db");
    let db = Connection::open(&path).unwrap();
    // SQLite accepts `auto_vacuum` only before the first table.
    db.execute_batch("PRAGMA auto_vacuum = INCREMENTAL").unwrap();
    db.execute_batch(&std::fs::read_to_string(fixture(name)).expect("the fixture is committed")).unwrap();
    path
}

/// Returns an engine on the file that was recorded.
fn resumed(folder: &TempDir, name: &str) -> EngineBuilder {
    Engine::builder().sqlite(open(folder, name)).workflow(weighing)
}

pub(super) fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

async fn result(engine: &Engine, id: &str) -> String {
    engine.handle(weighing, id).await.unwrap().result().soon().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_from_before_remote_steps_goes_on_with_one() {
    if std::env::var_os("STEADFAST_RECORD").is_some() {
        record().await;
    }
    let folder = folder();
    let engine = resumed(&folder, SCHEMA_7).serve("far", 1).step::<weigh>().start().await.unwrap();
    assert_eq!(result(&engine, "before").await, "7 for acme in attempt 2");
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    let db = Connection::open(folder.path().join("resumed.db")).unwrap();
    let left: i64 = db.query_row("SELECT count(*) FROM steadfast_tasks", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0, "the row of a step that has ended is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversion_keeps_the_order_of_priorities() {
    let folder = folder();
    let builder = resumed(&folder, SCHEMA_8);
    let path = folder.path().join("resumed.db");
    let db = Connection::open(&path).unwrap();
    assert!(db.execute("UPDATE steadfast_tasks SET priority = -2 WHERE state = 'waiting'", []).unwrap() > 0);
    drop(db);
    let engine = builder.start().await.unwrap();
    let db = Connection::open(&path).unwrap();
    let ahead = "SELECT count(*) FROM steadfast_tasks WHERE state = 'waiting' AND priority = -2 AND rank = at - 120000";
    assert_eq!(db.query_row(ahead, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_a_step_that_waits_and_one_that_ran_goes_on() {
    let folder = folder();
    let engine = resumed(&folder, SCHEMA_8).start().await.unwrap();
    // Nobody serves the queue yet; the lease of the engine that is gone was taken over.
    for (id, attempt) in [("ran", 2), ("waits", 1)] {
        let run = engine.run(id).await.unwrap();
        until(async || {
            let waits = run.status().await.unwrap().waits_for;
            waits.first().is_some_and(|wait| {
                matches!(wait.for_what, WaitsFor::Queue { attempt: found, served: false, .. } if found == attempt)
            })
        })
        .await;
    }
    let worker = Engine::builder().sqlite(folder.path().join("resumed.db")).serve("far", 1).step::<weigh>();
    let worker = worker.start().await.unwrap();
    assert_eq!(result(&engine, "ran").await, "1 for acme in attempt 2");
    assert_eq!(result(&engine, "waits").await, "2 for acme in attempt 1");
    for engine in [worker, engine] {
        engine.shutdown(Duration::from_secs(5)).await.unwrap();
    }
}

/// Stops engines in the middle of their steps, and dumps their files as SQL.
async fn record() {
    IS_RECORDING.store(true, Ordering::SeqCst);
    let folder = folder();
    let begun = async |count| until(async || BEGUN.load(Ordering::SeqCst) == count).await;
    let path = folder.path().join("before.db");
    let engine = Engine::builder().sqlite(&path).workflow(before::weighing).start().await.unwrap();
    engine.start(before::weighing, 7).id("before").await.unwrap();
    begun(1).await;
    drop(engine);
    write(&path, "DROP TABLE steadfast_tasks; UPDATE steadfast_meta SET value = '7' WHERE key = 'schema'", SCHEMA_7);

    let path = folder.path().join("tasks.db");
    let engine = Engine::builder().sqlite(&path).workflow(weighing).start().await.unwrap();
    let worker = Engine::builder().sqlite(&path).serve("far", 1).step::<weigh>().start().await.unwrap();
    engine.start(weighing, 1).id("ran").await.unwrap();
    begun(2).await;
    let waits = engine.start(weighing, 2).id("waits").await.unwrap();
    until(async || !waits.status().await.unwrap().waits_for.is_empty()).await;
    drop((worker, engine));
    write(&path, "", SCHEMA_8);
    IS_RECORDING.store(false, Ordering::SeqCst);
}

pub(super) fn write(path: &Path, change: &str, name: &str) {
    let db = Connection::open(path).unwrap();
    db.execute_batch(change).unwrap();
    std::fs::write(fixture(name), dumped(&db)).unwrap();
}
