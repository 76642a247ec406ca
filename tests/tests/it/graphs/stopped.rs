//! Steps that run when another one stops the run; and steps on a timer.

use super::engine;
use limits::Soon as _;
use std::sync::atomic::{AtomicBool, Ordering};
use steadfast::prelude::*;

#[derive(Event)]
struct Fast;

#[derive(Event)]
struct Slow;

static TOLD: AtomicBool = AtomicBool::new(false);
static SLOW_RUNS: tokio::sync::Notify = tokio::sync::Notify::const_new();
static SLOW_ENDED: tokio::sync::Notify = tokio::sync::Notify::const_new();

struct Race;

#[workflow]
impl Race {
    #[step]
    async fn begin(_: Begin<()>) -> Result<(Slow, Fast)> {
        Ok((Slow, Fast))
    }

    #[step]
    async fn slow(_: Slow, scope: &StepScope) -> Result<Stop<String>> {
        SLOW_RUNS.notify_one();
        scope.cancellation.cancelled().await;
        TOLD.store(true, Ordering::SeqCst);
        SLOW_ENDED.notify_one();
        Ok(Stop("slow".to_owned()))
    }

    #[step]
    async fn fast(_: Fast) -> Result<Stop<String>> {
        SLOW_RUNS.notified().await;
        Ok(Stop("fast".to_owned()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_that_run_when_another_stops_are_told_and_recorded() {
    let engine = engine(Race).await;
    let run = engine.start(Race, ()).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), "fast");
    SLOW_ENDED.notified().await;
    assert!(TOLD.load(Ordering::SeqCst));
    let history = run.history().await.unwrap();
    let abandoned = history.iter().filter(|entry| entry.kind.as_str() == "call_abandoned");
    assert_eq!(abandoned.map(|entry| entry.position).collect::<Vec<_>>(), [Some(2)]);
}

#[derive(Event)]
struct Tock(u32);

struct Clock;

#[workflow]
impl Clock {
    #[step]
    async fn begin(_: Begin<()>) -> Result<()> {
        Ok(())
    }

    #[step(every = "5ms")]
    async fn tick(state: &State) -> Result<Tock> {
        let ticks = state.get::<u32>("ticks").await?.unwrap_or(0) + 1;
        state.set("ticks", &ticks).await?;
        Ok(Tock(ticks))
    }

    #[step]
    async fn tock(tock: Tock) -> Result<Option<Stop<u32>>> {
        Ok((tock.0 == 3).then_some(Stop(3)))
    }

    #[step(after = "1h")]
    async fn alarm(_: &State) -> Result<Stop<u32>> {
        Ok(Stop(0))
    }
}

#[tokio::test]
async fn a_step_on_a_timer_begins_again_and_again() {
    let engine = engine(Clock).await;
    assert_eq!(engine.start(Clock, ()).await.unwrap().result().soon().await.unwrap(), 3);
}
