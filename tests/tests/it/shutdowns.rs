//! Shutdowns: what steps see of them, what they return, and the first result after the next start (issue 11, C8, C15).

#![expect(clippy::unused_async, reason = "the body of a workflow is an async function, also if it awaits nothing")]

use crate::flows::{Tally, deed};
use crate::steps::until;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use steadfast::prelude::*;
use steadfast::store::MemoryStore;
use steadfast::{Cancellation, RunError};
use tokio::time::timeout;

/// A limit that is long for everything expected, and short for a test that hangs.
const LONG: Duration = Duration::from_secs(20);

struct Guard(Cancellation, String);

impl Drop for Guard {
    fn drop(&mut self) {
        deed(&self.1, &format!("dropped, told {}", self.0.is_cancelled()));
    }
}

#[step]
async fn listens(scope: &StepScope, tally: String) -> Result<u64> {
    let _guard = Guard(scope.cancellation.clone(), tally.clone());
    deed(&tally, "begun");
    scope.cancellation.cancelled().await;
    deed(&tally, "told");
    tokio::time::sleep(Duration::from_millis(50)).await;
    deed(&tally, "cleaned up");
    Ok(0)
}

/// Checks for cancellation between its parts.
#[step]
async fn looks(scope: &StepScope, tally: String) -> Result<u64> {
    deed(&tally, "begun");
    while !scope.cancellation.is_cancelled() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    deed(&tally, "told");
    Ok(0)
}

#[step]
async fn ignores(tally: String) -> Result<u64> {
    deed(&tally, "begun");
    tokio::time::sleep(Duration::from_hours(1)).await;
    Ok(0)
}

static OPEN: AtomicBool = AtomicBool::new(false);

#[step(blocking)]
fn blocks(tally: String) -> Result<u64> {
    deed(&tally, "begun");
    let since = Instant::now();
    while !OPEN.load(Ordering::SeqCst) && since.elapsed() < LONG {
        std::thread::sleep(Duration::from_millis(5));
    }
    deed(&tally, "ended");
    Ok(0)
}

/// Blocks until the test releases it, and ignores its cancellation.
#[step(blocking)]
fn stays(tally: String) -> Result<u64> {
    deed(&tally, "begun");
    let seen = Tally::named(&tally);
    limits::hold_until(|| seen.count("let go") > 0);
    deed(&tally, "ended");
    Ok(0)
}

/// Notices its cancellation, and does not end.
#[step]
async fn lingers(scope: &StepScope, tally: String) -> Result<u64> {
    let _guard = Guard(scope.cancellation.clone(), tally.clone());
    deed(&tally, "begun");
    scope.cancellation.cancelled().await;
    deed(&tally, "told");
    std::future::pending().await
}

#[workflow]
async fn two_stay(flow: &mut Flow, tally: String) -> Result<u64> {
    let flow = &*flow;
    let (a, b) = join!(stays(flow, tally.clone()), stays(flow, tally));
    Ok(a? + b?)
}

#[workflow]
async fn work(flow: &mut Flow, (what, tally): (String, String)) -> Result<u64> {
    match what.as_str() {
        "listens" => Ok(listens(flow, tally).await?),
        "looks" => Ok(looks(flow, tally).await?),
        "blocks" => Ok(blocks(flow, tally).await?),
        "lingers" => Ok(lingers(flow, tally).await?),
        _ => Ok(ignores(flow, tally).await?),
    }
}

