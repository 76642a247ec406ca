//! The guarantees of a cancellation.

use super::{is, soon};
use crate::faulty::Hooked;
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use steadfast::prelude::*;
use steadfast::store::backend::Write;
use steadfast::store::{MemoryStore, Status as Row, Store};
use steadfast::{EngineError, Message, RunError, Status};

#[derive(Message, Serialize, Deserialize)]
struct Go;

#[workflow]
async fn waits(flow: &mut Flow) -> Result<u32> {
    flow.receive::<Go>().await?;
    Ok(1)
}

#[workflow]
async fn broken(flow: &mut Flow) -> Result<u32> {
    flow.sleep(std::time::Duration::ZERO).await?;
    panic!("a bug")
}

#[tokio::test]
async fn a_cancellation_in_time_ends_the_run() {
    let engine = Engine::builder().in_memory().workflow(waits).start().await.unwrap();
    let run = engine.start(waits, ()).await.unwrap();
    let cancelling = run.cancel("enough").await.unwrap();
    assert!(soon("the end", cancelling.took_effect()).await.unwrap());
    assert!(matches!(run.result().soon().await, Err(RunError::Cancelled { reason }) if reason == "enough"));
}

/// Tests a cancellation during the commit that ends the run: `cancel` is `Ok`, the run completes, and the answer says
/// so.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_ending_completes_and_the_answer_says_so() {
    let (ending, on_its_way) = mpsc::channel::<()>();
    let (go_on, held) = mpsc::channel::<()>();
    let (ending, held) = (Mutex::new(ending), Mutex::new(held));
    let store = Hooked::new(MemoryStore::new(), move |store: &MemoryStore, writes: &[Write]| {
        let ends = |write: &Write| matches!(write, Write::Append(a) if a.change.status == Some(Row::Completed));
        if writes.iter().any(ends) {
            // The cancellation is enqueued before this is committed.
            let (before, after): (Vec<_>, Vec<_>) = (writes.to_vec(), Vec::<Write>::new());
            drop(after);
            ending.lock().unwrap().send(()).unwrap();
            held.lock().unwrap().recv_timeout(super::LONG).unwrap();
            return store.commit(&before);
        }
        store.commit(writes)
    });
    let inner = store.inner.clone();
    let engine = Engine::builder().store(store).workflow(waits).start().await.unwrap();
    let run = engine.start(waits, ()).id("r").await.unwrap();
    let cancelling = {
        let (run, engine) = (run.clone(), engine.clone());
        tokio::spawn(async move {
            engine.send("r", Go).await.unwrap();
            tokio::task::spawn_blocking(move || on_its_way.recv_timeout(super::LONG).unwrap()).await.unwrap();
            // Another engine on the same database enqueues the cancellation.
            let elsewhere = Engine::builder().store(Arc::unwrap_or_clone(inner)).start().await.unwrap();
            let cancelling = elsewhere.run("r").await.unwrap().cancel("enough").await.unwrap();
            go_on.send(()).unwrap();
            (run, cancelling, elsewhere)
        })
    };
    let (run, cancelling, _elsewhere) = soon("the cancellation", cancelling).await.unwrap();
    assert!(!soon("the end", cancelling.took_effect()).await.unwrap());
    assert_eq!(soon("the result", run.result()).await.unwrap(), 1);
}

#[tokio::test]
async fn a_parked_run_is_not_cancelled_yet() {
    let engine = Engine::builder().in_memory().workflow(broken).start().await.unwrap();
    let run = engine.start(broken, ()).id("r").await.unwrap();
    is(&engine, "r", Status::Parked).await;
    let waiting = run.cancel("enough").await.unwrap();
    let parked = soon("an answer", waiting.took_effect()).await.unwrap_err();
    assert!(matches!(parked, EngineError::WrongStatus { status: Status::Parked, .. }), "{parked}");
    run.cancel("for good").await.unwrap().force().await.unwrap();
    assert!(soon("the end", waiting.took_effect()).await.unwrap());
}
