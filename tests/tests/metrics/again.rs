//! What happens again is not counted again: a run that is evicted, or that another engine takes up, is replayed.

use crate::page::{attempts, count, ended, recorder, started, steps, sum, workflow_is};
use limits::{Soon as _, until};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use steadfast::prelude::*;

#[derive(Clone, StepContext)]
struct Notes {
    text: String,
}

#[derive(Clone, Default)]
struct Gate(Arc<AtomicU32>);

#[step]
async fn prepares(notes: &Notes) -> Result<usize> {
    Ok(notes.text.len())
}

/// Hangs in its first attempt.
#[step]
async fn waits_once(_notes: &Notes, #[resource] gate: &Gate) -> Result<()> {
    if gate.0.fetch_add(1, Ordering::SeqCst) == 0 {
        std::future::pending::<()>().await;
    }
    Ok(())
}

#[workflow(context = Notes, resources(Gate))]
async fn interrupted(start: Start<Notes>) -> Result<()> {
    let mut flow = start.with(Notes::builder().text("ten bytes.").build()).await?;
    prepares(&flow).await?;
    flow.update(|notes| notes.text("twenty bytes of text")).await?;
    waits_once(&flow).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_counts_nothing_but_itself() {
    recorder();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (gate, of) = (Gate::default(), "interrupted");
    let engine = || {
        let builder = Engine::builder().sqlite(folder.path().join("again.db")).cancellation_grace(Duration::ZERO);
        builder.resource(gate.clone()).workflow(interrupted).start()
    };
    let first = engine().await.unwrap();
    first.start(interrupted, ()).id("one").await.unwrap();
    until(async || gate.0.load(Ordering::SeqCst) == 1).await;
    first.shutdown(Duration::ZERO).soon().await.unwrap();
    let before = |name| count(name, &[&workflow_is(of)]);
    assert_eq!((started(of), steps(of, "prepares", "completed"), before("steadfast_context_bytes_count")), (1, 1, 2));
    assert_eq!(before("steadfast_replay_duration_seconds_count"), 0);

    let second = engine().await.unwrap();
    second.handle(interrupted, "one").await.unwrap().result().soon().await.unwrap();
    assert_eq!((started(of), ended(of, "completed")), (1, 1));
    assert_eq!((steps(of, "prepares", "completed"), attempts(of, "prepares", "completed")), (1, 1));
    assert_eq!((attempts(of, "waits_once", "lost"), attempts(of, "waits_once", "completed")), (1, 1));
    assert_eq!(steps(of, "waits_once", "completed"), 1);
    assert_eq!(before("steadfast_context_bytes_count"), 2);
    assert!(sum("steadfast_context_bytes_sum", &[&workflow_is(of)]) >= 30.0, "each with all of its fields");
    assert_eq!(before("steadfast_replay_duration_seconds_count"), 1);
    assert!(before("steadfast_replayed_entries_total") >= 6);
}

#[step]
async fn rests() -> Result<()> {
    Ok(())
}

#[workflow]
async fn evicted(flow: &mut Flow, times: u32) -> Result<u32> {
    for _ in 0..times {
        rests(flow).await?;
        flow.sleep(Duration::from_millis(60)).await;
    }
    Ok(times)
}

#[tokio::test]
async fn a_run_that_is_evicted_between_its_steps_counts_each_once() {
    recorder();
    let builder = Engine::builder().in_memory().evict_after(Duration::from_millis(5)).workflow(evicted);
    let engine = builder.start().await.unwrap();
    engine.start(evicted, 5).await.unwrap().result().soon().await.unwrap();
    assert_eq!((steps("evicted", "rests", "completed"), attempts("evicted", "rests", "completed")), (5, 5));
    assert_eq!((started("evicted"), ended("evicted", "completed")), (1, 1));
    assert!(count("steadfast_replay_duration_seconds_count", &[&workflow_is("evicted")]) >= 3, "it was evicted");
}
