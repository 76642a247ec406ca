//! Paused runs: nothing is delivered to them, and they are evicted.

use crate::flows::{Tally, deed};
use crate::runs::wait_for;
use limits::{soon, until};
use serde::{Deserialize, Serialize};
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::store::backend::RunKey;
use steadfast::store::{MemoryStore, Store};
use steadfast::{Message, Pause, Status};

#[derive(Message, Serialize, Deserialize)]
struct Word(u32);

/// A guard that records that its workflow body was dropped.
struct Noted(String);

impl Drop for Noted {
    fn drop(&mut self) {
        deed(&self.0, "left");
    }
}

#[workflow]
async fn listens(flow: &mut Flow) -> Result<u32> {
    let _noted = Noted(flow.run_id().to_owned());
    Ok(flow.receive::<Word>().await?.0)
}

/// Starts a run that stays active unless it is paused.
async fn listening(tally: &Tally, store: &MemoryStore) -> (Engine, steadfast::RunHandle<u32>) {
    let builder = Engine::builder().store(store.clone()).evict_after(Duration::from_hours(1));
    let engine = builder.workflow(listens).start().await.unwrap();
    let run = engine.start(listens, ()).id(tally.name()).await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    (engine, run)
}

#[tokio::test]
async fn a_run_takes_no_message_before_it_is_resumed() {
    let (tally, store) = (Tally::new("hears nothing"), MemoryStore::new());
    let (_engine, run) = listening(&tally, &store).await;
    run.pause(Pause::Drain).await.unwrap();
    wait_for(&run, Status::Paused).await;
    run.send(Word(3)).await.unwrap();
    run.resume().await.unwrap();
    assert_eq!(soon("the result", run.result()).await.unwrap(), 3);
    let history = run.history().await.unwrap();
    let at = |kind| history.iter().position(|entry| entry.kind == kind);
    let (resumed, heard) = (at(Kind::RunResumed).unwrap(), at(Kind::MessageReceived).unwrap());
    assert!(resumed < heard, "it heard the message in its pause: {history:?}");
    assert!(store.inbox(RunKey::Id(tally.name()), 0, 1).unwrap().is_empty());
}

#[tokio::test]
async fn a_paused_run_leaves_memory() {
    let (tally, store) = (Tally::new("leaves"), MemoryStore::new());
    let (_engine, run) = listening(&tally, &store).await;
    assert_eq!(tally.count("left"), 0, "a run that only waits stays for an hour");
    run.pause(Pause::Drain).await.unwrap();
    until(async || tally.count("left") == 1).await;
    wait_for(&run, Status::Paused).await;
    run.resume().await.unwrap();
    run.send(Word(4)).await.unwrap();
    assert_eq!(soon("the result", run.result()).await.unwrap(), 4);
}
