//! Engines that stop while they run steps.

use crate::place::{ENDING, Place};
use limits::{Soon as _, until};
use std::sync::Mutex;
use steadfast::prelude::*;
use steadfast::{Run, WaitsFor};

static ATTEMPTS: Mutex<Vec<u32>> = Mutex::new(Vec::new());

#[step(queue = "far")]
async fn sixth_time(scope: &StepScope) -> Result<u32> {
    ATTEMPTS.lock().unwrap().push(scope.attempt);
    if scope.attempt < 6 {
        std::future::pending::<()>().await;
    }
    Ok(scope.attempt)
}

#[workflow]
async fn trying(flow: &mut Flow) -> Result<u32> {
    Ok(sixth_time(flow).await?)
}

/// Returns the attempt that waits for an engine.
async fn waiting(run: &Run) -> Option<u32> {
    let waits = run.status().await.unwrap().waits_for;
    waits.into_iter().find_map(|wait| match wait.for_what {
        WaitsFor::Queue { attempt, .. } => Some(attempt),
        _ => None,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn engines_that_stop_in_order_cost_the_next_attempt_no_wait() {
    let place = Place::file();
    let engine = place.builder().workflow(trying).start().await.unwrap();
    let run = engine.start(trying, ()).await.unwrap();
    for attempt in 1..=5 {
        let serving = place.builder().serve("far", 1).step::<sixth_time>().cancellation_grace(Duration::ZERO);
        let worker = serving.start().await.unwrap();
        until(async || ATTEMPTS.lock().unwrap().last() == Some(&attempt)).await;
        worker.shutdown(Duration::ZERO).await.unwrap();
        until(async || waiting(&run).await == Some(attempt + 1)).await;
        let file = rusqlite::Connection::open(place.name()).unwrap();
        let wait = "SELECT max(due) - CAST(unixepoch('subsec') * 1000 AS INTEGER) FROM steadfast_tasks";
        let wait: i64 = file.query_row(wait, [], |row| row.get(0)).unwrap();
        assert!(wait <= 0, "attempt {} waits for {wait} ms", attempt + 1);
    }
    let worker = place.builder().serve("far", 1).step::<sixth_time>().start().await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 6);
    assert_eq!(*ATTEMPTS.lock().unwrap(), [1, 2, 3, 4, 5, 6]);
    for engine in [worker, engine] {
        engine.shutdown(ENDING).await.unwrap();
    }
}
