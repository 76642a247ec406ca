//! The effects of pauses on time limits and attempts.

mod held;

use crate::flows::{Tally, deed};
use crate::steps::{until, until_asked};
use futures_util::future::join;
use std::time::Instant;
use steadfast::prelude::*;
use steadfast::{Pause, Status, history::Kind};

async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(1), what).await.expect("it ends within a minute")
}

#[step]
async fn first(tally: String) -> Result<()> {
    deed(&tally, "first");
    while Tally::named(&tally).count("let go") == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

#[step]
async fn second(tally: String, scope: &StepScope) -> Result<u32> {
    deed(&tally, "second");
    Ok(scope.attempt)
}

#[workflow]
async fn drained(flow: &mut Flow, tally: String) -> Result<u32> {
    first(flow, tally.clone()).await?;
    Ok(second(flow, tally).await?)
}

#[tokio::test]
async fn a_step_that_a_pause_held_back_begins_with_its_first_attempt() {
    let tally = Tally::new("drained");
    let engine = Engine::builder().in_memory().workflow(drained).start().await.unwrap();
    let run = engine.start(drained, tally.name().to_owned()).await.unwrap();
    until(|| tally.count("first") == 1).await;
    run.pause(Pause::Drain).await.unwrap();
    until_asked(async || run.history().await.unwrap().iter().any(|entry| entry.kind == Kind::RunPaused)).await;
    deed(tally.name(), "let go");
    let is_held = |entry: &steadfast::history::HistoryEntry| entry.name.as_deref() == Some("second");
    until_asked(async || run.history().await.unwrap().iter().any(is_held)).await;
    // The run is evicted, so the next load must know that the attempt has not begun.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(tally.count("second"), 0);
    run.resume().await.unwrap();
    assert_eq!(within(run.result()).await.unwrap(), 1);
    assert_eq!(tally.count("second"), 1);
}

#[workflow]
async fn limited(flow: &mut Flow, sleep: u64) -> Result<()> {
    flow.sleep(Duration::from_millis(sleep)).await?;
    Ok(())
}

#[tokio::test]
async fn a_pause_that_is_longer_than_the_time_limit_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let builder = || Engine::builder().sqlite(folder.path().join("runs.db")).workflow(limited);
    let engine = builder().start().await.unwrap();
    let limit = Duration::from_secs(2);
    let ends = engine.start(limited, 1_000).id("ends").time_limit(limit).await.unwrap();
    let is_late = engine.start(limited, 600_000).id("is late").time_limit(limit).await.unwrap();
    let moment = std::time::SystemTime::now() + limit;
    let by_moment = engine.start(limited, 1_000).id("moment").deadline(moment).await.unwrap();
    for run in [&ends, &is_late, &by_moment] {
        run.pause(Pause::Drain).await.unwrap();
        until_asked(async || run.status().await.unwrap().status == Status::Paused).await;
    }
    tokio::time::sleep(limit + Duration::from_millis(500)).await;
    // The next engine knows the rest of the limit too.
    engine.shutdown(Duration::ZERO).await.unwrap();
    let engine = builder().start().await.unwrap();
    let resumed = Instant::now();
    for id in ["ends", "is late", "moment"] {
        engine.handle(limited, id).await.unwrap().resume().await.unwrap();
    }
    within(engine.handle(limited, "ends").await.unwrap().result()).await.unwrap();
    let late = within(engine.handle(limited, "is late").await.unwrap().result()).await;
    assert!(matches!(late, Err(steadfast::RunError::TimedOut)), "{late:?}");
    assert!(resumed.elapsed() > Duration::from_millis(300), "the limit was over after {:?}", resumed.elapsed());
    // A point in time passes also during a pause.
    let moment = within(engine.handle(limited, "moment").await.unwrap().result()).await;
    assert!(matches!(moment, Err(steadfast::RunError::TimedOut)), "{moment:?}");
}

#[step(retry(attempts = 2, backoff = "3s", jitter = 0.0))]
async fn again(tally: String, scope: &StepScope) -> Result<u32> {
    deed(&tally, "again");
    if scope.attempt == 1 { Err(Error::msg("not yet")) } else { Ok(scope.attempt) }
}

#[workflow]
async fn branches(flow: &mut Flow, tally: String) -> Result<u32> {
    let (attempt, ()) = {
        let flow = &*flow;
        let (attempt, first) = join(again(flow, tally.clone()), first(flow, tally)).await;
        (attempt?, first?)
    };
    Ok(attempt)
}

#[tokio::test]
async fn a_retry_is_due_when_it_was_although_a_restart_came_between_and_another_branch_is_in_flight() {
    let tally = Tally::new("branches");
    let folder = tempfile::tempdir().unwrap();
    let builder = || Engine::builder().sqlite(folder.path().join("runs.db")).workflow(branches);
    let engine = builder().start().await.unwrap();
    let run = engine.start(branches, tally.name().to_owned()).id("branches").await.unwrap();
    until(|| tally.count("again") == 1 && tally.count("first") == 1).await;
    until_asked(async || run.history().await.unwrap().iter().any(|entry| entry.kind == Kind::AttemptFailed)).await;
    engine.shutdown(Duration::ZERO).await.unwrap();
    let engine = builder().start().await.unwrap();
    // The other branch is in flight, and the retry is not due yet.
    until(|| tally.count("first") == 2).await;
    let run = engine.handle(branches, "branches").await.unwrap();
    let history = run.history().await.unwrap();
    let failed = history.iter().find(|entry| entry.kind == Kind::AttemptFailed).unwrap();
    deed(tally.name(), "let go");
    let attempt = within(run.result()).await.unwrap();
    let history = run.history().await.unwrap();
    let started = |entry: &&steadfast::history::HistoryEntry| {
        entry.kind == Kind::AttemptStarted && entry.name.as_deref() == Some("again")
    };
    let started: Vec<_> = history.iter().filter(started).collect();
    assert_eq!((attempt, started.len(), tally.count("again")), (2, 1, 2));
    let slack = Duration::from_millis(20);
    assert!(
        started[0].at + slack >= failed.due.unwrap(),
        "tried again at {:?}, due at {:?}",
        started[0].at,
        failed.due
    );
}
