//! The size of a context in the database: what counts, what is refused, and what never fails a run of an earlier build.

use crate::runs::wait_for;
use limits::Soon as _;
use steadfast::field_store::MemoryFieldStore;
use steadfast::prelude::*;
use steadfast::store::MemoryStore;
use steadfast::{ParkCause, RunError, Status};

/// A context with a budget.
#[derive(StepContext, Clone)]
struct Heavy {
    #[context(default)]
    text: String,
    #[context(default)]
    more: Bytes,
    #[context(default, max_bytes = 10)]
    short: String,
}

#[workflow(context = Heavy)]
async fn grow(flow: &mut Flow<Heavy>) -> Result<Vec<String>> {
    let mut refused = Vec::new();
    flow.update(|c| c.text("x".repeat(600))).await?;
    refused.push(flow.update(|c| c.more(vec![0; 500].into())).await.unwrap_err().to_string());
    assert!(flow.more.is_empty());
    flow.update(|c| c.text("x").more(vec![0; 500].into())).await?;
    refused.push(flow.update(|c| c.short("eleven and more")).await.unwrap_err().to_string());
    Ok(refused)
}

#[tokio::test]
async fn a_context_over_its_budget_is_refused_with_its_largest_fields_and_the_way_out() {
    let engine = Engine::builder().in_memory().context_budget(500, 1_000).workflow(grow).start().await.unwrap();
    let refused = engine.start(grow, ()).await.unwrap().result().soon().await.unwrap();
    assert_eq!(
        refused[0],
        "field `text` of context `Heavy`: the stored context would take 1104 bytes in the database, the limit is 1000; the \
         largest fields are `text` (602 bytes), `more` (500 bytes), `short` (2 bytes). Route large ones to a store: \
         `#[context(store = \"blobs\")]`"
    );
    assert_eq!(
        refused[1],
        "field `short` of context `Heavy`: the value takes 17 bytes, and the field's `max_bytes` is 10"
    );
}

#[step]
async fn nothing() -> Result<()> {
    Ok(())
}

#[derive(StepContext, Clone, Debug)]
struct Scanned {
    #[context(default, store = "blobs")]
    scan: Bytes,
    #[context(default)]
    pages: u64,
}

/// Sets a field in a store, sleeps, and makes a small change.
#[workflow(context = Scanned)]
async fn scanning(flow: &mut Flow<Scanned>) -> Result<u64> {
    flow.update(|c| c.scan(Bytes::from(vec![7; 2_000_000]))).await?;
    flow.sleep(Duration::from_hours(10)).await?;
    flow.update(|c| c.pages(1)).await?;
    Ok(flow.pages)
}

#[tokio::test]
async fn a_field_in_a_store_does_not_count_after_a_restart() {
    let (store, blobs) = (MemoryStore::new(), MemoryFieldStore::default());
    let builder = || Engine::builder().store(store.clone()).field_store("blobs", blobs.clone()).workflow(scanning);
    let engine = builder().start().await.unwrap();
    let run = engine.start(scanning, ()).id("s").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    drop(run);
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    let engine = builder().skip_sleeps().start().await.unwrap();
    let run = engine.handle(scanning, "s").await.unwrap();
    let outcome = run.result().soon().await;
    assert!(matches!(outcome, Ok(1)), "{outcome:?}");
}

mod before {
    use super::*;

    #[derive(StepContext, Clone, Debug)]
    #[context(name = "Named")]
    pub(super) struct Named {
        #[context(default)]
        pub(super) text: String,
    }

    #[workflow(context = Named, name = "naming")]
    pub(super) async fn naming(flow: &mut Flow<Named>) -> Result<usize> {
        flow.update(|c| c.text("a".repeat(700))).await?;
        flow.sleep(Duration::from_hours(10)).await?;
        flow.update(|c| c.text("b".repeat(700))).await?;
        Ok(flow.text.len())
    }
}

mod after {
    use super::*;

    #[derive(StepContext, Clone, Debug)]
    #[context(name = "Named")]
    pub(super) struct Named {
        #[context(default, alias = "text")]
        pub(super) words: String,
    }

    #[workflow(context = Named, name = "naming")]
    pub(super) async fn naming(flow: &mut Flow<Named>) -> Result<usize> {
        flow.update(|c| c.words("a".repeat(700))).await?;
        flow.sleep(Duration::from_hours(10)).await?;
        flow.update(|c| c.words("b".repeat(700))).await?;
        Ok(flow.words.len())
    }
}

#[tokio::test]
async fn a_renamed_field_counts_once() {
    let store = MemoryStore::new();
    let builder = || Engine::builder().store(store.clone()).context_budget(1_000, 1_000);
    let engine = builder().workflow(before::naming).start().await.unwrap();
    let run = engine.start(before::naming, ()).id("n").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    drop(run);
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    let engine = builder().skip_sleeps().workflow(after::naming).start().await.unwrap();
    let outcome = engine.handle(after::naming, "n").await.unwrap().result().soon().await;
    assert!(matches!(outcome, Ok(700)), "{outcome:?}");
}

#[derive(StepContext, Clone, Debug)]
struct Two {
    #[context(default)]
    large: String,
    #[context(default)]
    small: u64,
}

#[workflow(context = Two)]
async fn tightened(flow: &mut Flow<Two>) -> Result<u64> {
    flow.update(|c| c.large("a".repeat(700))).await?;
    flow.sleep(Duration::from_hours(10)).await?;
    flow.update(|c| c.large("a".repeat(600))).await?;
    Ok(1)
}

/// Tests a build with a smaller budget: the stored context is too large already, and the change makes it smaller.
#[tokio::test]
async fn a_smaller_budget_does_not_fail_yesterdays_runs() {
    let store = MemoryStore::new();
    let builder = || Engine::builder().store(store.clone()).workflow(tightened);
    let engine = builder().start().await.unwrap();
    let run = engine.start(tightened, ()).id("n").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    drop(run);
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    let engine = builder().context_budget(100, 500).skip_sleeps().start().await.unwrap();
    let outcome = engine.handle(tightened, "n").await.unwrap().result().soon().await;
    assert!(!matches!(outcome, Err(RunError::Failed(_))), "{outcome:?}");
}

fn long() -> String {
    "a".repeat(700)
}

#[derive(StepContext, Clone, Debug)]
struct Roomy {
    #[context(default = long())]
    text: String,
}

#[workflow(context = Roomy)]
async fn roomy(flow: &mut Flow<Roomy>) -> Result<usize> {
    nothing(flow).await?;
    Ok(flow.text.len())
}

#[tokio::test]
async fn a_default_over_the_budget_is_named() {
    let engine = Engine::builder().in_memory().context_budget(100, 500).workflow(roomy).start().await.unwrap();
    let outcome = engine.start(roomy, ()).await.unwrap().result().soon().await;
    let Err(RunError::Parked { reason }) = outcome else { panic!("{outcome:?}") };
    assert!(reason.cause != ParkCause::ForeignAwait && reason.message.contains("`text`"), "{reason}");
}
