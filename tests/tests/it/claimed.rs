//! Runs without an owner are claimed, whatever happens beside the look for them.

use crate::faulty::{Hooked, failure};
use limits::{LIMIT, Soon as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use steadfast::prelude::*;
use steadfast::store::backend::Write;
use steadfast::store::{MemoryStore, Store as _};

#[workflow]
#[expect(clippy::unused_async, reason = "a workflow is async")]
async fn double(_flow: &mut Flow, n: u64) -> Result<u64> {
    Ok(2 * n)
}

async fn result(engine: &Engine, id: &str) -> u64 {
    engine.handle(double, id).await.unwrap().result().soon().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_fails_is_repeated() {
    let has_failed = Arc::new(AtomicBool::new(false));
    let failed = has_failed.clone();
    let store = Hooked::new(MemoryStore::new(), move |store, writes| {
        let claims = writes.iter().any(|write| matches!(write, Write::ClaimServed { .. }));
        if claims && !failed.swap(true, Ordering::SeqCst) { Err(failure()) } else { store.commit(writes) }
    });
    let builder = Engine::builder().store(store).lease_term(Duration::from_secs(1));
    let engine = builder.workflow(double).start().await.unwrap();
    engine.start_all(double, [("a", 1)]).soon().await.unwrap();
    assert_eq!(result(&engine, "a").await, 2);
    assert!(has_failed.load(Ordering::SeqCst));
    engine.shutdown(LIMIT).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_started_at_the_end_of_a_look_is_found() {
    let (ended, has_ended) = mpsc::channel::<()>();
    let (looks, is_looking) = mpsc::channel::<()>();
    let first = Arc::new(Mutex::new(Some((looks, has_ended))));
    let store = Hooked::new(MemoryStore::new(), |store: &MemoryStore, writes| store.commit(writes));
    // The first look has found nothing, and ends only after a run was started.
    let store = store.found(move |query| {
        let first = if query.unowned.is_some() { first.lock().unwrap().take() } else { None };
        if let Some((looks, has_ended)) = first {
            looks.send(()).unwrap();
            has_ended.recv_timeout(LIMIT).unwrap();
        }
    });
    let engine = Engine::builder().store(store).workflow(double).start().await.unwrap();
    tokio::task::block_in_place(|| is_looking.recv_timeout(LIMIT)).unwrap();
    engine.start_all(double, [("a", 1)]).soon().await.unwrap();
    ended.send(()).unwrap();
    assert_eq!(result(&engine, "a").await, 2);
    engine.shutdown(LIMIT).await.unwrap();
}
