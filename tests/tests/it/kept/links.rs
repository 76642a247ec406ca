//! Runs that are bound to each other: none is moved without the others, and a cancellation reaches all.

use super::{is, soon};
use serde::{Deserialize, Serialize};
use steadfast::prelude::*;
use steadfast::{EngineError, Message, RunError, Scope, Status};

#[derive(Message, Serialize, Deserialize)]
struct Go;

#[workflow]
async fn child(flow: &mut Flow) -> Result<u32> {
    flow.receive::<Go>().await?;
    Ok(7)
}

/// Starts a child and waits for it, or waits for a message and leaves the child alone.
#[workflow]
async fn parent(flow: &mut Flow, (detached, awaits): (bool, bool)) -> Result<u32> {
    let start = flow.start(child, ()).with(Scope::new().id("child"));
    let child = if detached { start.detached().await } else { start.await };
    if awaits {
        return Ok(child.await?);
    }
    flow.receive::<Go>().await?;
    Ok(0)
}

fn builder() -> steadfast::EngineBuilder {
    Engine::builder().workflow(child).workflow(parent).in_memory()
}

async fn moving(engine: &Engine, id: &str) -> Result<(), EngineError> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let file = folder.path().join("run");
    let moved = soon("an answer", engine.run(id).await.unwrap().export_and_end(&file)).await.map(drop);
    assert_eq!(moved.is_ok(), file.exists());
    moved
}

#[tokio::test]
async fn a_parent_and_a_child_stay_together_until_one_has_ended() {
    for detached in [false, true] {
        let engine = builder().start().await.unwrap();
        let run = engine.start(parent, (detached, true)).id("parent").await.unwrap();
        is(&engine, "child", Status::Sleeping).await;
        for (moved, other) in [("child", "parent"), ("parent", "child")] {
            let refused = moving(&engine, moved).await.unwrap_err();
            let said = refused.to_string();
            assert!(matches!(refused, EngineError::File { .. }) && said.contains(&format!("run `{other}`")), "{said}");
            assert!(said.contains(&format!("run `{moved}` cannot be moved, and continues here")), "{said}");
        }
        engine.send("child", Go).await.unwrap();
        assert_eq!(soon("the result", run.result()).await.unwrap(), 7);
    }
}

#[tokio::test]
async fn a_child_that_nobody_waits_for_hears_the_cancellation_and_so_stays() {
    let engine = builder().start().await.unwrap();
    let run = engine.start(parent, (false, false)).id("parent").await.unwrap();
    is(&engine, "child", Status::Sleeping).await;
    assert!(moving(&engine, "child").await.is_err());
    assert!(moving(&engine, "parent").await.is_err());
    run.cancel("enough").await.unwrap();
    match soon("the end of the child", engine.handle(child, "child").await.unwrap().result()).await {
        Err(RunError::Cancelled { reason }) => assert_eq!(reason, "enough"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_run_whose_bonds_are_over_is_moved() {
    let engine = builder().start().await.unwrap();
    // The child has ended.
    engine.start(parent, (true, false)).id("parent").await.unwrap();
    is(&engine, "child", Status::Sleeping).await;
    engine.send("child", Go).await.unwrap();
    is(&engine, "child", Status::Completed).await;
    is(&engine, "parent", Status::Sleeping).await;
    moving(&engine, "parent").await.unwrap();
    // The parent has ended.
    let engine = builder().start().await.unwrap();
    let run = engine.start(parent, (false, false)).id("parent").await.unwrap();
    is(&engine, "child", Status::Sleeping).await;
    run.send(Go).await.unwrap();
    soon("the result", run.result()).await.unwrap();
    moving(&engine, "child").await.unwrap();
}

mod first {
    use steadfast::prelude::*;

    #[step]
    pub(super) async fn weigh(grams: u32) -> Result<u32> {
        Ok(grams)
    }

    #[workflow(name = "parcel")]
    pub(super) async fn parcel(flow: &mut Flow) -> Result<u32> {
        let grams = weigh(&*flow, 100).await?;
        flow.receive::<super::Go>().await?;
        Ok(grams)
    }
}

mod changed {
    use steadfast::prelude::*;

    #[workflow(name = "parcel")]
    pub(super) async fn parcel(flow: &mut Flow) -> Result<u32> {
        let grams = super::first::weigh(&*flow, 200).await?;
        flow.receive::<super::Go>().await?;
        Ok(grams)
    }
}

/// Tests that code which calls a recorded step with other arguments parks the run at once: it neither waits nor
/// completes.
#[tokio::test]
async fn changed_arguments_park_the_run() {
    let store = steadfast::store::MemoryStore::new();
    let engine = Engine::builder().store(store.clone()).workflow(first::parcel).start().await.unwrap();
    engine.start(first::parcel, ()).id("p").await.unwrap();
    is(&engine, "p", Status::Sleeping).await;
    engine.shutdown(super::LONG).await.unwrap();
    let engine = Engine::builder().store(store).workflow(changed::parcel).start().await.unwrap();
    engine.send("p", Go).await.unwrap();
    let run = engine.handle(changed::parcel, "p").await.unwrap();
    match soon("the end", run.result()).await {
        Err(RunError::Parked { reason }) => {
            assert_eq!(reason.cause, steadfast::ParkCause::Diverged);
            assert!(reason.message.contains("100") && reason.message.contains("200"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
}
