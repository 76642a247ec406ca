//! What a step may take of time, and what its engine gives it at its end.

use crate::place::{ENDING, Place};
use limits::{Soon as _, until};
use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::Poll;
use steadfast::prelude::*;

/// The time limit of a step, which is shorter than its wait in the queue.
const LIMIT: Duration = Duration::from_millis(500);

#[step(queue = "slow", timeout = "500ms")]
async fn brief(scope: &StepScope) -> Result<u32> {
    Ok(scope.attempt)
}

#[workflow]
async fn limited(flow: &mut Flow) -> Result<u32> {
    Ok(brief(flow).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wait_in_a_queue_is_no_part_of_the_time_limit() {
    let place = Place::file();
    let engine = place.builder().workflow(limited).start().await.unwrap();
    let run = engine.start(limited, ()).await.unwrap();
    until(async || !run.status().await.unwrap().waits_for.is_empty()).await;
    tokio::time::sleep(LIMIT * 2).await;
    let worker = place.builder().serve("slow", 1).step::<brief>().start().await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 1);
    worker.shutdown(ENDING).await.unwrap();
}

static BEGUN: AtomicU32 = AtomicU32::new(0);
static MAY_END: AtomicBool = AtomicBool::new(false);

#[step(queue = "slow")]
async fn held(scope: &StepScope) -> Result<u32> {
    BEGUN.fetch_add(1, Ordering::SeqCst);
    while !MAY_END.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(scope.attempt)
}

#[workflow]
async fn holding(flow: &mut Flow) -> Result<u32> {
    Ok(held(flow).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_ends_in_order_lets_its_steps_finish_and_claims_no_more() {
    let place = Place::file();
    let engine = place.builder().workflow(holding).start().await.unwrap();
    let worker = place.builder().serve("slow", 2).step::<held>().start().await.unwrap();
    let first = engine.start(holding, ()).await.unwrap();
    until(async || BEGUN.load(Ordering::SeqCst) == 1).await;
    let mut ending = pin!(worker.shutdown(ENDING));
    assert!(poll_fn(|context| Poll::Ready(ending.as_mut().poll(context).is_pending())).await);
    let second = engine.start(holding, ()).await.unwrap();
    until(async || !second.status().await.unwrap().waits_for.is_empty()).await;
    MAY_END.store(true, Ordering::SeqCst);
    assert_eq!(first.result().soon().await.unwrap(), 1);
    assert!(ending.soon().await.unwrap().finished);
    assert_eq!(BEGUN.load(Ordering::SeqCst), 1);
    let other = place.builder().serve("slow", 2).step::<held>().start().await.unwrap();
    assert_eq!(second.result().soon().await.unwrap(), 1);
    other.shutdown(ENDING).await.unwrap();
}
