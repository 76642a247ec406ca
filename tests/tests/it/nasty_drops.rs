//! Users' values that panic in `Drop`: such a panic fails at most its attempt.

#![expect(clippy::unused_async, reason = "the body of a workflow is an async function, also if it awaits nothing")]

use crate::transactions::Bank;
use bytes::Bytes;
use std::panic::panic_any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use steadfast::field_store::{FieldKey, FieldStore, FieldStoreError, StoredField, from_fns};
use steadfast::prelude::*;
use steadfast::store::MemoryStore;
use steadfast::{EngineBuilder, Key, KeyError, KeyProvider, ParkCause, ParkReason, RunError, Status};

/// A value whose `Drop` panics, with a payload of the same kind.
#[derive(Clone)]
struct Nasty;

impl Drop for Nasty {
    fn drop(&mut self) {
        // A panic in `Drop` during another panic aborts the process, by a rule of the language.
        if !std::thread::panicking() {
            panic_any(Nasty);
        }
    }
}

async fn in_time<F: IntoFuture>(what: &str, future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), future).await.unwrap_or_else(|_| panic!("{what} does not end"))
}

#[step]
async fn panics() -> Result<u32> {
    panic_any(Nasty)
}

#[step(blocking)]
fn panics_and_blocks() -> Result<u32> {
    panic_any(Nasty)
}

#[step]
async fn gives_back() -> Result<u32> {
    let _nasty = Nasty;
    Ok(1)
}

#[transaction]
fn panics_in_commit(_tx: &mut Tx<'_>) -> Result<u32> {
    panic_any(Nasty)
}

#[workflow]
async fn attempts(flow: &mut Flow, which: u32) -> Result<u32> {
    let flow = &*flow;
    Ok(match which {
        0 => panics(flow).await?,
        1 => panics_and_blocks(flow).await?,
        2 => gives_back(flow).await?,
        3 => flow.run("inline", async || -> Result<u32> { panic_any(Nasty) }).await?,
        _ => panics_in_commit(flow).await?,
    })
}

#[workflow]
async fn body(_flow: &mut Flow) -> Result<u32> {
    panic_any(Nasty)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_panics_with_one_has_failed() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder().workflow(attempts).workflow(body)).await;
    for which in 0..5 {
        let run = engine.start(attempts, which).await.unwrap();
        let Err(RunError::Failed(error)) = in_time(&format!("attempt {which}"), run.result()).await else { panic!() };
        assert!(error.to_string().contains("panicked: a value that is not a text"), "{which}: {error}");
    }
    let parked = in_time("a body", engine.start(body, ()).await.unwrap().result()).await.unwrap_err();
    let RunError::Parked { reason } = parked else { panic!("{parked}") };
    assert_eq!(reason.cause, ParkCause::Panicked);
    let refused = in_time("a transaction", engine.transaction(|_| -> Result<()> { panic_any(Nasty) })).await;
    assert!(refused.unwrap_err().to_string().contains("a value that is not a text"));
    in_time("shutdown", engine.shutdown(Duration::from_secs(5))).await.unwrap();
}

#[derive(StepContext, Clone)]
struct Hooked {
    #[context(transient, restore = fine)]
    fine: u32,
    #[context(transient, restore = open)]
    index: Arc<Nasty>,
}

async fn fine(_: &HookedStored, _: &Resources) -> Result<u32> {
    Ok(1)
}

async fn open(_: &HookedStored, resources: &Resources) -> Result<Arc<Nasty>> {
    if resources.get::<Fails>().await?.0.load(Ordering::SeqCst) {
        panic_any(Nasty);
    }
    Ok(Arc::new(Nasty))
}

struct Fails(AtomicBool);

#[step]
async fn touch(ctx: &Hooked, session: &Session) -> Result<u32> {
    session.insert(Nasty);
    let _ = &ctx.index;
    Ok(ctx.fine)
}

#[workflow(context = Hooked)]
async fn hooked(flow: &mut Flow<Hooked>) -> Result<u32> {
    let unused = flow.run("never polled", {
        let nasty = Nasty;
        async move || {
            std::mem::forget(nasty);
            Ok::<_, Error>(())
        }
    });
    std::mem::forget(unused);
    Ok(touch(&*flow).await?)
}

fn hooks(fails: bool) -> EngineBuilder {
    let fails = Fails(AtomicBool::new(fails));
    Engine::builder().in_memory().restore_retry(1, Duration::ZERO).workflow(hooked).resource(fails).resource(Nasty)
}

