//! Calls of remote steps that their run drops or holds back.

use crate::place::{ENDING, Place, on_both};
use limits::{Soon as _, until};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU32, Ordering};
use steadfast::prelude::*;
use steadfast::{Pause, Run, Status, WaitsFor};

static BEGUN: AtomicU32 = AtomicU32::new(0);
static CANCELLED: AtomicU32 = AtomicU32::new(0);

#[step(queue = "far")]
async fn endless(scope: &StepScope) -> Result<()> {
    BEGUN.fetch_add(1, Ordering::SeqCst);
    scope.cancellation.cancelled().await;
    CANCELLED.fetch_add(1, Ordering::SeqCst);
    Ok(())
}

#[derive(Serialize, Deserialize, Message)]
struct Enough;

#[workflow]
async fn racing(flow: &mut Flow) -> Result<()> {
    let mut endless = endless(flow);
    let mut enough = flow.receive::<Enough>();
    select_biased! {
        _ = endless => return Err(Error::msg("it has no end")),
        came = enough => came?,
    };
    drop(endless);
    // The run goes on.
    Ok(flow.receive::<Enough>().await.map(drop)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_dropped_is_cancelled_on_its_own_engine() {
    let builder = Engine::builder().in_memory().workflow(racing).serve("far", 1);
    let engine = builder.step::<endless>().start().await.unwrap();
    let run = engine.start(racing, ()).await.unwrap();
    until(async || BEGUN.load(Ordering::SeqCst) == 1).await;
    run.send(Enough).await.unwrap();
    until(async || CANCELLED.load(Ordering::SeqCst) == 1).await;
    run.send(Enough).await.unwrap();
    run.result().soon().await.unwrap();
    engine.shutdown(ENDING).await.unwrap();
}

#[step(queue = "paused")]
async fn quick(place: String) -> Result<String> {
    Ok(place)
}

#[workflow]
async fn calling(flow: &mut Flow, place: String) -> Result<String> {
    Ok(quick(flow, place).await?)
}

async fn waits(run: &Run) -> bool {
    let waits = run.status().await.unwrap().waits_for;
    waits.iter().any(|wait| matches!(wait.for_what, WaitsFor::Queue { .. }))
}

on_both! {
    async fn a_run_that_is_paused_begins_no_remote_step(place: Place) {
        let engine = place.builder().workflow(calling).start().await.unwrap();
        let (first, second) = ("first".to_owned(), "second".to_owned());
        let paused = engine.start(calling, first).await.unwrap();
        until(async || waits(&paused).await).await;
        paused.pause(Pause::Drain).await.unwrap();
        until(async || paused.status().await.unwrap().status == Status::Paused).await;
        // A run that is loaded while it is paused does not enqueue them either.
        engine.shutdown(ENDING).await.unwrap();
        let engine = place.builder().workflow(calling).start().await.unwrap();
        let worker = place.builder().serve("paused", 1).step::<quick>().start().await.unwrap();
        // The worker has looked for all that waits.
        let other = engine.start(calling, second).await.unwrap();
        assert_eq!(other.result().soon().await.unwrap(), "second");
        let paused = engine.handle(calling, paused.id()).await.unwrap();
        assert_eq!(paused.status().await.unwrap().status, Status::Paused);
        let info = worker.queue("paused").info().soon().await.unwrap();
        assert_eq!(info.waiting, 0, "nothing of a paused run waits for an engine");
        paused.resume().await.unwrap();
        assert_eq!(paused.result().soon().await.unwrap(), "first");
        for engine in [worker, engine] {
            engine.shutdown(ENDING).await.unwrap();
        }
    }
}
