//! Failed rewinds leave their run unchanged, and lose no event that arrived meanwhile.

use crate::faulty::Hooked;
use crate::garbage::Rig;
use crate::runs::wait_for;
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::store::{MemoryStore, Store as _};
use steadfast::{EngineError, ForkPoint, Pause, Status};

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

#[workflow]
async fn brief(flow: &mut Flow) -> Result<()> {
    flow.sleep(Duration::ZERO).await?;
    Ok(())
}

/// Tests a shutdown while a fork reads the history. The fork reads until it has every entry; here the last one is
/// missing until the engine shuts down.
#[tokio::test]
async fn a_fork_that_a_shutdown_interrupts_says_so() {
    const WHOLE: usize = 0;
    const CUT: usize = 1;
    let reads = Arc::new(AtomicUsize::new(WHOLE));
    let counted = reads.clone();
    let store = Hooked::new(MemoryStore::new(), MemoryStore::commit).reading(move |_, entries| {
        let cut = |reads| (reads != WHOLE).then_some(reads + 1);
        if counted.fetch_update(Ordering::SeqCst, Ordering::SeqCst, cut).is_ok() {
            entries.pop();
        }
    });
    let engine = Engine::builder().store(store).workflow(brief).start().await.unwrap();
    engine.start(brief, ()).id("r").await.unwrap().result().soon().await.unwrap();
    reads.store(CUT, Ordering::SeqCst);
    let forking = tokio::spawn({
        let engine = engine.clone();
        async move { engine.fork("r", ForkPoint::after_entry(1)).await.map(drop) }
    });
    limits::until(async || reads.load(Ordering::SeqCst) > CUT).await;
    engine.shutdown(Duration::from_secs(5)).soon().await.unwrap();
    let interrupted = forking.soon().await.unwrap().unwrap_err();
    assert!(matches!(interrupted, EngineError::ShuttingDown), "{interrupted}");
}
