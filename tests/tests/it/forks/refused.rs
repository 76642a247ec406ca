//! A rewind that does not come about leaves its run as it is, with all that was said to it meanwhile.

use crate::runs::wait_for;
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use steadfast::field_store::{
    FieldKey, FieldStore, FieldStoreError, FieldStoreErrorKind, MemoryFieldStore, StoredField,
};
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::{ForkPoint, Pause, Status};

/// A store in memory whose saves wait while it is closed, and fail when it is broken.
#[derive(Clone, Default)]
struct Gate {
    inner: MemoryFieldStore,
    closed: Arc<AtomicBool>,
    broken: Arc<AtomicBool>,
    saving: Arc<AtomicUsize>,
}

impl FieldStore for Gate {
    async fn save(&self, key: &FieldKey, bytes: Bytes) -> Result<(), FieldStoreError> {
        self.saving.fetch_add(1, Ordering::SeqCst);
        while self.closed.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        if self.broken.load(Ordering::SeqCst) {
            return Err(FieldStoreError::new(FieldStoreErrorKind::Io, "out of order"));
        }
        self.inner.save(key, bytes).await
    }

    async fn load(&self, key: &FieldKey) -> Result<Bytes, FieldStoreError> {
        self.inner.load(key).await
    }

    async fn delete(&self, field: &StoredField) -> Result<(), FieldStoreError> {
        self.inner.delete(field).await
    }

    async fn list(&self, database: &str) -> Result<Vec<StoredField>, FieldStoreError> {
        self.inner.list(database).await
    }
}

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
    let gate = Gate::default();
    let builder = Engine::builder().in_memory().workflow(listens).field_store("blobs", gate.clone());
    let engine = builder.field_store_retry(1, Duration::from_millis(1)).start().await.unwrap();
    let result = engine.start(listens, ()).id("r").await.unwrap();
    let run = engine.run("r").await.unwrap();
    engine.send("r", Go).await.unwrap();
    let came = async || run.history().await.unwrap().iter().any(|entry| entry.kind == Kind::MessageReceived);
    limits::until(came).await;
    run.pause(Pause::Drain).await.unwrap();
    wait_for(&run, Status::Paused).await;

    let saved = gate.saving.load(Ordering::SeqCst);
    gate.closed.store(true, Ordering::SeqCst);
    let history = run.history().await.unwrap();
    let last = history.iter().find(|entry| entry.kind == Kind::MessageReceived).unwrap().seq;
    let rewinding = tokio::spawn({
        let engine = engine.clone();
        async move { engine.rewind("r", ForkPoint::after_entry(last)).await.map(drop) }
    });
    limits::until(async || gate.saving.load(Ordering::SeqCst) > saved).await;
    run.resume().await.unwrap();
    gate.broken.store(true, Ordering::SeqCst);
    gate.closed.store(false, Ordering::SeqCst);
    let refused = rewinding.soon().await.unwrap().unwrap_err().to_string();
    assert!(refused.contains("out of order"), "{refused}");
    wait_for(&run, Status::Sleeping).await;
    engine.send("r", Go).await.unwrap();
    assert_eq!(result.result().soon().await.unwrap(), 9_000);
}
