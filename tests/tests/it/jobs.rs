//! Jobs of operators: which runs they act on, what they count, and who goes on with them.

use crate::faulty::Hooked;
use limits::{Soon as _, until};
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use steadfast::inspect::{AuditQuery, Inspector, JobAction, JobStatus, Paging, RunsQuery};
use steadfast::prelude::*;
use steadfast::store::backend::{JobRow, Write};
use steadfast::store::{MemoryStore, SqliteStore, Store};
use steadfast::{Durability, Pause, Scope, Status};

#[workflow]
async fn nap(flow: &mut Flow, hours: u64) -> Result<u64> {
    flow.sleep(Duration::from_secs(hours * 3_600)).await?;
    Ok(hours)
}

#[workflow]
async fn again(flow: &mut Flow, left: u64) -> Result<()> {
    if left > 0 {
        return flow.continue_as_new(again, left - 1).await;
    }
    Ok(flow.sleep(Duration::from_hours(1)).await?)
}

#[workflow]
async fn parent(flow: &mut Flow) -> Result<()> {
    for n in 0..2 {
        drop(flow.start(nap, 1).with(Scope::new().id(format!("child-{n}"))).await);
    }
    Ok(())
}

/// Returns an engine that starts runs and drives none.
async fn client(store: impl Store) -> Engine {
    Engine::builder().store(store).client().start().soon().await.expect("the engine starts")
}

async fn start_naps(engine: &Engine, count: usize) {
    for n in 0..count {
        engine.start(nap, 1).id(format!("nap-{n}")).soon().await.expect("started");
    }
}

/// Returns how many items wait in the inbox of a run.
async fn waiting(inspector: &Inspector, run: &str) -> usize {
    inspector.inbox(run, &Paging::first(10)).soon().await.expect("read").items.len()
}

/// Returns the actor, the action and the reason of each record, the oldest first.
async fn records(engine: &Engine) -> Vec<(String, String, String)> {
    let page = engine.inspect().audit(&AuditQuery::all(), &Paging::first(100)).soon().await.expect("read");
    page.items.into_iter().rev().map(|record| (record.who, record.action, record.why)).collect()
}

fn spoil(path: &Path, statements: &str) {
    Connection::open(path).expect("opened").execute_batch(statements).expect("changed");
}

#[tokio::test]
async fn nothing_is_done_to_a_replaced_run() {
    let engine = Engine::builder().in_memory().workflow(again).start().soon().await.expect("an engine");
    let run = engine.start(again, 1).id("a").soon().await.expect("started");
    let inspector = engine.inspect();
    let replaced = RunsQuery::all().status(Status::Replaced);
    until(async || inspector.runs(&replaced).await.expect("read").items.len() == 1).await;
    let old = inspector.runs(&replaced).soon().await.expect("read").items.remove(0).id;
    let operator = engine.operate("ada").expect("a name");
    let acting = operator.because("");
    for refused in [
        acting.cancel(&old).soon().await,
        acting.pause(&old, Pause::Drain).soon().await,
        acting.resume(&old).soon().await,
        acting.delete(&old).soon().await,
    ] {
        let error = refused.expect_err("it was replaced").to_string();
        assert!(error.contains(&old) && error.contains("the current one, `a`"), "{error}");
    }
    let job = acting.create_job(&replaced, JobAction::Pause, None).soon().await.expect("a job");
    let done = operator.run_job(job, |_| {}).soon().await.expect("done");
    assert_eq!((done.status, done.done, done.failed), (JobStatus::Done, 0, 1));
    assert!(done.last_error.is_some_and(|error| error.contains("another run has its id")));
    assert_eq!(records(&engine).await.len(), 1, "the job");
    drop(run);
}

#[tokio::test]
async fn a_run_that_waits_for_an_engine_is_not_deleted() {
    let engine = client(MemoryStore::new()).await;
    start_naps(&engine, 1).await;
    let refused = engine.operate("ada").expect("a name").because("").delete("nap-0").soon().await;
    let error = refused.expect_err("it has not ended").to_string();
    assert!(error.contains("is running"), "{error}");
}

#[tokio::test]
async fn a_job_acts_on_no_run_that_has_changed_since_it_was_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("runs.db");
    let armed = Arc::new(AtomicBool::new(false));
    let (changes, file) = (armed.clone(), path.clone());
    let inner = SqliteStore::open(&path, Durability::Relaxed).expect("opened");
    let store = Hooked::new(inner, move |store, writes| {
        if writes.iter().any(|write| matches!(write, Write::Act(_))) && changes.swap(false, Ordering::Relaxed) {
            let statements = "UPDATE steadfast_runs SET status = 'sleeping' WHERE id = 'nap-1';
                UPDATE steadfast_runs SET id = 'old' WHERE id = 'nap-2';
                UPDATE steadfast_runs SET id = 'nap-2' WHERE id = 'later';";
            spoil(&file, statements);
        }
        store.commit(writes)
    });
    let engine = client(store).await;
    start_naps(&engine, 3).await;
    let operator = engine.operate("ada").expect("a name");
    let running = RunsQuery::all().status(Status::Running);
    let job = operator.because("").create_job(&running, JobAction::Pause, None).soon().await.expect("a job");
    engine.start(nap, 1).id("later").soon().await.expect("started");
    armed.store(true, Ordering::Relaxed);
    let done = operator.run_job(job, |_| {}).soon().await.expect("done");
    let inspector = engine.inspect();
    assert_eq!((waiting(&inspector, "nap-1").await, waiting(&inspector, "nap-2").await), (0, 0));
    assert_eq!((done.done, done.failed), (1, 2), "{:?}", done.last_error);
}

