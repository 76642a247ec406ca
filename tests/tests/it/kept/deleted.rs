//! Runs that are deleted while another waits for them.

use super::{LONG, is, soon};
use limits::Soon as _;
use steadfast::prelude::*;
use steadfast::store::MemoryStore;
use steadfast::{ChildError, RunError, Status};

#[workflow]
async fn broken(flow: &mut Flow) -> Result<u32> {
    flow.sleep(std::time::Duration::ZERO).await?;
    panic!("a bug")
}

#[workflow]
async fn waits_for_it(flow: &mut Flow, id: String) -> Result<String> {
    match flow.start(broken, ()).id(id).await.await {
        Err(ChildError::Deleted { run }) => Ok(format!("deleted: {run}")),
        other => Ok(format!("{other:?}")),
    }
}

#[workflow]
async fn waits_for_a_nameless_one(flow: &mut Flow) -> Result<u32> {
    Ok(flow.start(broken, ()).await.await?)
}

fn builder() -> steadfast::EngineBuilder {
    Engine::builder().workflow(broken).workflow(waits_for_it).workflow(waits_for_a_nameless_one)
}

#[tokio::test]
async fn a_parent_in_memory_is_told_that_its_child_was_deleted() {
    let engine = builder().in_memory().start().await.unwrap();
    let run = engine.start(waits_for_it, "kid".into()).await.unwrap();
    is(&engine, "kid", Status::Parked).await;
    engine.run("kid").await.unwrap().delete().await.unwrap();
    assert_eq!(soon("the end of the parent", run.result()).await.unwrap(), "deleted: kid");
    assert!(engine.run("kid").await.is_err());
    // The id is free, and the next run with it is another.
    engine.start(broken, ()).id("kid").await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), "deleted: kid");
}

#[tokio::test]
async fn a_sleeping_parent_and_one_of_another_engine_are_told_too() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("runs.db");
    let open = || builder().sqlite(&path).evict_after(std::time::Duration::ZERO).start();
    let (mine, other) = (open().await.unwrap(), open().await.unwrap());
    let run = mine.start(waits_for_it, "kid".into()).id("parent").await.unwrap();
    is(&mine, "kid", Status::Parked).await;
    is(&mine, "parent", Status::Sleeping).await;
    other.run("kid").await.unwrap().delete().await.unwrap();
    assert_eq!(soon("the end of the parent", run.result()).await.unwrap(), "deleted: kid");
}

#[tokio::test]
async fn a_parent_that_was_not_loaded_hears_of_it_after_a_restart() {
    let store = MemoryStore::new();
    let engine = builder().store(store.clone()).start().await.unwrap();
    let run = engine.start(waits_for_a_nameless_one, ()).id("parent").await.unwrap();
    let child = loop {
        let listed = engine.list(steadfast::RunFilter::all().status(Status::Parked)).await.unwrap();
        if let Some(child) = listed.into_iter().next() {
            break child.id;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    engine.shutdown(LONG).await.unwrap();
    drop(run);
    // This engine lacks the parent's workflow, and leaves the parent parked.
    let cleaner = Engine::builder().store(store.clone()).workflow(broken).start().await.unwrap();
    cleaner.run(&child).await.unwrap().delete().await.unwrap();
    cleaner.shutdown(LONG).await.unwrap();
    let engine = builder().store(store).start().await.unwrap();
    let run = engine.handle(waits_for_a_nameless_one, "parent").await.unwrap();
    is(&engine, "parent", Status::Failed).await;
    match soon("the end of the parent", run.result()).await {
        Err(RunError::Failed(error)) => assert!(error.to_string().contains(&format!("`{child}`")), "{error}"),
        other => panic!("{other:?}"),
    }
}
