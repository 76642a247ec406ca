//! Remote steps on stores whose commits and reads a test controls.

use crate::faulty::{Hooked, failure};
use limits::until;
use std::sync::atomic::{AtomicBool, Ordering};
use steadfast::prelude::*;
use steadfast::store::backend::Write;
use steadfast::store::{MemoryStore, Store as _};

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
