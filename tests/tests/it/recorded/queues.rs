//! A file with runs in queues, which every later build must continue.
//!
//! `STEADFAST_RECORD=1` writes it anew; do that only for a new schema, under a new name. The same on Postgres, without the run that has
//! given its room back, is in `tests/postgres/recorded.rs`.

use super::tasks::{folder, open, write};
use limits::{Soon as _, until};
use rusqlite::Connection;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use steadfast::prelude::*;
use steadfast::{EngineBuilder, Queue, Status};

/// A run that waits in a queue, one that has room there and was at work in an engine that is gone, one that has given its
/// room back, a queue whose limits were changed, and a remote step that waits.
const SCHEMA_11: &str = "schema-11.sql";

/// Whether the body of a step has no end, because it is being recorded.
static IS_RECORDING: AtomicBool = AtomicBool::new(false);
static BEGUN: AtomicU32 = AtomicU32::new(0);

#[step]
async fn import_page(tenant: String, scope: &StepScope) -> Result<String> {
    BEGUN.fetch_add(1, Ordering::SeqCst);
    if IS_RECORDING.load(Ordering::SeqCst) && tenant == "acme" {
        std::future::pending::<()>().await;
    }
    Ok(format!("{tenant} in attempt {}", scope.attempt))
}

#[workflow]
async fn importing(flow: &mut Flow, tenant: String) -> Result<String> {
    if tenant == "sleeps" {
        flow.sleep(Duration::from_millis(300)).await?;
    }
    Ok(import_page(flow, tenant).await?)
}

#[step(queue = "far")]
async fn embed(words: u64) -> Result<u64> {
    Ok(2 * words)
}

#[workflow]
async fn embedding(flow: &mut Flow, words: u64) -> Result<u64> {
    Ok(embed(flow, words).await?)
}

fn builder(path: &Path) -> EngineBuilder {
    let imports = Queue::new("imports").key(|tenant: &String| tenant.clone()).total(9);
    Engine::builder().sqlite(path).queue(imports).workflow(importing).workflow(embedding)
}

async fn status(engine: &Engine, id: &str) -> Status {
    engine.run(id).await.unwrap().status().await.unwrap().status
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_runs_in_queues_goes_on() {
    if std::env::var_os("STEADFAST_RECORD").is_some() {
        record().await;
    }
    let folder = folder();
    let path = open(&folder, SCHEMA_11);
    // Nothing serves the queues yet.
    let engine = builder(&path).start().await.unwrap();
    let info = engine.queue("imports").info().await.unwrap();
    assert_eq!((info.total, info.per_key, info.waiting), (Some(1), Some(1), 2));
    assert_eq!(status(&engine, "waits").await, Status::Queued);
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    let builder = builder(&path).serve("imports", 2).serve("far", 1).step::<embed>();
    let engine = builder.start().await.unwrap();
    for (id, result) in
        [("claimed", "acme in attempt"), ("waits", "zenith in attempt 1"), ("sleeps", "sleeps in attempt 1")]
    {
        // The engine that serves nothing may have begun the attempt after the lost one.
        let ended = engine.handle(importing, id).await.unwrap().result().soon().await.unwrap();
        assert!(ended.starts_with(result), "{ended}");
    }
    assert_eq!(engine.handle(embedding, "far").await.unwrap().result().soon().await.unwrap(), 42);
    until(async || engine.queues().await.unwrap().is_empty()).await;
    assert_eq!(engine.queue("imports").info().await.unwrap().running, 0);
    engine.queue("imports").reset().await.unwrap();
    assert_eq!(engine.queue("imports").info().await.unwrap().total, Some(9));
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
}

/// A run whose time to begin had not come when the file was converted is found by a claim once it has.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_a_delayed_run_goes_on() {
    let folder = folder();
    let path = open(&folder, SCHEMA_11);
    let execute = |statement: &str| Connection::open(&path).unwrap().execute(statement, []).unwrap();
    let delayed = || {
        let query = "SELECT count(*) || ' of ' || sum(delayed) || ' and ' || sum(waiting) FROM steadfast_queue_keys k
            JOIN steadfast_tasks t ON t.key = k.key WHERE t.state = 'delayed'";
        Connection::open(&path).unwrap().query_row(query, [], |row| row.get::<_, String>(0)).unwrap()
    };
    assert_eq!(execute("UPDATE steadfast_tasks SET due = due + 3600000000000 WHERE run = 3"), 1);
    let engine = builder(&path).serve("imports", 2).start().await.unwrap();
    assert_eq!(delayed(), "1 of 1 and 0");
    assert!(engine.handle(importing, "claimed").await.unwrap().result().soon().await.is_ok());
    assert!(engine.handle(importing, "sleeps").await.unwrap().result().soon().await.is_ok());
    assert_eq!(status(&engine, "waits").await, Status::Queued);
    assert_eq!(engine.queue("imports").info().await.unwrap().waiting, 1);
    assert_eq!(execute("UPDATE steadfast_tasks SET due = 7 WHERE run = 3"), 1);
    let ended = engine.handle(importing, "waits").await.unwrap().result().soon().await.unwrap();
    assert_eq!(ended, "zenith in attempt 1");
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
}

/// Stops an engine in the middle, and dumps its file as SQL.
async fn record() {
    IS_RECORDING.store(true, Ordering::SeqCst);
    let folder = folder();
    let path = folder.path().join("queues.db");
    let engine = builder(&path).serve("imports", 2).start().await.unwrap();
    engine.queue("imports").set_total(Some(1)).await.unwrap();
    engine.queue("imports").set_per_key(Some(1)).await.unwrap();
    engine.start(importing, "sleeps".to_owned()).queue("imports").id("sleeps").await.unwrap();
    until(async || status(&engine, "sleeps").await == Status::Sleeping).await;
    engine.start(importing, "acme".to_owned()).queue("imports").id("claimed").await.unwrap();
    until(async || BEGUN.load(Ordering::SeqCst) == 1).await;
    until(async || status(&engine, "sleeps").await == Status::Queued).await;
    engine.start(importing, "zenith".to_owned()).queue("imports").id("waits").await.unwrap();
    let far = engine.start(embedding, 21).id("far").await.unwrap();
    until(async || !far.status().await.unwrap().waits_for.is_empty()).await;
    drop((far, engine));
    write(&path, "", SCHEMA_11);
    IS_RECORDING.store(false, Ordering::SeqCst);
}