#[tokio::test]
async fn a_process_that_was_overtaken_counts_no_run_again() {
    let armed = Arc::new(AtomicBool::new(true));
    let store = Hooked::new(MemoryStore::new(), move |store, writes| {
        let job = writes.iter().find_map(|write| match write {
            Write::PutJob(job) if job.number > 0 => Some(job),
            _ => None,
        });
        if let Some(job) = job
            && armed.swap(false, Ordering::Relaxed)
        {
            // Another process has been through all runs.
            let mut state: serde_json::Value = serde_json::from_str(&job.state).expect("JSON");
            (state["cursor"], state["done"]) = (state["last"].clone(), 12.into());
            store.commit(&[Write::PutJob(JobRow { state: state.to_string(), ..job.clone() })])?;
        }
        store.commit(writes)
    });
    let engine = client(store).await;
    start_naps(&engine, 12).await;
    let operator = engine.operate("ada").expect("a name");
    let all = RunsQuery::all();
    let job = operator.because("").create_job(&all, JobAction::Pause, Some(15)).soon().await.expect("a job");
    let done = operator.run_job(job, |_| {}).soon().await.expect("done");
    assert_eq!((done.status, done.done, done.failed), (JobStatus::Done, 12, 0));
}

#[tokio::test]
async fn damaged_runs_do_not_end_a_job() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("runs.db");
    let engine = client(SqliteStore::open(&path, Durability::Relaxed).expect("opened")).await;
    start_naps(&engine, 4).await;
    spoil(&path, "UPDATE steadfast_runs SET status = 'dancing' WHERE id IN ('nap-1', 'nap-3')");
    let operator = engine.operate("ada").expect("a name");
    let all = RunsQuery::all();
    let job = operator.because("").create_job(&all, JobAction::Pause, None).soon().await.expect("a job");
    let done = operator.run_job(job, |_| {}).soon().await.expect("done");
    assert_eq!((done.status, done.done, done.failed), (JobStatus::Done, 2, 2));
    assert!(done.last_error.is_some_and(|error| error.contains("dancing")));
}

#[tokio::test]
async fn who_goes_on_with_a_job_is_recorded() {
    let engine = client(MemoryStore::new()).await;
    let (ada, bob) = (engine.operate("ada").expect("a name"), engine.operate("bob").expect("a name"));
    let all = RunsQuery::all();
    let first = ada.because("").create_job(&all, JobAction::Pause, None).soon().await.expect("a job");
    let second = ada.because("").create_job(&all, JobAction::Pause, None).soon().await.expect("a job");
    ada.run_job(first, |_| {}).soon().await.expect("done");
    bob.run_job(first, |_| {}).soon().await.expect("it is done");
    bob.because("ada is away").resume_job(second).soon().await.expect("resumed");
    bob.run_job(second, |_| {}).soon().await.expect("done");
    let third = ada.because("").create_job(&all, JobAction::Pause, None).soon().await.expect("a job");
    bob.run_job(third, |_| {}).soon().await.expect("done");
    let record = |who: &str, action: &str, why: &str| (who.to_owned(), action.to_owned(), why.to_owned());
    let (job, resumed) = (record("ada", "job", ""), record("bob", "job_resume", "ada is away"));
    let expected = [job.clone(), job.clone(), resumed, job, record("bob", "job_resume", "")];
    assert_eq!(records(&engine).await, expected);
}

#[tokio::test]
async fn a_job_keeps_the_parent_of_its_runs() {
    let store = MemoryStore::new();
    let worker = Engine::builder().store(store.clone()).workflow(nap).workflow(parent);
    let worker = worker.start().soon().await.expect("an engine");
    let run = worker.start(parent, ()).id("p").soon().await.expect("started");
    run.result().soon().await.expect("done");
    let operator = worker.operate("ada").expect("a name");
    let children = RunsQuery::all().parent("p");
    let job = operator.because("").create_job(&children, JobAction::Pause, None).soon().await.expect("a job");
    operator.because("").delete("p").soon().await.expect("deleted");
    worker.start(parent, ()).id("p").soon().await.expect("another run");
    let done = operator.run_job(job, |_| {}).soon().await.expect("done");
    assert_eq!((done.done, done.failed), (2, 0), "{:?}", done.last_error);
    operator.because("").create_job(&RunsQuery::all().parent("none"), JobAction::Pause, None).soon().await.unwrap_err();
}
