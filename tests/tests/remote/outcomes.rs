//! Outcomes of remote steps beside a step that fails.

use crate::place::{ENDING, Place};
use limits::{Soon as _, until};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use steadfast::field_store::FolderStore;
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::{EngineBuilder, Key, Run, Secret, StaticKeys, WaitsFor};

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
