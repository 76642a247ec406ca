//! Queues with calls that no live engine serves, as the status of a run and the health of an engine show them.

use crate::place::{ENDING, Place, on_both};
use limits::{Soon as _, until};
use std::time::SystemTime;
use steadfast::prelude::*;
use steadfast::{Queue, Run, WaitsFor};

#[step(queue = "gpu")]
async fn embed(text: String) -> Result<usize> {
    Ok(text.len())
}

#[step(queue = "gpu")]
async fn resize(width: u32) -> Result<u32> {
    Ok(width / 2)
}

#[workflow]
async fn index(flow: &mut Flow) -> Result<usize> {
    Ok(embed(flow, "a text".to_owned()).await?)
}

/// Returns whether an engine serves what the run waits for; `None` unless it waits in a queue.
async fn served(run: &Run) -> Option<bool> {
    let waits = run.status().await.unwrap().waits_for;
    waits
        .into_iter()
        .find_map(|wait| if let WaitsFor::Queue { served, .. } = wait.for_what { Some(served) } else { None })
}

/// Returns the queues that no engine serves.
async fn unserved(engine: &Engine) -> Vec<(String, SystemTime)> {
    engine.health().await.unserved_queues.into_iter().collect()
}

on_both! {
    async fn the_health_names_queues_with_calls_that_no_engine_runs(place: Place) {
        let begun = SystemTime::now() - Duration::from_secs(1);
        let engine = place.builder().workflow(index).start().await.unwrap();
        assert_eq!(unserved(&engine).await, []);
        let run = engine.start(index, ()).await.unwrap();
        until(async || served(&run).await == Some(false)).await;
        // An engine that serves the queue and lacks the step.
        let other = place.builder().serve("gpu", 1).step::<resize>().start().await.unwrap();
        let queues = unserved(&engine).await;
        assert_eq!(queues.len(), 1);
        assert!(queues[0].0 == "gpu" && (begun..SystemTime::now()).contains(&queues[0].1), "{queues:?}");
        let worker = place.builder().serve("gpu", 1).step::<embed>().start().await.unwrap();
        assert_eq!(run.result().soon().await.unwrap(), 6);
        assert_eq!(unserved(&engine).await, []);
        for engine in [worker, other, engine] {
            engine.shutdown(ENDING).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn engines_that_are_gone_serve_nothing() {
    // The lease of an engine that is gone stays there until another takes it over.
    let Some(place) = Place::postgres() else { return };
    let builder = || place.builder().queue(Queue::new("gpu"));
    let engine = builder().workflow(index).start().await.unwrap();
    engine.queue("gpu").pause("nothing starts").await.unwrap();
    let worker = builder().serve("gpu", 1).step::<embed>().start().await.unwrap();
    engine.start(index, ()).id("i").await.unwrap();
    let client = place.builder().client().start().await.unwrap();
    let run = client.run("i").await.unwrap();
    until(async || served(&run).await == Some(true)).await;
    assert_eq!(unserved(&client).await, []);
    drop((worker, engine));
    until(async || served(&run).await == Some(false)).await;
    assert_eq!(unserved(&client).await[0].0, "gpu");
    client.shutdown(ENDING).await.unwrap();
}
