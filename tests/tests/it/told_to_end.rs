//! Runs that are ended: by their deadline, only once, and without starting more work.

use crate::flows::{Tally, deed};
use limits::{soon, until};
use serde::{Deserialize, Serialize};
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::store::backend::RunKey;
use steadfast::store::{MemoryStore, Store};
use steadfast::{Message, RunError, StepScope};

#[derive(Message, Serialize, Deserialize)]
struct Go;

/// Blocks until the test releases it.
#[step]
async fn undo(scope: &StepScope, reason: String) -> Result<()> {
    let id = scope.run_id().to_owned();
    deed(&id, &reason);
    let tally = Tally::named(&id);
    crate::steps::until(|| tally.count("go") == 1).await;
    deed(&id, "undone");
    Ok(())
}

#[workflow(on_cancel = undo)]
async fn sells(flow: &mut Flow) -> Result<()> {
    flow.receive::<Go>().await?;
    Ok(())
}

#[tokio::test]
async fn a_run_that_is_ending_because_its_time_is_over_is_not_cancelled_too() {
    let store = MemoryStore::new();
    let engine = Engine::builder().store(store.clone()).workflow(sells).start().await.unwrap();
    let tally = Tally::new("ends once");
    let run = engine.start(sells, ()).id(tally.name()).time_limit(Duration::from_millis(50)).await.unwrap();
    until(async || tally.count("the deadline was reached") == 1).await;
    run.cancel("too late").await.unwrap();
    let read = || store.inbox(RunKey::Id(tally.name()), 0, 1).unwrap().is_empty();
    until(async || read()).await;
    deed(tally.name(), "go");
    let ended = soon("the end", run.result()).await;
    assert!(matches!(ended, Err(RunError::TimedOut)), "{ended:?}");
    assert_eq!(tally.all(), ["the deadline was reached", "go", "undone"]);
    let history = run.history().await.unwrap();
    assert!(!history.iter().any(|entry| entry.kind == Kind::CancelRequested), "{history:?}");
}

/// Records a deed under the id of its run.
#[step]
async fn begins(scope: &StepScope, price: f64) -> Result<f64> {
    deed(scope.run_id(), "begun");
    Ok(price)
}

#[workflow]
async fn begins_and_fails(flow: &mut Flow) -> Result<()> {
    let flow = &*flow;
    let steps = futures_util::future::try_join_all((0..8).map(|_| begins(flow, 1.0)));
    // The refused call fails the run in the commit in which the others were to begin.
    try_join!(async { steps.await.map_err(Error::from) }, async { begins(flow, f64::NAN).await.map_err(Error::from) })?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_that_have_not_begun_when_their_run_ends_do_not_begin() {
    let engine = Engine::builder().in_memory().workflow(begins_and_fails).start().await.unwrap();
    for round in 0..50 {
        let tally = Tally::new("not begun");
        let run = engine.start(begins_and_fails, ()).id(tally.name()).await.unwrap();
        assert!(matches!(soon("the end", run.result()).await, Err(RunError::Failed(_))));
        assert_eq!(tally.count("begun"), 0, "round {round}");
    }
}
