//! Versions of a workflow: a run continues with the function that started it.

use crate::faulty::Switches;
use crate::flows::{Tally, deed};
use crate::steps::until;
use limits::Soon as _;
use steadfast::prelude::*;
use steadfast::{EngineError, ParkCause, RunError, Status};

#[step]
async fn gate(tally: String) -> Result<()> {
    deed(&tally, "at the gate");
    let tally = Tally::named(&tally);
    until(|| tally.count("open") > 0).await;
    Ok(())
}

#[step]
async fn note(tally: String, what: String) -> Result<()> {
    deed(&tally, &what);
    Ok(())
}

#[workflow(name = "process")]
async fn process_v1(flow: &mut Flow, tally: String) -> Result<u32> {
    gate(flow, tally.clone()).await?;
    note(flow, tally, "one".into()).await?;
    Ok(1)
}

#[workflow(name = "process", version = 2)]
async fn process_v2(flow: &mut Flow, tally: String) -> Result<u32> {
    note(flow, tally.clone(), "two".into()).await?;
    gate(flow, tally).await?;
    Ok(2)
}

#[workflow(name = "process", version = 2)]
async fn another_v2(flow: &mut Flow, tally: String) -> Result<u32> {
    gate(flow, tally).await?;
    Ok(3)
}

#[tokio::test]
async fn a_run_goes_on_with_the_version_that_it_was_started_with() {
    let store = Switches::default().store();
    let builder = || Engine::builder().store(store.clone()).lease_term(Duration::from_millis(200));
    let tally = Tally::new("versions");
    let input = || tally.name().to_owned();

    let engine = builder().workflow(process_v1).start().await.unwrap();
    let old = engine.start(process_v1, input()).id("old").await.unwrap();
    assert_eq!(old.status().await.unwrap().version, 1);
    until(|| tally.count("at the gate") == 1).await;
    drop((old, engine));

    // With only the new code nothing is lost, and the reason lists the known versions.
    let engine = builder().workflow(process_v2).start().await.unwrap();
    let old = engine.handle(process_v2, "old").await.unwrap();
    let Err(RunError::Parked { reason }) = old.result().soon().await else { panic!("it is parked") };
    assert_eq!(reason.cause, ParkCause::UnknownWorkflow);
    assert!(reason.message.contains("version 1 of workflow `process`"), "{reason}");
    assert!(reason.message.contains("(it has: 2)"), "{reason}");
    let report = engine.check().await.unwrap();
    assert!(report.to_string().contains("version 1 of workflow `process`"), "{report}");
    drop((old, engine));

    // With both versions each run continues with its own.
    let engine = builder().workflow(process_v1).workflow(process_v2).start().await.unwrap();
    let new = engine.start(process_v2, input()).id("new").await.unwrap();
    assert_eq!(new.status().await.unwrap().version, 2);
    deed(tally.name(), "open");
    let old = engine.handle(process_v1, "old").await.unwrap();
    limits::until(async || old.status().await.unwrap().status != Status::Parked).await;
    assert_eq!((old.result().soon().await.unwrap(), new.result().soon().await.unwrap()), (1, 2));
    assert_eq!((tally.count("one"), tally.count("two")), (1, 1));
}

#[tokio::test]
async fn one_name_has_each_version_once() {
    let error = Engine::builder().in_memory().workflow(process_v2).workflow(another_v2).start().await.unwrap_err();
    assert!(matches!(error, EngineError::Configuration { .. }), "{error}");
    assert!(error.to_string().contains("`process` and have version 2"), "{error}");
    assert!(error.to_string().contains("version = 3"), "{error}");
}

#[tokio::test]
async fn a_start_of_a_version_that_is_not_registered_is_refused() {
    let engine = Engine::builder().in_memory().workflow(process_v1).start().await.unwrap();
    let error = engine.start(process_v2, "x".into()).await.unwrap_err();
    assert!(error.to_string().contains("version 2 of workflow `process` is not registered"), "{error}");
}

#[tokio::test]
async fn the_file_of_a_run_knows_its_version_and_its_labels() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run");
    let tally = Tally::new("exported");
    let engine = Engine::builder().in_memory().workflow(process_v1).workflow(process_v2).start().await.unwrap();
    let start = engine.start(process_v2, tally.name().to_owned()).label("tenant", "acme");
    let run = start.await.unwrap();
    until(|| tally.count("at the gate") == 1).await;
    run.export(&file).await.unwrap();
    let copy = engine.import(&file).id("copy").await.unwrap();
    assert_eq!(copy.status().await.unwrap().version, 2);
    assert_eq!(copy.labels().await.unwrap()["tenant"], "acme");
    deed(tally.name(), "open");
    let copy = engine.handle(process_v2, "copy").await.unwrap();
    assert_eq!(copy.result().soon().await.unwrap(), 2);
    assert_eq!(copy.status().await.unwrap().status, Status::Completed);
}