async fn shut_down(what: &str, tally: &Tally) -> (steadfast::ShutdownReport, Duration) {
    let engine = Engine::builder().in_memory().workflow(work).start().await.unwrap();
    engine.start(work, (what.to_owned(), tally.name().to_owned())).id("the-run").await.unwrap();
    until(|| tally.count("begun") == 1).await;
    let since = Instant::now();
    let report = timeout(LONG, engine.shutdown(Duration::from_millis(50))).await.unwrap().unwrap();
    (report, since.elapsed())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_told_of_a_shutdown_and_cleans_up_before_it_is_dropped() {
    let tally = Tally::new("listens");
    let (report, _) = shut_down("listens", &tally).await;
    assert!(!report.finished && report.still_running.is_empty(), "{report:?}");
    assert_eq!([tally.count("told"), tally.count("cleaned up"), tally.count("dropped, told true")], [1; 3]);
    let tally = Tally::new("looks");
    let (report, _) = shut_down("looks", &tally).await;
    assert!(report.still_running.is_empty(), "{report:?}");
    assert_eq!(tally.count("told"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_does_not_wait_for_a_body_that_does_not_look() {
    let tally = Tally::new("ignores");
    let (report, took) = shut_down("ignores", &tally).await;
    assert!(!report.finished && report.still_running.is_empty(), "{report:?}");
    assert!(took < Duration::from_secs(4), "the grace is for bodies that look: {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_reports_a_blocking_step_that_is_still_at_work() {
    let tally = Tally::new("blocks");
    let (report, _) = shut_down("blocks", &tally).await;
    assert!(!report.finished);
    let [step] = &report.still_running[..] else { panic!("{report:?}") };
    assert_eq!((step.run.as_str(), step.step.as_str(), step.attempt), ("the-run", "blocks", 1));
    assert_eq!(tally.count("ended"), 0);
    OPEN.store(true, Ordering::SeqCst);
    until(|| tally.count("ended") == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_that_still_run_are_reported_by_run_and_position() {
    let tally = Tally::new("stay");
    let engine = Engine::builder().in_memory().workflow(two_stay).start().await.unwrap();
    let runs = ["c", "a", "d", "b"];
    for id in runs {
        engine.start(two_stay, tally.name().to_owned()).id(id).await.unwrap();
    }
    until(|| tally.count("begun") == 8).await;
    let report = timeout(LONG, engine.shutdown(Duration::ZERO)).await.unwrap().unwrap();
    deed(tally.name(), "let go");
    let found: Vec<_> = report.still_running.iter().map(|step| (step.run.as_str(), step.position)).collect();
    assert_eq!(found, [("a", 1), ("a", 2), ("b", 1), ("b", 2), ("c", 1), ("c", 2), ("d", 1), ("d", 2)]);
    until(|| tally.count("ended") == 8).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_dropped_when_the_caller_of_shutdown_stops_waiting() {
    let tally = Tally::new("lingers");
    let builder = Engine::builder().in_memory().cancellation_grace(Duration::from_hours(1));
    let engine = builder.workflow(work).start().await.unwrap();
    engine.start(work, ("lingers".to_owned(), tally.name().to_owned())).await.unwrap();
    until(|| tally.count("begun") == 1).await;
    tokio::select! {
        report = engine.shutdown(Duration::ZERO) => panic!("the body has an hour: {report:?}"),
        () = until(|| tally.count("told") == 1) => {}
    }
    until(|| tally.count("dropped, told true") == 1).await;
}

/// Tests that the runs of an engine that shut down in order are claimed without waiting, also where no file shows it.
#[tokio::test]
async fn the_runs_of_an_engine_that_ended_in_order_are_taken_over_at_once() {
    #[workflow]
    async fn naps(flow: &mut Flow) -> Result<u32> {
        flow.sleep(Duration::from_millis(300)).await?;
        Ok(1)
    }
    let store = MemoryStore::new();
    let open = async || {
        let builder = Engine::builder().store(store.clone()).lease_term(Duration::from_hours(1));
        builder.workflow(naps).start().await.unwrap()
    };
    let engine = open().await;
    engine.start(naps, ()).id("r").await.unwrap();
    timeout(LONG, engine.shutdown(LONG)).await.unwrap().unwrap();
    let engine = open().await;
    assert_eq!(timeout(LONG, engine.handle(naps, "r").await.unwrap().result()).await.unwrap().unwrap(), 1);
}

/// Tests that an engine drops its resources although a handle of a run lives on.
#[tokio::test]
async fn the_handle_of_a_run_keeps_no_resource_of_an_engine_that_has_ended() {
    let given = Arc::new(5_u32);
    let builder = Engine::builder().in_memory().workflow(broken).resource(given.clone());
    let engine = builder.start().await.unwrap();
    let run = engine.start(broken, ()).await.unwrap();
    timeout(LONG, engine.shutdown(LONG)).await.unwrap().unwrap();
    until(|| Arc::strong_count(&given) == 1).await;
    drop(run);
}

#[tokio::test]
async fn a_shutdown_with_nothing_to_do_reports_nothing() {
    let engine = Engine::builder().in_memory().workflow(work).start().await.unwrap();
    let report = timeout(LONG, engine.shutdown(Duration::ZERO)).await.unwrap().unwrap();
    assert!(report.finished && report.still_running.is_empty());
}

#[workflow(name = "mended")]
async fn broken(_flow: &mut Flow) -> Result<u32> {
    panic!("a bug")
}

#[workflow(name = "mended")]
async fn fixed(_flow: &mut Flow) -> Result<u32> {
    Ok(5)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_question_after_mended_code_was_started_is_answered_by_that_code() {
    for round in 0..20 {
        let store = MemoryStore::new();
        let old = Engine::builder().store(store.clone()).workflow(broken).start().await.unwrap();
        let runs = 12;
        for n in 0..runs {
            let run = old.start(broken, ()).id(format!("r-{n}")).await.unwrap();
            let parked = timeout(LONG, run.result()).await.unwrap();
            assert!(matches!(parked, Err(RunError::Parked { .. })));
        }
        old.shutdown(LONG).await.unwrap();
        let new = Arc::new(Engine::builder().store(store.clone()).workflow(fixed).start().await.unwrap());
        // In reverse order, because the engine's start reaches the last runs late.
        for n in (0..runs).rev() {
            let run = new.start(fixed, ()).id(format!("r-{n}")).await.unwrap();
            assert_eq!(timeout(LONG, run.result()).await.unwrap().unwrap(), 5, "round {round}, run {n}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_parked_again_by_this_start_is_answered_with_todays_reason() {
    let store = MemoryStore::new();
    let old = Engine::builder().store(store.clone()).workflow(broken).start().await.unwrap();
    let run = old.start(broken, ()).id("r").await.unwrap();
    timeout(LONG, run.result()).await.unwrap().unwrap_err();
    old.shutdown(LONG).await.unwrap();
    drop((old, run));
    let new = Engine::builder().store(store).workflow(work).start().await.unwrap();
    let run = new.handle(broken, "r").await.unwrap();
    let Err(RunError::Parked { reason }) = timeout(LONG, run.result()).await.unwrap() else { panic!("it is parked") };
    assert!(reason.to_string().contains("does not have"), "{reason}");
}
