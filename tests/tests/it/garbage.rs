//! Garbage collection in field stores. It never deletes contents that a run points to, whatever happens meanwhile.

use crate::place::Place;
use crate::runs::wait_for;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use steadfast::field_store::{
    FieldKey, FieldStore, FieldStoreError, FieldStoreErrorKind, MemoryFieldStore, StoredField,
};
use steadfast::inspect::{AuditOutcome, AuditQuery, Paging};
use steadfast::operate::Operator;
use steadfast::prelude::*;
use steadfast::store::MemoryStore;
use steadfast::{EngineBuilder, Status};
use tokio::sync::Notify;
use tokio::time::timeout;

/// A store that hangs or refuses on demand.
#[derive(Clone, Default)]
pub(crate) struct Rig(pub(crate) Arc<Inner>);

#[derive(Default)]
pub(crate) struct Inner {
    pub(crate) contents: MemoryFieldStore,
    /// The number of saves that have begun.
    pub(crate) saves: AtomicUsize,
    pub(crate) hang_save: AtomicBool,
    pub(crate) hang_load: AtomicBool,
    pub(crate) hang_delete: AtomicBool,
    pub(crate) go_on: Notify,
}

impl Rig {
    async fn gate(&self, hang: &AtomicBool) {
        while hang.load(Ordering::SeqCst) {
            self.0.go_on.notified().await;
        }
    }
}

impl FieldStore for Rig {
    async fn save(&self, key: &FieldKey, bytes: Bytes) -> Result<(), FieldStoreError> {
        self.0.saves.fetch_add(1, Ordering::SeqCst);
        self.gate(&self.0.hang_save).await;
        if &bytes[..] == b"refuse" {
            return Err(FieldStoreError::new(FieldStoreErrorKind::Io, "refused"));
        }
        self.0.contents.save(key, bytes).await
    }

    async fn load(&self, key: &FieldKey) -> Result<Bytes, FieldStoreError> {
        self.gate(&self.0.hang_load).await;
        self.0.contents.load(key).await
    }

    async fn delete(&self, field: &StoredField) -> Result<(), FieldStoreError> {
        self.gate(&self.0.hang_delete).await;
        self.0.contents.delete(field).await
    }

    async fn list(&self, database: &str) -> Result<Vec<StoredField>, FieldStoreError> {
        self.0.contents.list(database).await
    }
}

#[derive(StepContext, Clone)]
pub(crate) struct Keep {
    #[context(default, store = "rig")]
    pub(crate) a: Bytes,
    #[context(default, store = "rig")]
    pub(crate) b: Bytes,
}

#[step]
async fn length(ctx: &Keep) -> Result<usize> {
    Ok(ctx.a.len())
}

/// Leaves an orphan (`a` is saved, then `b` is refused), keeps a value, and reads it after a sleep.
#[workflow(context = Keep)]
pub(crate) async fn keeper(flow: &mut Flow<Keep>, millis: u64) -> Result<usize> {
    let orphan = Bytes::from_static(b"an orphan");
    let refused = flow.update(|c| c.a(orphan).b(Bytes::from_static(b"refuse"))).await;
    assert!(refused.is_err());
    flow.update(|c| c.a(Bytes::from_static(b"kept"))).await?;
    flow.sleep(Duration::from_millis(millis)).await?;
    Ok(length(&*flow).await?)
}

#[workflow]
pub(crate) async fn healthy(flow: &mut Flow, millis: u64) -> Result<u64> {
    flow.sleep(Duration::from_millis(millis)).await?;
    Ok(millis)
}

pub(crate) fn builder(store: &MemoryStore, rig: &Rig) -> EngineBuilder {
    with_rig(Engine::builder().store(store.clone()), rig)
}

fn with_rig(builder: EngineBuilder, rig: &Rig) -> EngineBuilder {
    builder
        .field_store("rig", rig.clone())
        .field_store_retry(1, Duration::ZERO)
        .field_store_timeout(Duration::from_secs(3))
        .evict_after(Duration::ZERO)
        .workflow(keeper)
        .workflow(healthy)
}

crate::tests_on!(memory, postgres:
    collecting_keeps_the_contents_of_a_run_that_was_moved_back_under_another_id,
    a_collection_that_is_given_up_leaves_its_runs_to_the_engine,
    a_run_that_is_due_while_its_contents_are_collected_wakes_afterwards,
    a_deletion_does_not_take_the_contents_of_a_run_that_is_imported_meanwhile,
    a_store_that_panics_in_a_delete_harms_no_run,
    a_slow_collection_looks_at_a_run_as_it_is_and_not_as_it_was,
);

