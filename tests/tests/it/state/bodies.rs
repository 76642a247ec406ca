//! Edits from steps that block, that are no longer awaited, and that run during a pause.

use super::{Progress, nothing};
use futures_util::future::{Either, select};
use limits::Soon as _;
use std::sync::atomic::{AtomicU32, Ordering};
use steadfast::prelude::*;
use steadfast::testing::crash_everywhere;
use steadfast::{Pause, StateError, Status};

#[step(blocking)]
fn block(state: &State<Progress>, n: u64) -> Result<u64> {
    let seen = state
        .edit(|s| {
            s.total += n;
            s.total
        })
        .wait()?;
    state.set("seen", &seen).wait()?;
    Ok(state.read().wait()?.total.max(seen))
}

#[step]
async fn impatient(state: &State<Progress>) -> Result<bool> {
    Ok(state.edit(|s| s.chunks += 1).wait() == Err(StateError::MustAwait))
}

#[workflow(state = Progress)]
async fn blocking(flow: &Flow) -> Result<(u64, bool)> {
    try_join!(block(flow, 1), block(flow, 2), block(flow, 3))?;
    let refused = impatient(flow).await?;
    let state = flow.state::<Progress>();
    Ok((state.total + state.chunks, refused))
}

#[tokio::test]
async fn a_blocking_step_waits_for_its_edits() {
    assert_eq!(block::direct(&State::for_tests(nothing()), 3).unwrap(), 3);
    let engine = Engine::builder().in_memory().workflow(blocking).start().await.unwrap();
    assert_eq!(engine.start(blocking, ()).await.unwrap().result().soon().await.unwrap(), (6, true));
}

/// Edits until it is cancelled, and then tries once more.
#[step]
async fn tireless(state: &State<Progress>, scope: &StepScope) -> Result<()> {
    while !scope.cancellation.is_cancelled() {
        state.edit(|s| s.total += 1).await?;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    TRIED.fetch_add(1, Ordering::Relaxed);
    let late = state.edit(|s| s.names.push("late".into())).await;
    assert_eq!(late, Err(StateError::Stopped));
    TRIED.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

static TRIED: AtomicU32 = AtomicU32::new(0);

#[step]
async fn short() -> Result<()> {
    tokio::time::sleep(Duration::from_millis(20)).await;
    Ok(())
}

#[workflow(state = Progress)]
async fn race(flow: &Flow) -> Result<usize> {
    match select(short(flow), tireless(flow)).await {
        Either::Left((done, _)) | Either::Right((done, _)) => done?,
    }
    short(flow).await?;
    Ok(flow.state::<Progress>().names.len())
}

#[tokio::test]
async fn a_step_that_nobody_waits_for_makes_no_more_edits() {
    let engine = Engine::builder().in_memory().workflow(race).start().await.unwrap();
    let run = engine.start(race, ()).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 0);
    for _ in 0..1_000 {
        if TRIED.load(Ordering::Relaxed) == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(TRIED.load(Ordering::Relaxed), 2, "it was refused, and nothing hung");
    assert!(run.state::<Progress>().await.unwrap().unwrap().total > 0);
}

#[step]
async fn add(state: &State<Progress>, n: u64) -> Result<u64> {
    state.edit(|s| s.chunks += 1).await?;
    tokio::time::sleep(Duration::from_millis(30)).await;
    Ok(state
        .edit(|s| {
            s.total += n;
            s.total
        })
        .await?)
}

#[workflow(state = Progress)]
async fn paused(flow: &Flow) -> Result<(u64, u64)> {
    try_join!(add(flow, 1), add(flow, 2))?;
    let state = flow.state::<Progress>();
    Ok((state.chunks, state.total))
}

#[tokio::test]
async fn edits_go_on_in_a_pause_and_are_not_made_again_after_it() {
    for how in [Pause::Drain, Pause::Abandon] {
        let engine = Engine::builder().in_memory().workflow(paused).start().await.unwrap();
        let run = engine.start(paused, ()).id("p").await.unwrap();
        limits::until(async || run.state::<Progress>().await.unwrap().is_some_and(|state| state.chunks >= 2)).await;
        run.pause(how).await.unwrap();
        limits::until(async || run.status().await.unwrap().status == Status::Paused).await;
        run.resume().await.unwrap();
        assert_eq!(run.result().soon().await.unwrap(), (2, 3));
    }
    let report = crash_everywhere(paused, ()).pause_at_each_commit().cancel_at_each_commit().orders(2).await;
    assert_eq!(report.results, 1);
    assert!(report.cancelled > 0);
}
