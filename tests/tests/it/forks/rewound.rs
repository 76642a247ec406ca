//! Runs that are rewound, after their code was fixed.

use super::{Word, act, done, talk, talking, word};
use crate::runs::wait_for;
use crate::steps::until_asked;
use limits::Soon as _;
use steadfast::prelude::*;
use steadfast::store::MemoryStore;
use steadfast::{EngineError, ForkPoint, ParkCause, Pause, Status};

/// The first deployment, which takes the wrong path after its first step.
#[workflow(name = "bill")]
async fn wrong(flow: &mut Flow) -> Result<String> {
    act(flow, "read".into()).await?;
    act(flow, "charge twice".into()).await?;
    let Word(word) = flow.receive().await?;
    Ok(word)
}

/// The fixed deployment, without a patch.
#[workflow(name = "bill")]
async fn mended(flow: &mut Flow) -> Result<String> {
    act(flow, "read".into()).await?;
    act(flow, "charge once".into()).await?;
    let Word(word) = flow.receive().await?;
    let Word(more) = flow.receive().await?;
    Ok(format!("{word} {more}"))
}

async fn with<M>(store: &MemoryStore, workflow: impl steadfast::Startable<M> + 'static) -> Engine {
    Engine::builder().store(store.clone()).workflow(workflow).start().await.unwrap()
}

#[tokio::test]
async fn a_parked_run_goes_on_from_before_the_mistake_once_the_code_is_mended() {
    let store = MemoryStore::new();
    let engine = with(&store, wrong).await;
    engine.start(wrong, ()).id("bill").label("team", "red").deduplication_key("one").await.unwrap();
    until_asked(async || done("bill").len() == 2).await;
    engine.shutdown(Duration::from_secs(5)).await.unwrap();

    let engine = with(&store, mended).await;
    let run = engine.run("bill").await.unwrap();
    // A message activates a waiting run.
    engine.send("bill", word("waits")).key("k").await.unwrap();
    wait_for(&run, Status::Parked).await;
    let reason = run.status().await.unwrap().parked.unwrap();
    assert_eq!((reason.cause, reason.position), (ParkCause::Diverged, Some(2)));
    let turn = reason.turn.expect("it says from where to go on");
    let before = run.history().await.unwrap();

    let new = engine.rewind("bill", ForkPoint::after_entry(turn.get())).label("mended", "yes").await.unwrap();
    assert_eq!(new.id(), "bill");
    engine.send("bill", word("again")).key("k").await.unwrap();
    engine.send("bill", word("on")).await.unwrap();
    let handle = engine.handle(mended, "bill").await.unwrap();
    assert_eq!(handle.result().soon().await.unwrap(), "waits on", "the key of what waited counts");
    assert_eq!(done("bill"), ["read", "charge twice", "charge once"]);
    let labels = new.labels().await.unwrap();
    assert_eq!((labels["team"].as_str(), labels["mended"].as_str()), ("red", "yes"));

    let was = engine.run(&format!("bill~{}", run.number())).await.unwrap();
    assert_eq!(was.history().await.unwrap(), before, "nothing is deleted");
    assert_eq!(was.status().await.unwrap().status, Status::Replaced);
    assert_eq!(was.successor().await.unwrap().unwrap().number(), new.number());
    assert_eq!(new.forked_from().await.unwrap().unwrap().number(), was.number());
    assert!(was.forks().await.unwrap().is_empty());
    let again = engine.rewind(was.id(), ForkPoint::after_entry(1)).await.unwrap_err();
    assert!(again.to_string().contains("has taken its place"), "{again}");
    // The old run can still be forked, and a second rewind works.
    engine.rewind("bill", ForkPoint::after_entry(1)).await.unwrap();
    assert_eq!(engine.handle(mended, "bill").await.unwrap().result().soon().await.unwrap(), "waits on");
}

