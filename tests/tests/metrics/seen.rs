//! What an engine reads at an interval, and what it measures of queues, schedules and heartbeats.

use crate::page::{count, recorder, started, sum};
use limits::{Soon as _, until};
use std::sync::Arc;
use std::time::Duration;
use steadfast::prelude::*;
use steadfast::{Overlap, Queue, Schedule};
use tokio::sync::Semaphore;

#[step]
async fn occupies(#[resource] gate: &Arc<Semaphore>) -> Result<()> {
    gate.acquire().await.map_err(|_| Error::msg("closed"))?.forget();
    Ok(())
}

#[workflow(resources(Arc<Semaphore>))]
async fn queues_up(flow: &mut Flow) -> Result<()> {
    occupies(flow).await?;
    Ok(())
}

#[tokio::test]
async fn the_depth_of_a_queue_is_read_and_becomes_0_again() {
    const QUEUE: &str = r#"queue="watched""#;
    recorder();
    let gate = Arc::new(Semaphore::new(0));
    let builder = Engine::builder().in_memory().queue(Queue::new("watched").total(1)).serve("watched", 4);
    let engine = builder.resource(gate.clone()).workflow(queues_up).start().await.unwrap();
    let mut runs = Vec::new();
    for _ in 0..3 {
        runs.push(engine.start(queues_up, ()).queue("watched").await.unwrap());
    }
    until(async || sum("steadfast_queue_depth", &[QUEUE]) >= 2.0).await;
    assert!(sum("steadfast_queue_running", &[QUEUE]) >= 1.0);
    until(async || sum("steadfast_queue_oldest_age_seconds", &[QUEUE]) > 0.0).await;
    gate.add_permits(3);
    for run in runs {
        run.result().soon().await.unwrap();
    }
    until(async || sum("steadfast_queue_depth", &[QUEUE]) == 0.0).await;
    assert!(count("steadfast_queue_wait_seconds_count", &[QUEUE]) >= 3);
    assert!(sum("steadfast_queue_wait_seconds_sum", &[QUEUE]) > 0.0);
}

#[workflow]
async fn waits_parked(_flow: &mut Flow) -> Result<()> {
    panic!("on purpose")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_are_counted_by_status_and_leases_are_watched() {
    recorder();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let builder = Engine::builder().sqlite(folder.path().join("seen.db")).lease_term(Duration::from_secs(1));
    let engine = builder.workflow(waits_parked).start().await.unwrap();
    for _ in 0..2 {
        engine.start(waits_parked, ()).await.unwrap().result().soon().await.unwrap_err();
    }
    until(async || count("steadfast_runs", &[r#"status="parked""#]) == 2).await;
    until(async || count("steadfast_heartbeat_lag_seconds_count", &[]) > 0).await;
    assert!(sum("steadfast_lease_margin_seconds", &[]) > 0.0);
    assert!(count("steadfast_commit_duration_seconds_count", &[]) > 0);
    assert!(sum("steadfast_commit_bytes_sum", &[]) > 0.0);
    let (commits, writes) = (count("steadfast_commit_writes_count", &[]), sum("steadfast_commit_writes_sum", &[]));
    assert!(writes > 0.0 && commits > 0);
    engine.shutdown(Duration::from_secs(5)).soon().await.unwrap();
}

#[workflow]
async fn comes_often(_flow: &mut Flow) -> Result<()> {
    Ok(())
}

#[tokio::test]
async fn each_time_of_a_schedule_shows_how_late_its_run_was() {
    recorder();
    let often = Schedule::every(Duration::from_millis(50)).overlap(Overlap::Allow).limit(5);
    let builder = Engine::builder().in_memory().workflow(comes_often).schedule("often", often, comes_often, ());
    let engine = builder.start().await.unwrap();
    until(async || count("steadfast_schedule_lag_seconds_count", &[r#"schedule="often""#]) == 5).await;
    assert!(!recorder().render().contains("often@"), "a label is no id of a run");
    assert_eq!(started("comes_often"), 5);
    drop(engine);
}
