//! The time that a workflow reads.

use crate::runs::wait_for;
use limits::soon;
use serde::{Deserialize, Serialize};
use std::time::SystemTime;
use steadfast::prelude::*;
use steadfast::{Message, Status};

#[derive(Message, Serialize, Deserialize)]
struct Go;

/// Returns the time of its start, and that of a message.
#[workflow]
async fn reads_the_clock(flow: &mut Flow) -> Result<(SystemTime, SystemTime)> {
    let before = flow.now();
    flow.receive::<Go>().await?;
    Ok((before, flow.now()))
}

#[tokio::test]
async fn now_never_goes_back_although_the_clock_of_the_machine_does() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let builder = || Engine::builder().sqlite(folder.path().join("runs.db")).workflow(reads_the_clock);
    let engine = builder().start().await.unwrap();
    let run = engine.start(reads_the_clock, ()).id("r").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    // The clock of an engine that skips sleeps begins in 2020.
    let engine = builder().skip_sleeps().start().await.unwrap();
    let run = engine.handle(reads_the_clock, "r").await.unwrap();
    run.send(Go).await.unwrap();
    let (before, after) = soon("the result", run.result()).await.unwrap();
    assert!(after >= before, "{before:?}, then {after:?}");
}
