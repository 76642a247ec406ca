//! Outcomes of remote steps that the run cannot take now, and those beside a step that fails.

use crate::place::{ENDING, Place};
use bytes::Bytes;
use limits::{Soon as _, until};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use steadfast::field_store::{FieldStore, FolderStore, from_fns};
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::{EngineBuilder, Key, Run, Secret, StaticKeys, Status, WaitsFor};

#[step(queue = "far", store = "files")]
async fn paint(width: u32) -> Result<Vec<u32>> {
    Ok(vec![7; width as usize])
}

#[workflow]
async fn painting(flow: &mut Flow) -> Result<u32> {
    Ok(paint(flow, 3).await?.into_iter().sum())
}

/// A folder whose contents cannot be read while the flag is set.
fn locked(folder: &Path, is_locked: &Arc<AtomicBool>) -> impl FieldStore + use<> {
    let (store, is_locked) = (Arc::new(FolderStore::new(folder).unwrap()), is_locked.clone());
    let saves = store.clone();
    from_fns(
        move |key, bytes: Bytes| {
            let saves = saves.clone();
            async move { saves.save(&key, bytes).await }
        },
        move |key| {
            let (store, is_locked) = (store.clone(), is_locked.load(Ordering::SeqCst));
            async move {
                if is_locked {
                    let kind = steadfast::field_store::FieldStoreErrorKind::Io;
                    return Err(steadfast::field_store::FieldStoreError::new(kind, "the folder is locked"));
                }
                store.load(&key).await
            }
        },
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_a_field_store_fails_no_step_that_has_ended() {
    let (place, is_locked) = (Place::file(), Arc::new(AtomicBool::new(true)));
    let files = place.folder().join("files");
    let with = |builder: EngineBuilder| {
        builder.field_store("files", locked(&files, &is_locked)).field_store_retry(2, Duration::from_millis(1))
    };
    let engine = with(place.builder().workflow(painting)).start().await.unwrap();
    let worker = with(place.builder().serve("far", 1).step::<paint>()).start().await.unwrap();
    let run = engine.start(painting, ()).await.unwrap();
    until(async || {
        let info = run.status().await.unwrap();
        assert!(!info.status.is_final(), "{info:?}");
        info.blocked.is_some_and(|why| why.contains("step `paint`") && why.contains("the folder is locked"))
    })
    .await;
    is_locked.store(false, Ordering::SeqCst);
    assert_eq!(run.result().soon().await.unwrap(), 21);
    assert!(run.history().await.unwrap().iter().all(|entry| entry.kind != Kind::AttemptFailed));
    for engine in [worker, engine] {
        engine.shutdown(ENDING).await.unwrap();
    }
}

/// Changes the outcome that waits in the inbox of a run.
fn change_outcome(place: &Place, from: &str, to: &str) {
    let file = rusqlite::Connection::open(place.name()).unwrap();
    let change = "UPDATE steadfast_inbox SET name = replace(name, ?1, ?2) WHERE taken IS NULL AND kind = 'attempt'";
    assert_eq!(file.execute(change, [from, to]).unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_that_cannot_be_read_parks_its_run_and_is_kept() {
    let (place, is_locked) = (Place::file(), Arc::new(AtomicBool::new(false)));
    let files = place.folder().join("files");
    let with = |builder: EngineBuilder| builder.field_store("files", locked(&files, &is_locked));
    let engine = || with(place.builder().workflow(painting));
    let first = engine().start().await.unwrap();
    first.start(painting, ()).id("p").await.unwrap();
    let run = first.run("p").await.unwrap();
    until(async || !run.status().await.unwrap().waits_for.is_empty()).await;
    first.shutdown(ENDING).await.unwrap();
    // The step ends while no engine drives its run.
    let worker = with(place.builder().serve("far", 1).step::<paint>()).start().await.unwrap();
    until(async || {
        let count = "SELECT count(*) FROM steadfast_tasks WHERE state = 'delivered'";
        let file = rusqlite::Connection::open(place.name()).unwrap();
        file.query_row(count, [], |row| row.get::<_, i64>(0)).unwrap() == 1
    })
    .await;
    worker.shutdown(ENDING).await.unwrap();
    change_outcome(&place, "stored", "sculpted");
    let second = engine().start().await.unwrap();
    let run = second.run("p").await.unwrap();
    until(async || run.status().await.unwrap().status == Status::Parked).await;
    let why = run.status().await.unwrap().parked.expect("a reason").to_string();
    assert!(why.contains("step `paint`") && why.contains("attempt"), "{why}");
    change_outcome(&place, "sculpted", "stored");
    second.retry("p").await.unwrap();
    assert_eq!(second.handle(painting, "p").await.unwrap().result().soon().await.unwrap(), 21);
    second.shutdown(ENDING).await.unwrap();
}

#[derive(StepContext, Clone, Debug)]
struct Safe {
    #[context(store = "files")]
    secret: Lazy<Secret<String>>,
}

static NOTED: AtomicBool = AtomicBool::new(false);
static OTHER_ENDED: AtomicBool = AtomicBool::new(false);
static BEGUN: AtomicU32 = AtomicU32::new(0);

/// Fails to read the secret, and ends only after the other step.
#[step(queue = "far")]
async fn reading(safe: &Safe) -> Result<String> {
    let read = safe.secret.get().await.map(|secret| secret.expose().clone());
    NOTED.store(true, Ordering::SeqCst);
    until(async || OTHER_ENDED.load(Ordering::SeqCst)).await;
    Ok(read?)
}

#[step(queue = "far")]
async fn beside() -> Result<u32> {
    BEGUN.fetch_add(1, Ordering::SeqCst);
    until(async || NOTED.load(Ordering::SeqCst)).await;
    Ok(1)
}

#[workflow(context = Safe)]
async fn both(start: Start<Safe>) -> Result<(String, u32)> {
    let secret = Lazy::new(Secret::new("hunter2".to_owned()));
    let flow = start.with(Safe::builder().secret(secret).build()).await?;
    let (secret, one) = (reading(&flow), beside(&flow));
    Ok(try_join!(secret, one)?)
}

/// Returns why an engine refused the step.
async fn refusal(run: &Run, of: &str) -> Option<String> {
    let waits = run.status().await.unwrap().waits_for;
    waits.into_iter().find_map(|wait| match wait.for_what {
        WaitsFor::Queue { step, refused, .. } if step == of => refused,
        _ => None,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_key_of_one_step_costs_no_outcome_of_another() {
    let place = Place::file();
    let files = place.folder().join("files");
    let with = |builder: EngineBuilder| builder.field_store("files", FolderStore::new(&files).unwrap());
    let keys = || StaticKeys::new(Key::new("k", [7; 32]));
    let engine = with(place.builder().workflow(both).keys(keys())).start().await.unwrap();
    let serving = || with(place.builder().serve("far", 2).step::<reading>().step::<beside>());
    let without = serving().start().await.unwrap();
    let run = engine.start(both, ()).await.unwrap();
    let has_ended = async || run.history().await.unwrap().iter().any(|entry| entry.kind == Kind::StepCompleted);
    until(async || has_ended().await || refusal(&run, "beside").await.is_some()).await;
    assert_eq!(refusal(&run, "beside").await, None);
    OTHER_ENDED.store(true, Ordering::SeqCst);
    until(async || refusal(&run, "reading").await.is_some()).await;
    let why = refusal(&run, "reading").await.unwrap();
    assert!(why.contains("key"), "{why}");
    let with_keys = serving().keys(keys()).start().await.unwrap();
    without.shutdown(ENDING).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), ("hunter2".to_owned(), 1));
    assert_eq!(BEGUN.load(Ordering::SeqCst), 1, "a step that has ended does not run again");
    for engine in [with_keys, engine] {
        engine.shutdown(ENDING).await.unwrap();
    }
}
