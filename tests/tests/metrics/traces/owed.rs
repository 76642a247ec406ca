//! What is not exported is owed: while the collector is down, and after the engine has ended.

use super::collector::Collected;
use super::expected::assert_traced;
use crate::place::Place;
use crate::tests_on;
use limits::Soon as _;
use std::sync::atomic::Ordering;
use std::time::Duration;
use steadfast::prelude::*;

tests_on!(file, memory, postgres: what_a_collector_refuses_is_exported_later);

#[step]
async fn doubled(n: u64) -> Result<u64> {
    Ok(2 * n)
}

#[workflow]
async fn doubles_twice(flow: &mut Flow, n: u64) -> Result<u64> {
    let once = doubled(flow, n).await?;
    Ok(doubled(flow, once).await?)
}

async fn what_a_collector_refuses_is_exported_later(place: Place) {
    let collected = Collected::default();
    let begin =
        async || place.builder().workflow(doubles_twice).traces(collected.clone()).start().soon().await.unwrap();
    collected.is_down.store(true, Ordering::SeqCst);
    let engine = begin().await;
    for n in 0..20 {
        let run = engine.start(doubles_twice, n).id(format!("run-{n}")).soon().await.unwrap();
        run.result().soon().await.unwrap();
    }
    engine.shutdown(Duration::from_secs(5)).soon().await.unwrap();
    assert_eq!(collected.all(), []);
    collected.is_down.store(false, Ordering::SeqCst);
    let engine = begin().await;
    limits::until(async || collected.all().len() >= 100).await;
    let inspector = engine.inspect();
    for n in 0..20 {
        assert_traced(&collected, &inspector, &format!("run-{n}")).soon().await;
    }
    engine.shutdown(Duration::from_secs(5)).soon().await.unwrap();
    assert_eq!(collected.all().len(), 100, "each span once");
    let third = begin().await;
    third.shutdown(Duration::from_secs(5)).soon().await.unwrap();
    assert_eq!(collected.all().len(), 100, "none is owed any more");
}

/// Tests that a run whose row is damaged holds up no other.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_run_holds_up_no_other() {
    let place = Place::file().unwrap();
    let collected = Collected::default();
    let begin =
        async || place.builder().workflow(doubles_twice).traces(collected.clone()).start().soon().await.unwrap();
    collected.is_down.store(true, Ordering::SeqCst);
    let engine = begin().await;
    for n in 0..3 {
        let run = engine.start(doubles_twice, n).id(format!("run-{n}")).soon().await.unwrap();
        run.result().soon().await.unwrap();
    }
    engine.shutdown(Duration::from_secs(5)).soon().await.unwrap();
    let damaged = "UPDATE steadfast_runs SET incarnation = 'x' WHERE id = 'run-0' RETURNING 1";
    assert_eq!(place.rows(damaged).len(), 1);
    collected.is_down.store(false, Ordering::SeqCst);
    let engine = begin().await;
    limits::until(async || collected.all().len() >= 10).await;
    let inspector = engine.inspect();
    for id in ["run-1", "run-2"] {
        assert_traced(&collected, &inspector, id).soon().await;
    }
    engine.shutdown(Duration::from_secs(5)).soon().await.unwrap();
    assert_eq!(collected.all().len(), 10);
    assert_eq!(place.count("SELECT count(*) FROM steadfast_traces"), 1, "its spans are owed yet");
}