#[tokio::test]
async fn what_a_run_had_received_it_receives_again_before_what_waits() {
    for sqlite in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let builder = Engine::builder().workflow(talk).workflow(super::echo);
        let builder = if sqlite { builder.sqlite(folder.path().join("runs.db")) } else { builder.in_memory() };
        let engine = builder.start().await.unwrap();
        let id = format!("again-{sqlite}");
        let run = talking(&engine, &id).await;
        let refused = engine.rewind(&id, ForkPoint::before("act")).await.unwrap_err();
        assert!(
            matches!(refused, EngineError::WrongStatus { action, .. } if action.contains("pause or cancel it first"))
        );
        run.pause(Pause::Drain).await.unwrap();
        wait_for(&run, Status::Paused).await;
        engine.send(&id, word("four")).await.unwrap();
        let waiting = engine.handle(talk, &id).await.unwrap();
        let result = tokio::spawn(async move { waiting.result().soon().await });
        let new = engine.rewind(&id, ForkPoint::before("act").nth(2)).await.unwrap();
        engine.send(&id, word("again")).key("two").await.unwrap();
        let child = engine.list(steadfast::RunFilter::all().workflow("echo")).await.unwrap();
        engine.send(&child[0].id, word("hello")).await.unwrap();
        let said = engine.handle(talk, &id).await.unwrap().result().soon().await.unwrap();
        assert_eq!(said, ["one", "yes", "child: hello", "two", "three", "four"]);
        assert_eq!(result.await.unwrap().unwrap(), said, "who waited for its end waits on");
        assert!(new.requests().await.unwrap().is_empty() && engine.requests().await.unwrap().is_empty());
        let mut stream = new.stream::<String>("said");
        let mut items = Vec::new();
        while let Some((_, item)) = stream.next().soon().await.unwrap() {
            items.push(item);
        }
        assert_eq!(items, ["begin", "end", "end"], "what was shown was shown");
    }
}

/// Tests that a pause which the run has not received yet does not reach its successor. The result once depended on
/// timing.
#[tokio::test]
async fn a_rewound_run_goes_on_also_if_it_was_paused_twice() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.db");
    for sqlite in [true, false] {
        let store = MemoryStore::new();
        let open = || {
            let builder = Engine::builder().workflow(talk).workflow(super::echo);
            if sqlite { builder.sqlite(&file) } else { builder.store(store.clone()) }
        };
        let (engine, other) = (open().start().await.unwrap(), open().start().await.unwrap());
        let id = format!("paused-{sqlite}");
        let run = talking(&engine, &id).await;
        run.pause(Pause::Drain).await.unwrap();
        wait_for(&run, Status::Paused).await;
        // Another engine pauses the run, so that this one does not notice it at once.
        other.run(&id).await.unwrap().pause(Pause::Drain).await.unwrap();
        let new = engine.rewind(&id, ForkPoint::before("act").nth(2)).await.unwrap();
        engine.send(&id, word("four")).await.unwrap();
        let child = engine.list(steadfast::RunFilter::all().workflow("echo")).await.unwrap();
        engine.send(&child[0].id, word("hello")).await.unwrap();
        engine.handle(talk, new.id()).await.unwrap().result().soon().await.unwrap();
    }
}

#[tokio::test]
async fn a_cancelled_run_is_rewound_and_can_be_cancelled_again() {
    for sqlite in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let builder = Engine::builder().workflow(wrong);
        let builder = if sqlite { builder.sqlite(folder.path().join("runs.db")) } else { builder.in_memory() };
        let engine = builder.start().await.unwrap();
        let id = format!("cancelled-{sqlite}");
        let run = engine.start(wrong, ()).id(&id).await.unwrap();
        until_asked(async || done(&id).len() == 2).await;
        run.cancel("a mistake").await.unwrap();
        wait_for(&run, Status::Cancelled).await;
        let new = engine.rewind(&id, ForkPoint::before("act").nth(2)).await.unwrap();
        until_asked(async || done(&id).len() == 3).await;
        assert_eq!(run.status().await.unwrap().status, Status::Cancelled, "its end is history");
        new.cancel("once more").await.unwrap();
        wait_for(&new, Status::Cancelled).await;
    }
}
