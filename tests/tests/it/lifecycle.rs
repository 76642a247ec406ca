//! Time limits, cancellations and pauses: what ends a run, what pauses it, and what resumes afterwards.

use crate::flows::{Tally, deed};
use crate::steps::{until, until_asked};
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::{Message, Pause, RunError, Status, StepScope};

#[derive(Message, Serialize, Deserialize)]
struct Go;

#[derive(StepContext, Clone, Debug)]
struct Held {
    tally: String,
    #[context(default)]
    seats: u32,
}

#[step]
async fn release(ctx: &Held, reason: String) -> Result<()> {
    deed(&ctx.tally, &format!("released {} ({reason})", ctx.seats));
    Ok(())
}

#[step]
async fn works(scope: &StepScope, tally: String, until_told: bool) -> Result<u32> {
    deed(&tally, &format!("attempt {}", scope.attempt));
    if until_told {
        scope.cancellation.cancelled().await;
        deed(&tally, "told");
    } else {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(scope.attempt)
}

#[workflow(context = Held, on_cancel = release)]
async fn holds(start: Start<Held>, tally: String) -> Result<()> {
    let mut flow = start.with(Held::builder().tally(tally).build()).await?;
    flow.update(|held| held.seats(3)).await?;
    flow.receive::<Go>().await?;
    Ok(())
}

#[workflow]
async fn two_steps(flow: &mut Flow, tally: String) -> Result<u32> {
    let first = works(&*flow, tally.clone(), false).await?;
    let second = works(&*flow, tally, false).await?;
    Ok(first + second)
}

#[workflow]
async fn naps(flow: &mut Flow, millis: u64) -> Result<String> {
    flow.sleep(Duration::from_millis(millis)).await?;
    flow.receive::<Go>().await?;
    Ok("went".into())
}

#[workflow]
async fn stubborn(flow: &mut Flow, tally: String) -> Result<u32> {
    Ok(works(&*flow, tally, true).await?)
}

fn builder() -> steadfast::EngineBuilder {
    Engine::builder().workflow(holds).workflow(two_steps).workflow(naps).workflow(stubborn)
}

async fn is(run: &steadfast::Run, status: Status) {
    until_asked(async || run.status().await.unwrap().status == status).await;
}

#[tokio::test]
async fn a_cancelled_run_does_what_it_does_on_such_an_end() {
    let tally = Tally::new("on-cancel");
    let engine = builder().in_memory().start().await.unwrap();
    let run = engine.start(holds, tally.name().to_owned()).await.unwrap();
    until_asked(async || run.history().await.unwrap().iter().any(|entry| entry.kind == Kind::ReceiveStarted)).await;
    run.cancel("sold out").await.unwrap();
    let error = run.result().soon().await.unwrap_err();
    assert!(matches!(&error, RunError::Cancelled { reason } if reason == "sold out"), "{error}");
    assert_eq!(tally.count("released 3 (sold out)"), 1);
}

#[tokio::test]
async fn a_run_whose_time_is_over_does_it_too_once_over_restarts() {
    let tally = Tally::new("on-timeout");
    let folder = tempfile::tempdir().unwrap();
    let start = async || builder().sqlite(folder.path().join("runs.db")).start().await.unwrap();
    let engine = start().await;
    let run = engine.start(holds, tally.name().to_owned()).id("h").time_limit(Duration::from_millis(200));
    run.await.unwrap();
    drop(engine);
    let engine = start().await;
    let error = engine.handle(holds, "h").await.unwrap().result().soon().await.unwrap_err();
    assert!(matches!(error, RunError::TimedOut), "{error}");
    assert_eq!(tally.count("released 3 (the deadline was reached)"), 1);
}

#[tokio::test]
async fn a_paused_run_lets_its_step_end_and_begins_nothing() {
    let tally = Tally::new("drain");
    let engine = builder().in_memory().start().await.unwrap();
    let run = engine.start(two_steps, tally.name().to_owned()).await.unwrap();
    until(|| tally.count("attempt 1") == 1).await;
    run.pause(Pause::Drain).await.unwrap();
    is(&run, Status::Paused).await;
    until_asked(async || run.history().await.unwrap().iter().any(|entry| entry.kind == Kind::StepCompleted)).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(tally.count("attempt 1"), 1, "the second step has not begun");
    run.resume().await.unwrap();
    run.result().soon().await.unwrap();
    assert_eq!(tally.count("attempt 1") + tally.count("attempt 2"), 2);
}

#[tokio::test]
async fn a_pause_that_abandons_tells_the_step_which_begins_again() {
    let tally = Tally::new("abandon");
    let engine = builder().in_memory().start().await.unwrap();
    let run = engine.start(stubborn, tally.name().to_owned()).await.unwrap();
    until(|| tally.count("attempt 1") == 1).await;
    run.pause(Pause::Abandon).await.unwrap();
    until(|| tally.count("told") == 1).await;
    is(&run, Status::Paused).await;
    run.resume().await.unwrap();
    until(|| tally.count("attempt 2") == 1).await;
    run.cancel("done").await.unwrap();
    run.result().soon().await.unwrap_err();
}

#[tokio::test]
async fn what_comes_during_a_pause_counts_after_it_also_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let start = async || builder().sqlite(folder.path().join("runs.db")).start().await.unwrap();
    let engine = start().await;
    let run = engine.start(naps, 20).id("n").await.unwrap();
    run.pause(Pause::Drain).await.unwrap();
    is(&run, Status::Paused).await;
    run.send(Go).await.unwrap();
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(run.status().await.unwrap().status, Status::Paused, "its timer does not fire");
    drop((run, engine));
    let engine = start().await;
    let run = engine.handle(naps, "n").await.unwrap();
    assert_eq!(run.status().await.unwrap().status, Status::Paused);
    run.resume().await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), "went");
    let again = engine.start(naps, 20).id("again").await.unwrap();
    again.pause(Pause::Drain).await.unwrap();
    is(&again, Status::Paused).await;
    again.cancel("no more").await.unwrap();
    assert!(matches!(again.result().soon().await, Err(RunError::Cancelled { .. })));
}
