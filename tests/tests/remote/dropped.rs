//! Calls of remote steps that their run drops.

use crate::place::ENDING;
use limits::{Soon as _, until};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU32, Ordering};
use steadfast::prelude::*;

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
