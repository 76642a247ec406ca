//! The declared state of a workflow, and the state that its steps take: a step that takes another state parks the run
//! at its call.

use super::Progress;
use limits::Soon as _;
use steadfast::prelude::*;
use steadfast::store::MemoryStore;
use steadfast::{ParkCause, RunError};

#[step]
async fn add(state: &State<Progress>, n: u64) -> Result<u64> {
    Ok(state
        .edit(|s| {
            s.total += n;
            s.total
        })
        .await?)
}

#[derive(StepContext, Clone)]
struct Other {
    #[context(default)]
    other: u64,
}

mod undeclared {
    use super::*;

    #[workflow(name = "adding")]
    pub(super) async fn adding(flow: &Flow) -> Result<u64> {
        Ok(add(flow, 2).await?)
    }
}

mod otherwise {
    use super::*;

    #[workflow(name = "adding", state = Other)]
    pub(super) async fn adding(flow: &Flow) -> Result<u64> {
        Ok(add(flow, 2).await?)
    }
}

mod right {
    use super::*;

    #[workflow(name = "adding", state = Progress)]
    pub(super) async fn adding(flow: &Flow) -> Result<u64> {
        Ok(add(flow, 2).await? + flow.state::<Progress>().total)
    }
}

#[tokio::test]
async fn a_step_that_takes_undeclared_state_parks_the_run_which_goes_on_once_it_is_declared() {
    let store = MemoryStore::new();
    let engine = Engine::builder().store(store.clone()).workflow(undeclared::adding).start().await.unwrap();
    let run = engine.start(undeclared::adding, ()).id("a").await.unwrap();
    let RunError::Parked { reason, .. } = run.result().soon().await.unwrap_err() else { panic!("it is parked") };
    assert_eq!(reason.cause, ParkCause::State);
    assert!(reason.message.contains("`#[workflow(state = Progress)]` on `adding`"), "{reason}");
    engine.shutdown(Duration::from_secs(5)).await.unwrap();

    let report = Engine::builder().store(store.clone()).workflow(undeclared::adding).check().await.unwrap();
    assert!(report.to_string().contains("state = Progress"), "{report}");
    let report = Engine::builder().store(store.clone()).workflow(right::adding).check().await.unwrap();
    assert!(!report.to_string().contains("state = Progress"), "{report}");

    let engine = Engine::builder().store(store).workflow(right::adding).start().await.unwrap();
    engine.retry("a").await.unwrap();
    assert_eq!(engine.handle(right::adding, "a").await.unwrap().result().soon().await.unwrap(), 4);
}

#[tokio::test]
async fn a_step_that_takes_another_state_than_is_declared_parks_the_run() {
    let engine = Engine::builder().in_memory().workflow(otherwise::adding).start().await.unwrap();
    let run = engine.start(otherwise::adding, ()).id("a").await.unwrap();
    let RunError::Parked { reason, .. } = run.result().soon().await.unwrap_err() else { panic!("it is parked") };
    assert!(reason.message.contains("declares `state = Other`"), "{reason}");
}

#[expect(clippy::unused_async, reason = "a workflow is one")]
#[workflow(state = Progress)]
async fn misread(flow: &Flow) -> Result<u64> {
    Ok(flow.state::<Other>().other)
}

#[tokio::test]
async fn a_workflow_that_reads_another_state_than_it_declares_is_parked() {
    let engine = Engine::builder().in_memory().workflow(misread).start().await.unwrap();
    let run = engine.start(misread, ()).await.unwrap();
    let RunError::Parked { reason, .. } = run.result().soon().await.unwrap_err() else { panic!("it is parked") };
    assert!(reason.message.contains("`Other`") && reason.message.contains("`state = Progress`"), "{reason}");
}