async fn parked<O, E: std::fmt::Debug>(result: Result<O, RunError<E>>) -> ParkReason {
    match result {
        Err(RunError::Parked { reason }) => *reason,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it completed"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_panics_is_named_by_field_and_context() {
    let engine = hooks(true).start().await.unwrap();
    let run = engine.start(hooked, ()).await.unwrap();
    let reason = parked(in_time("a hook", run.result()).await).await;
    assert_eq!(reason.cause, ParkCause::Restore);
    let text = reason.to_string();
    assert!(text.contains("transient field `index` of context `Hooked`"), "{text}");
    assert!(text.contains("it panicked: a value that is not a text"), "{text}");
    in_time("shutdown", engine.shutdown(Duration::from_secs(5))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_held_is_dropped_without_harm() {
    let engine = hooks(false).start().await.unwrap();
    for _ in 0..3 {
        let run = engine.start(hooked, ()).await.unwrap();
        assert_eq!(in_time("a run", run.result()).await.unwrap(), 1);
    }
    in_time("shutdown", engine.shutdown(Duration::from_secs(5))).await.unwrap();
}

#[step]
async fn hangs(#[resource] begun: &Begun) -> Result<u32> {
    let nasty = Nasty;
    begun.0.notify_one();
    std::future::pending::<()>().await;
    std::mem::forget(nasty);
    Ok(1)
}

struct Begun(Arc<tokio::sync::Notify>);

#[workflow(resources(Begun))]
async fn waits(flow: &mut Flow) -> Result<u32> {
    let nasty = Nasty;
    let n = hangs(&*flow).await?;
    std::mem::forget(nasty);
    Ok(n)
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_dropped_take_nothing_with_them() {
    let builder = Engine::builder().in_memory().workflow(waits).cancellation_grace(Duration::ZERO);
    let begun = Arc::new(tokio::sync::Notify::new());
    let engine = builder.resource(Begun(begun.clone())).start().await.unwrap();
    for round in 0..3 {
        let run = engine.start(waits, ()).await.unwrap();
        in_time("a step's start", begun.notified()).await;
        run.cancel(format!("round {round}")).await.unwrap();
        let Err(RunError::Cancelled { .. }) = in_time("a cancelled run", run.result()).await else { panic!() };
    }
    in_time("shutdown", engine.shutdown(Duration::from_secs(5))).await.unwrap();
}

#[derive(StepContext, Clone)]
struct Stored {
    #[context(default, store = "shelf")]
    scan: Bytes,
}

#[workflow(context = Stored)]
async fn scans(flow: &mut Flow<Stored>) -> Result<usize> {
    flow.update(|c| c.scan(Bytes::from_static(b"scan"))).await?;
    Ok(flow.scan.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_panics_with_one_or_is_given_up_while_it_holds_one_fails_its_save() {
    for hangs in [false, true] {
        let save = move |_: FieldKey, _: Bytes| async move {
            let nasty = Nasty;
            if !hangs {
                std::mem::forget(nasty);
                panic_any(Nasty);
            }
            std::future::pending::<()>().await;
            std::mem::forget(nasty);
            Ok::<(), FieldStoreError>(())
        };
        let load = |_: FieldKey| async { Ok::<_, FieldStoreError>(Bytes::new()) };
        let builder = Engine::builder().in_memory().workflow(scans).field_store("shelf", from_fns(save, load));
        let builder = builder.field_store_retry(1, Duration::ZERO).field_store_timeout(Duration::from_millis(200));
        let engine = builder.start().await.unwrap();
        let run = engine.start(scans, ()).await.unwrap();
        let Err(RunError::Failed(error)) = in_time("a save", run.result()).await else { panic!() };
        let expected = if hangs { "did not answer" } else { "panicked: a value that is not a text" };
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(run.status().await.unwrap().status, Status::Failed);
    }
}

struct Shelf(Nasty);

impl FieldStore for Shelf {
    async fn save(&self, _: &FieldKey, _: Bytes) -> Result<(), FieldStoreError> {
        let _ = &self.0;
        Ok(())
    }

    async fn load(&self, _: &FieldKey) -> Result<Bytes, FieldStoreError> {
        Ok(Bytes::new())
    }

    async fn delete(&self, _: &StoredField) -> Result<(), FieldStoreError> {
        Ok(())
    }

    async fn list(&self, _: &str) -> Result<Vec<StoredField>, FieldStoreError> {
        Ok(Vec::new())
    }
}

struct Keys(Nasty);

impl KeyProvider for Keys {
    fn current(&self) -> Result<Key, KeyError> {
        let _ = &self.0;
        Ok(Key::new("k", [1; 32]))
    }

    fn key(&self, _: &str) -> Result<Option<Key>, KeyError> {
        Ok(None)
    }
}

/// Tests that the values of an engine are dropped with it, on any thread: a task, a thread of the engine, the user's
/// own.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_engine_was_given_is_dropped_without_harm() {
    for orderly in [true, false] {
        let store = MemoryStore::new();
        let builder = Engine::builder().store(store.clone()).workflow(scans).resource(Nasty);
        let engine = builder.field_store("shelf", Shelf(Nasty)).keys(Keys(Nasty)).start().await.unwrap();
        let run = engine.start(scans, ()).await.unwrap();
        in_time("a run", run.result()).await.unwrap();
        if orderly {
            in_time("shutdown", engine.shutdown(Duration::from_secs(5))).await.unwrap();
        }
        let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop((run, engine))));
        assert!(dropped.is_ok(), "orderly: {orderly}");
        // The engine's threads still work: another engine runs beside it.
        let engine = Engine::builder().store(store).workflow(hooked).resource(Fails(AtomicBool::new(false)));
        let engine = engine.resource(Nasty).start().await.unwrap();
        let run = engine.start(hooked, ()).await.unwrap();
        assert_eq!(in_time("a run of another engine", run.result()).await.unwrap(), 1);
        in_time("shutdown", engine.shutdown(Duration::from_secs(5))).await.unwrap();
    }
}

/// Tests builders that are dropped, that fail to start, or that only run a check.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_builder_was_given_is_dropped_without_harm() {
    let builder = || {
        Engine::builder()
            .in_memory()
            .workflow(scans)
            .resource(Nasty)
            .field_store("shelf", Shelf(Nasty))
            .keys(Keys(Nasty))
    };
    let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(builder())));
    assert!(dropped.is_ok());
    let started =
        in_time("a start", tokio::spawn(async move { builder().workflow(scans).start().await.map(drop) })).await;
    assert!(started.expect("no panic").is_err(), "a workflow is registered twice");
    let checked = in_time("a check", tokio::spawn(async move { builder().check().await.map(drop) })).await;
    checked.expect("no panic").unwrap();
}
