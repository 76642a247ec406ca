//! Remote steps on stores whose commits and reads a test controls.

use crate::faulty::{Hooked, failure};
use limits::{LIMIT, Soon as _, until};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use steadfast::prelude::*;
use steadfast::store::backend::{TaskKey, Write};
use steadfast::store::{MemoryStore, Store as _};

#[step(queue = "far")]
async fn next(n: u32) -> Result<u32> {
    Ok(n + 1)
}

#[workflow]
async fn counting(flow: &mut Flow, to: u32) -> Result<u32> {
    let mut n = 0;
    while n < to {
        n = next(flow, n).await?;
    }
    Ok(n)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_reads_no_claims_of_other_calls() {
    let reads = Arc::new(AtomicU32::new(0));
    let counting_reads = reads.clone();
    let store = Hooked::new(MemoryStore::new(), |store: &MemoryStore, writes| store.commit(writes));
    let store = store.tasks(move |which| {
        counting_reads.fetch_add(u32::from(matches!(which, TaskKey::Lease(_))), Ordering::SeqCst);
    });
    let builder = Engine::builder().store(store).workflow(counting);
    let engine = builder.serve("far", 2).step::<next>().start().await.unwrap();
    let run = engine.start(counting, 20).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 20);
    assert_eq!(reads.load(Ordering::SeqCst), 0, "claims are read when one was cancelled, and when others have written");
    engine.shutdown(LIMIT).await.unwrap();
}

static WRITES: AtomicBool = AtomicBool::new(false);
static IS_WRITTEN: AtomicBool = AtomicBool::new(false);

#[step(queue = "far")]
async fn writing() -> Result<()> {
    WRITES.store(true, Ordering::SeqCst);
    let written = steadfast::stream("pages").write(&1).await;
    IS_WRITTEN.store(written.is_ok(), Ordering::SeqCst);
    std::future::pending().await
}

#[workflow]
async fn printing(flow: &mut Flow) -> Result<()> {
    Ok(writing(flow).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_is_not_in_the_database_is_not_reported_as_written() {
    let store = Hooked::new(MemoryStore::new(), |store: &MemoryStore, writes| {
        let sends = writes.iter().any(|write| matches!(write, Write::Send(_)));
        if sends { Err(failure()) } else { store.commit(writes) }
    });
    let builder = Engine::builder().store(store).workflow(printing).cancellation_grace(Duration::ZERO);
    let engine = builder.serve("far", 1).step::<writing>().start().await.unwrap();
    engine.start(printing, ()).await.unwrap();
    until(async || WRITES.load(Ordering::SeqCst)).await;
    engine.shutdown(Duration::from_millis(600)).await.unwrap();
    assert!(!IS_WRITTEN.load(Ordering::SeqCst));
}
