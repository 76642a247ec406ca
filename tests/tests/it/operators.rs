//! Operators: an action is done once and never without its record, whatever becomes of an answer.

use crate::faulty::{Hooked, failure};
use limits::Soon as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use steadfast::inspect::{AuditOutcome, AuditQuery, JobAction, JobStatus, Paging, RunsQuery};
use steadfast::operate::{ForkOptions, StartOptions};
use steadfast::prelude::*;
use steadfast::store::backend::Write;
use steadfast::store::{MemoryStore, Store as _};
use steadfast::{ForkPoint, Pause, Status};

#[workflow]
async fn nap(flow: &mut Flow, hours: u64) -> Result<u64> {
    flow.sleep(Duration::from_secs(hours * 3_600)).await?;
    Ok(hours)
}

/// Returns an engine that starts runs and drives none, on a store.
async fn client(store: impl steadfast::store::Store) -> Engine {
    Engine::builder().store(store).client().start().soon().await.expect("the engine starts")
}

async fn records(engine: &Engine) -> Vec<(String, String, AuditOutcome)> {
    let page = engine.inspect().audit(&AuditQuery::all(), &Paging::first(100)).soon().await.expect("read");
    page.items.into_iter().rev().map(|record| (record.action, record.subject, record.outcome)).collect()
}

#[tokio::test]
async fn an_action_whose_answer_is_lost_is_done_once() {
    let lost = Arc::new(AtomicBool::new(false));
    let loses = lost.clone();
    let store = Hooked::new(MemoryStore::new(), move |store, writes| {
        let answers = store.commit(writes);
        let is_act = writes.iter().any(|write| matches!(write, Write::Act(_)));
        if is_act && loses.swap(false, Ordering::Relaxed) { Err(failure()) } else { answers }
    });
    let engine = client(store).await;
    engine.start(nap, 1).id("a").soon().await.expect("started");
    let operator = engine.operate("ada").expect("a name");
    lost.store(true, Ordering::Relaxed);
    operator.because("a look").pause("a", Pause::Drain).soon().await.expect("paused");
    let inbox = engine.inspect().inbox("a", &Paging::first(10)).soon().await.expect("read").items;
    assert_eq!(inbox.len(), 1, "{inbox:?}");
    assert_eq!(records(&engine).await, [("pause".to_owned(), "a".to_owned(), AuditOutcome::Done)]);
}

#[tokio::test]
async fn an_action_that_is_refused_leaves_no_record() {
    let engine = client(MemoryStore::new()).await;
    let operator = engine.operate("ada").expect("a name");
    let acting = operator.because("");
    acting.pause("none", Pause::Drain).soon().await.expect_err("no such run");
    acting.set_queue("none", steadfast::operate::QueueSetting::Resume).soon().await.expect_err("no such queue");
    let start = |input: &str| StartOptions {
        workflow: "nap".to_owned(),
        input: Some(input.to_owned()),
        id: Some("a".to_owned()),
        ..StartOptions::default()
    };
    acting.start(start("{")).soon().await.expect_err("no JSON");
    let deep = "[".repeat(200) + &"]".repeat(200);
    acting.start(start(&deep)).soon().await.expect_err("too deep");
    assert!(acting.start(start("1")).soon().await.expect("started").1);
    assert!(!acting.start(start(" 1 ")).soon().await.expect("the same").1);
    acting.start(start("2")).soon().await.expect_err("another input");
    acting.revive("a").soon().await.expect_err("it is not parked");
    let rewound = acting.rewind("a", ForkPoint::after_entry(1), ForkOptions::default());
    rewound.soon().await.expect_err("it has not ended");
    assert_eq!(records(&engine).await, [("start".to_owned(), "a".to_owned(), AuditOutcome::Done)]);
    assert!(engine.operate("").is_err(), "a name is needed");
}

#[tokio::test]
async fn a_client_forks_and_a_worker_drives_the_fork() {
    let store = MemoryStore::new();
    let worker = Engine::builder().store(store.clone()).workflow(nap).start().soon().await.expect("an engine");
    worker.start(nap, 0).id("a").soon().await.expect("started").result().soon().await.expect("done");
    let engine = client(store).await;
    let operator = engine.operate("ada").expect("a name");
    let options = ForkOptions { id: Some("b".to_owned()), input: Some("0".to_owned()), ..ForkOptions::default() };
    let fork = operator.because("").fork("a", ForkPoint::after_entry(1), options).soon().await.expect("forked");
    let run = worker.handle(nap, &fork).soon().await.expect("a run");
    assert_eq!(run.result().soon().await.expect("done"), 0);
}