async fn collecting_keeps_the_contents_of_a_run_that_was_moved_back_under_another_id(place: Place) {
    let rig = Rig::default();
    let engine = with_rig(place.builder(), &rig).start().await.unwrap();
    let run = engine.start(keeper, 2_500).id("aaa").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    run.export_and_end(place.folder().join("back")).await.unwrap();
    engine.run("aaa").await.unwrap().delete().await.unwrap();
    let back = engine.import(place.folder().join("back")).id("zzz").await.unwrap();
    wait_for(&back, Status::Sleeping).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    println!("{:?}", engine.collect_garbage().await.unwrap());
    let result = async {
        loop {
            let status = back.status().await.unwrap().status;
            if !matches!(status, Status::Sleeping | Status::Running) {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let status = timeout(Duration::from_secs(10), result).await.unwrap();
    println!("{:?}", back.status().await.unwrap());
    assert_eq!(status, Status::Completed, "its contents were collected");
}

async fn a_collection_that_is_given_up_leaves_its_runs_to_the_engine(place: Place) {
    let rig = Rig::default();
    let engine = with_rig(place.builder(), &rig).start().await.unwrap();
    let run = engine.start(keeper, 1_000).id("k").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    rig.0.hang_delete.store(true, Ordering::SeqCst);
    let given_up = timeout(Duration::from_millis(200), engine.collect_garbage()).await;
    assert!(given_up.is_err());
    rig.0.hang_delete.store(false, Ordering::SeqCst);
    rig.0.go_on.notify_waiters();
    let result = timeout(Duration::from_secs(8), run.result()).await;
    let left = engine.shutdown(Duration::from_secs(2)).await.unwrap().finished;
    assert!(result.is_ok() && left, "the run never woke: {result:?}; shutdown finished: {left}");
}

async fn a_run_that_is_due_while_its_contents_are_collected_wakes_afterwards(place: Place) {
    let rig = Rig::default();
    let engine = with_rig(place.builder(), &rig).start().await.unwrap();
    let run = engine.start(keeper, 1_000).id("k").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    rig.0.hang_delete.store(true, Ordering::SeqCst);
    let collecting = async {
        let garbage = engine.collect_garbage().await.unwrap();
        println!("{garbage:?}");
    };
    let later = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        rig.0.hang_delete.store(false, Ordering::SeqCst);
        rig.0.go_on.notify_waiters();
    };
    tokio::join!(collecting, later);
    let result = timeout(Duration::from_secs(8), run.result()).await;
    assert!(result.is_ok(), "the run never woke: {:?}", run.status().await);
}

async fn a_deletion_does_not_take_the_contents_of_a_run_that_is_imported_meanwhile(place: Place) {
    let rig = Rig::default();
    let engine = with_rig(place.builder(), &rig).start().await.unwrap();
    let run = engine.start(keeper, 4_000).id("k").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    run.export_and_end(place.folder().join("race")).await.unwrap();
    rig.0.hang_delete.store(true, Ordering::SeqCst);
    let old = engine.run("k").await.unwrap();
    let deleting = async { old.delete().await.unwrap() };
    let importing = async {
        limits::until(async || engine.run("k").await.is_err()).await;
        let run = engine.import(place.folder().join("race")).await.unwrap();
        rig.0.hang_delete.store(false, Ordering::SeqCst);
        rig.0.go_on.notify_waiters();
        run
    };
    let ((), back) = tokio::join!(deleting, importing);
    let ended = async {
        loop {
            let info = back.status().await.unwrap();
            if !matches!(info.status, Status::Sleeping | Status::Running) {
                return info;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let info = timeout(Duration::from_secs(10), ended).await.unwrap();
    assert_eq!(info.status, Status::Completed, "{info:?}");
}

/// A store whose deletes panic.
struct Brittle(MemoryFieldStore);

impl FieldStore for Brittle {
    async fn save(&self, key: &FieldKey, bytes: Bytes) -> Result<(), FieldStoreError> {
        if &bytes[..] == b"refuse" {
            return Err(FieldStoreError::new(FieldStoreErrorKind::Io, "refused"));
        }
        self.0.save(key, bytes).await
    }

    async fn load(&self, key: &FieldKey) -> Result<Bytes, FieldStoreError> {
        self.0.load(key).await
    }

    async fn delete(&self, _: &StoredField) -> Result<(), FieldStoreError> {
        panic!("a brittle store")
    }

    async fn list(&self, database: &str) -> Result<Vec<StoredField>, FieldStoreError> {
        self.0.list(database).await
    }
}

async fn a_store_that_panics_in_a_delete_harms_no_run(place: Place) {
    let engine = place.builder().field_store("rig", Brittle(MemoryFieldStore::new()));
    let engine = engine.field_store_retry(1, Duration::ZERO).field_store_timeout(Duration::from_millis(300));
    let engine = engine.evict_after(Duration::ZERO).workflow(keeper);
    let engine = engine.start().await.unwrap();
    let run = engine.start(keeper, 1_000).id("k").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let collecting = engine.clone();
    let collected = tokio::spawn(async move { collecting.collect_garbage().await }).await;
    let result = timeout(Duration::from_secs(5), run.result()).await;
    assert!(result.is_ok(), "the run never woke: {result:?}; {collected:?}");
}

/// A store whose deletes wait for one run.
#[derive(Clone, Default)]
struct Gated {
    inner: MemoryFieldStore,
    held: Arc<std::sync::Mutex<String>>,
}

impl FieldStore for Gated {
    async fn save(&self, key: &FieldKey, bytes: Bytes) -> Result<(), FieldStoreError> {
        if &bytes[..] == b"refuse" {
            return Err(FieldStoreError::new(FieldStoreErrorKind::Io, "refused"));
        }
        self.inner.save(key, bytes).await
    }

    async fn load(&self, key: &FieldKey) -> Result<Bytes, FieldStoreError> {
        self.inner.load(key).await
    }

    async fn delete(&self, field: &StoredField) -> Result<(), FieldStoreError> {
        while self.held.lock().unwrap().as_str() == field.execution() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.inner.delete(field).await
    }

    async fn list(&self, database: &str) -> Result<Vec<StoredField>, FieldStoreError> {
        self.inner.list(database).await
    }
}

async fn a_slow_collection_looks_at_a_run_as_it_is_and_not_as_it_was(place: Place) {
    let gated = Gated::default();
    let engine = place.builder().field_store("rig", gated.clone());
    let engine = engine.field_store_retry(1, Duration::ZERO).field_store_timeout(Duration::from_millis(300));
    let engine = engine.evict_after(Duration::ZERO).workflow(keeper);
    let engine = engine.start().await.unwrap();
    for number in 0..6 {
        let run = engine.start(keeper, 6_000).id(format!("r{number}")).await.unwrap();
        wait_for(&run, Status::Sleeping).await;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let database = format!("{engine:?}").split('"').nth(1).unwrap().to_owned();
    let mut all = gated.inner.list(&database).await.unwrap();
    all.sort_by(|left, right| left.execution().cmp(right.execution()));
    let (first, last) = (all.first().unwrap().execution().to_owned(), all.last().unwrap().clone());
    let id = last.path().parse::<FieldKey>().unwrap().run;
    *gated.held.lock().unwrap() = first;
    let moving = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        engine.run(&id).await.unwrap().export_and_end(place.folder().join("stale")).await.unwrap();
        engine.run(&id).await.unwrap().delete().await.unwrap();
        let back = engine.import(place.folder().join("stale")).await.unwrap();
        gated.held.lock().unwrap().clear();
        back
    };
    let (garbage, back) = tokio::join!(engine.collect_garbage(), moving);
    println!("{garbage:?}");
    let ended = async {
        loop {
            let info = back.status().await.unwrap();
            if !matches!(info.status, Status::Sleeping | Status::Running) {
                return info;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let info = timeout(Duration::from_secs(15), ended).await.unwrap();
    assert_eq!(info.status, Status::Completed, "{info:?}");
}

#[tokio::test]
async fn an_operator_with_the_field_stores_collects_what_runs_have_left_and_records_it() {
    let (store, rig) = (MemoryStore::new(), Rig::default());
    let engine = builder(&store, &rig).start().await.unwrap();
    let ended = engine.start(keeper, 0).id("ended").await.unwrap();
    assert_eq!(ended.result().await.unwrap(), 4);
    let asleep = engine.start(keeper, 60_000).id("asleep").await.unwrap();
    wait_for(&asleep, Status::Sleeping).await;
    let operator = Operator::with(builder(&store, &rig), "ada").await.unwrap();
    let garbage = operator.because("the bucket is large").collect_garbage().await.unwrap();
    assert_eq!((garbage.deleted, garbage.kept, garbage.skipped), (1, 1, 2), "{garbage:?}");
    let records = operator.inspect().audit(&AuditQuery::default(), &Paging::first(9)).await.unwrap();
    let record = &records.items[0];
    assert_eq!((&*record.action, &*record.who, &*record.why), ("gc", "ada", "the bucket is large"));
    assert_eq!(record.outcome, AuditOutcome::Done);
}
