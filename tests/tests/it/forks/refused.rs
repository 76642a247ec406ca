//! A rewind that fails leaves its run unchanged, and loses no event that arrived meanwhile.

use crate::garbage::Rig;
use crate::runs::wait_for;
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use std::sync::atomic::Ordering;
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::{ForkPoint, Pause, Status};

#[derive(StepContext, Clone)]
struct Album {
    #[context(store = "blobs", default)]
    cover: Bytes,
}

#[derive(Message, Serialize, Deserialize)]
struct Go;

#[workflow(context = Album)]
async fn listens(flow: &mut Flow<Album>) -> Result<usize> {
    flow.update(|c| c.cover(Bytes::from(vec![1; 9_000]))).await?;
    flow.receive::<Go>().await?;
    flow.receive::<Go>().await?;
    Ok(flow.cover.len())
}

#[tokio::test]
async fn a_run_that_is_resumed_while_its_rewind_fails_goes_on() {
    let rig = Rig::default();
    let builder = Engine::builder().in_memory().workflow(listens).field_store("blobs", rig.clone());
    let builder = builder.field_store_retry(1, Duration::ZERO).field_store_timeout(Duration::from_secs(2));
    let engine = builder.start().await.unwrap();
    let result = engine.start(listens, ()).id("r").await.unwrap();
    let run = engine.run("r").await.unwrap();
    engine.send("r", Go).await.unwrap();
    let came = async || run.history().await.unwrap().iter().any(|entry| entry.kind == Kind::MessageReceived);
    limits::until(came).await;
    run.pause(Pause::Drain).await.unwrap();
    wait_for(&run, Status::Paused).await;

    let saves = rig.0.saves.load(Ordering::SeqCst);
    rig.0.hang_save.store(true, Ordering::SeqCst);
    let history = run.history().await.unwrap();
    let last = history.iter().find(|entry| entry.kind == Kind::MessageReceived).unwrap().seq;
    let rewinding = tokio::spawn({
        let engine = engine.clone();
        async move { engine.rewind("r", ForkPoint::after_entry(last)).await.map(drop) }
    });
    limits::until(async || rig.0.saves.load(Ordering::SeqCst) > saves).await;
    run.resume().await.unwrap();
    let refused = rewinding.soon().await.unwrap().unwrap_err().to_string();
    assert!(refused.contains("did not answer within 2s"), "{refused}");
    wait_for(&run, Status::Sleeping).await;
    engine.send("r", Go).await.unwrap();
    assert_eq!(result.result().soon().await.unwrap(), 9_000);
}