#[tokio::test]
async fn two_operators_do_a_job_once() {
    let store = MemoryStore::new();
    let (one, two) = (client(store.clone()).await, client(store).await);
    for n in 0..40 {
        one.start(nap, 1).id(format!("nap-{n}")).soon().await.expect("started");
    }
    let (ada, bob) = (one.operate("ada").expect("a name"), two.operate("bob").expect("a name"));
    let naps = RunsQuery::all().workflow("nap");
    let job = ada.because("both").create_job(&naps, JobAction::Pause, None).soon().await.expect("a job");
    one.start(nap, 1).id("later").soon().await.expect("started");
    let both = futures_util::future::join(ada.run_job(job, |_| {}), bob.run_job(job, |_| {}));
    let (first, second) = Box::pin(both).soon().await;
    assert_eq!((first.expect("done").status, second.expect("done").status), (JobStatus::Done, JobStatus::Done));
    for n in 0..40 {
        let inbox = one.inspect().inbox(&format!("nap-{n}"), &Paging::first(10)).soon().await.expect("read").items;
        assert_eq!(inbox.len(), 1, "nap-{n}");
    }
    let later = one.inspect().inbox("later", &Paging::first(10)).soon().await.expect("read").items;
    assert!(later.is_empty(), "it came after the job");
    let page = one.inspect().audit(&AuditQuery::all().who("ada"), &Paging::first(100)).soon().await.expect("read");
    assert_eq!(page.items.len(), 41, "the job and each pause, in the name of who created it");
}

#[tokio::test]
async fn a_job_counts_the_runs_that_refuse() {
    let engine = client(MemoryStore::new()).await;
    for n in 0..3 {
        engine.start(nap, 1).id(format!("nap-{n}")).soon().await.expect("started");
    }
    let operator = engine.operate("ada").expect("a name");
    let acting = operator.because("");
    let all = RunsQuery::all();
    acting.create_job(&all, JobAction::Delete, Some(0)).soon().await.expect_err("it would never end");
    let job = acting.create_job(&all, JobAction::Revive, Some(1_000)).soon().await.expect("a job");
    acting.stop_job(job).soon().await.expect("stopped");
    let stopped = operator.run_job(job, |_| {}).soon().await.expect("it is stopped");
    assert_eq!((stopped.status, stopped.done + stopped.failed), (JobStatus::Stopped, 0));
    acting.resume_job(job).soon().await.expect("resumed");
    let done = operator.run_job(job, |_| {}).soon().await.expect("done");
    assert_eq!((done.status, done.done, done.failed), (JobStatus::Done, 0, 3));
    assert!(done.last_error.is_some_and(|error| error.contains("parked")));
    acting.stop_job(job).soon().await.expect_err("it is done");
    operator.run_job(job + 1, |_| {}).soon().await.expect_err("no such job");
    let jobs = engine.inspect().jobs(&Paging::first(10)).soon().await.expect("read").items;
    assert_eq!((jobs.len(), jobs[0].number), (1, job));
}

#[tokio::test]
async fn an_export_is_recorded_before_and_after() {
    let engine = Engine::builder().in_memory().workflow(nap).start().soon().await.expect("an engine");
    engine.start(nap, 0).id("a").soon().await.expect("started").result().soon().await.expect("done");
    let operator = engine.operate("ada").expect("a name");
    let folder = tempfile::tempdir().expect("a folder");
    operator.because("").export("a", folder.path().join("none/a.run")).soon().await.expect_err("no folder");
    operator.because("").export("a", folder.path().join("a.run")).soon().await.expect("exported");
    let outcomes: Vec<_> = records(&engine).await.into_iter().map(|record| record.2).collect();
    assert_eq!(outcomes, [AuditOutcome::Failed, AuditOutcome::Done]);
    operator.because("").delete("a").soon().await.expect("deleted");
    assert_eq!(records(&engine).await.len(), 3, "records stay");
    let copy = operator.because("").import(folder.path().join("a.run"), None).soon().await.expect("imported");
    assert_eq!(engine.inspect().run(&copy).soon().await.expect("read").run.status, Status::Completed);
}
