//! Time limits of steps: they count from the first poll of the body to its end, and nothing else.

use crate::flows::{Tally, deed};
use std::time::Instant;
use steadfast::RunError;
use steadfast::prelude::*;

/// The longest wait of a test.
const PATIENCE: Duration = Duration::from_mins(1);

async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("it ends within a minute")
}

#[step(timeout = "300ms")]
async fn hangs() -> Result<u64> {
    std::future::pending().await
}

#[workflow]
async fn hanging(flow: &mut Flow) -> Result<u64> {
    flow.sleep(Duration::from_hours(24)).await?;
    Ok(hangs(flow).await?)
}

#[tokio::test]
async fn where_sleeps_are_skipped_a_body_that_hangs_reaches_its_time_limit() {
    let engine = Engine::builder().in_memory().skip_sleeps().workflow(hanging).start().await.unwrap();
    let run = engine.start(hanging, ()).await.unwrap();
    let error = within(run.result()).await.unwrap_err().to_string();
    assert!(error.contains("timed out"), "{error}");
}

#[step(timeout = "300ms")]
async fn short(tally: String) -> Result<()> {
    deed(&tally, "begun");
    tokio::time::sleep(Duration::from_millis(10)).await;
    Ok(())
}

#[workflow]
async fn shortly(flow: &mut Flow, tally: String) -> Result<()> {
    short(flow, tally).await?;
    Ok(())
}

#[tokio::test]
async fn a_body_that_ended_in_time_has_not_timed_out_because_its_thread_was_busy() {
    let tally = Tally::new("starved");
    let engine = Engine::builder().in_memory().workflow(shortly).start().await.unwrap();
    let run = engine.start(shortly, tally.name().to_owned()).await.unwrap();
    crate::steps::until(|| tally.count("begun") == 1).await;
    // This is the only thread of the runtime, so the body is not polled meanwhile.
    std::thread::sleep(Duration::from_secs(1));
    within(run.result()).await.unwrap();
}

#[step(blocking, timeout = "1500ms")]
fn blocks(tally: String) -> Result<()> {
    deed(&tally, "begun");
    std::thread::sleep(Duration::from_millis(900));
    Ok(())
}

#[workflow]
async fn blocking(flow: &mut Flow, tally: String) -> Result<()> {
    blocks(flow, tally).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_for_a_thread_counts_neither_as_time_nor_as_an_attempt() {
    let tally = Tally::new("threads");
    let engine = Engine::builder().in_memory().workflow(blocking).start().await.unwrap();
    let mut runs = Vec::new();
    // More than the runtime has blocking threads: some wait for as long as their time limit.
    for _ in 0..300 {
        runs.push(engine.start(blocking, tally.name().to_owned()).await.unwrap());
    }
    for run in runs {
        within(run.result()).await.unwrap();
    }
    assert_eq!(tally.count("begun"), 300);
}

/// Blocks the thread until the test releases it, and for a minute at most.
fn hold(tally: &str) {
    deed(tally, "begun");
    let begun = Instant::now();
    while Tally::named(tally).count("let go") == 0 && begun.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(5));
    }
    deed(tally, "ended");
}

#[step(timeout = "100ms")]
async fn holds_its_thread(tally: String) -> Result<()> {
    hold(&tally);
    Ok(())
}

#[step(blocking, timeout = "100ms")]
fn holds_a_blocking_thread(tally: String) -> Result<()> {
    hold(&tally);
    Ok(())
}

#[workflow]
async fn holding(flow: &mut Flow, order: (bool, String)) -> Result<()> {
    let (blocking, tally) = order;
    if blocking {
        holds_a_blocking_thread(flow, tally).await?;
    } else {
        holds_its_thread(flow, tally).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_body_that_holds_its_thread_times_out_while_it_does() {
    let engine = Engine::builder().in_memory().workflow(holding).start().await.unwrap();
    for blocking in [false, true] {
        let tally = Tally::new("holding");
        let run = engine.start(holding, (blocking, tally.name().to_owned())).await.unwrap();
        let error = within(run.result()).await.unwrap_err().to_string();
        assert!(error.contains("timed out"), "{error}");
        assert_eq!((tally.count("begun"), tally.count("ended")), (1, 0), "blocking: {blocking}");
        deed(tally.name(), "let go");
        crate::steps::until(|| tally.count("ended") == 1).await;
    }
}

#[step(timeout = "200ms")]
async fn drops_slowly(tally: String) -> Result<()> {
    struct Noted(String);
    impl Drop for Noted {
        fn drop(&mut self) {
            deed(&self.0, "dropped");
        }
    }
    let _noted = Noted(tally.clone());
    let cancelled = steadfast::current().expect("a step").step().expect("a step").cancellation.clone();
    let watching = tally.clone();
    tokio::spawn(async move {
        cancelled.cancelled().await;
        deed(&watching, "told");
    });
    std::future::pending::<()>().await;
    Ok(())
}

#[workflow]
async fn dropping(flow: &mut Flow, tally: String) -> Result<()> {
    drops_slowly(flow, tally).await?;
    Ok(())
}

#[tokio::test]
async fn a_body_that_times_out_is_dropped_and_what_it_has_spawned_is_told() {
    let tally = Tally::new("told");
    let engine = Engine::builder().in_memory().workflow(dropping).start().await.unwrap();
    let begun = Instant::now();
    let run = engine.start(dropping, tally.name().to_owned()).await.unwrap();
    assert!(matches!(within(run.result()).await, Err(RunError::Failed(_))));
    assert!(begun.elapsed() >= Duration::from_millis(200));
    crate::steps::until(|| tally.count("told") == 1 && tally.count("dropped") == 1).await;
}
