//! Code that changes under unfinished runs: patches (old runs keep the old path), operations in another order (case
//! N3), and the repairs that a check suggests.

use crate::changed_code::held_at;
use crate::runs::wait_for;
use crate::steps::until_asked;
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::store::MemoryStore;
use steadfast::{ForkPoint, Message, ParkCause, Startable, Status};

#[derive(Message, Serialize, Deserialize, Clone)]
struct Go(u32);

#[derive(Message, Serialize, Deserialize)]
struct Ask(u32);

#[derive(Message, Serialize, Deserialize)]
struct Told(u32);

#[step]
async fn tax(rate: u64) -> Result<u64> {
    Ok(rate)
}

#[workflow]
#[expect(clippy::unused_async, reason = "a workflow is async")]
async fn small(_flow: &mut Flow, n: u32) -> Result<u32> {
    Ok(n)
}

macro_rules! bill {
    ($name:ident, |$flow:ident| $body:block) => {
        #[workflow(name = "taxed")]
        async fn $name($flow: &mut Flow) -> Result<u64> $body
    };
}

bill!(old, |flow| {
    let tax = tax(flow, 19).await?;
    flow.receive::<Go>().await?;
    Ok(tax)
});

bill!(patched, |flow| {
    let rate = if flow.patched("new-tax") { 21 } else { 19 };
    let mut sum = tax(flow, rate).await?;
    flow.receive::<Go>().await?;
    if flow.patched("new-tax") {
        sum += 100;
    }
    Ok(sum)
});

bill!(deprecated, |flow| {
    flow.deprecate_patch("new-tax");
    let tax = tax(flow, 21).await?;
    flow.receive::<Go>().await?;
    Ok(tax + 100)
});

bill!(removed, |flow| {
    let tax = tax(flow, 21).await?;
    flow.receive::<Go>().await?;
    Ok(tax + 100)
});

async fn with<M>(store: &MemoryStore, workflow: impl Startable<M> + 'static) -> Engine {
    Engine::builder().store(store.clone()).workflow(workflow).workflow(small).start().await.unwrap()
}

async fn stop(engine: Engine) {
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
}

/// Starts a run and waits until it has the given number of entries.
macro_rules! waiting {
    ($engine:expr, $workflow:ident, $id:expr, $entries:expr) => {{
        let run = $engine.start($workflow, ()).id($id).await.unwrap();
        held_at(&run, $entries).await;
    }};
}

#[tokio::test]
async fn old_runs_go_the_old_way_and_new_ones_the_new_until_the_patch_is_gone() {
    let store = MemoryStore::new();
    let engine = with(&store, old).await;
    waiting!(engine, old, "first", 4);
    waiting!(engine, old, "unpatched", 4);
    stop(engine).await;

    let engine = with(&store, patched).await;
    waiting!(engine, patched, "second", 5);
    waiting!(engine, patched, "third", 5);
    engine.send("first", Go(1)).await.unwrap();
    let first = engine.handle(patched, "first").await.unwrap().result().soon().await.unwrap();
    assert_eq!(first, 19, "it never goes half the new way");
    stop(engine).await;
    let engine = with(&store, patched).await;
    engine.send("second", Go(1)).await.unwrap();
    assert_eq!(
        engine.handle(patched, "second").await.unwrap().result().soon().await.unwrap(),
        121,
        "after a replay too"
    );
    stop(engine).await;

    let report = Engine::builder().store(store.clone()).workflow(deprecated).check().await.unwrap();
    let problems: Vec<_> = report.problems().iter().map(|problem| problem.run.as_str()).collect();
    assert_eq!(problems, ["unpatched"], "the old way is gone, that of the patch is not");
    let engine = with(&store, deprecated).await;
    waiting!(engine, deprecated, "fourth", 4);
    let marks = async |id: &str| {
        let history = engine.run(id).await.unwrap().history().await.unwrap();
        history.iter().filter(|entry| entry.kind == Kind::PatchMarked).count()
    };
    assert_eq!((marks("third").await, marks("fourth").await), (1, 0));
    engine.send("third", Go(1)).await.unwrap();
    assert_eq!(engine.handle(deprecated, "third").await.unwrap().result().soon().await.unwrap(), 121);
    stop(engine).await;

    let engine = with(&store, removed).await;
    engine.send("fourth", Go(1)).await.unwrap();
    assert_eq!(engine.handle(removed, "fourth").await.unwrap().result().soon().await.unwrap(), 121);
}

bill!(everything, |flow| {
    flow.publish("state", &1);
    flow.stream("log").write(&1);
    let _ = flow.patched("way");
    let _ = flow.try_receive::<Go>();
    let sent = flow.send("nobody", Go(1)).await.is_err();
    let child = flow.start(small, 7).await.await?;
    let asked = flow.request::<Ask, Told>(Ask(u32::from(sent) + child)).await?;
    flow.receive::<Go>().await?;
    Ok(asked.0.into())
});

macro_rules! reordered {
    ($($name:ident, $says:expr, |$flow:ident| $body:block;)*) => {
        $(bill!($name, |$flow| $body);)*

        #[tokio::test]
        async fn operations_in_another_order_are_parked_with_both_sides_named_and_nothing_is_written() {
            let store = MemoryStore::new();
            let engine = with(&store, everything).await;
            let run = engine.start(everything, ()).id("all").await.unwrap();
            until_asked(async || !run.requests().await.unwrap().is_empty()).await;
            let before: Vec<_> = run.history().await.unwrap().iter().map(ToString::to_string).collect();
            stop(engine).await;
            $({
                let engine = with(&store, $name).await;
                let run = engine.run("all").await.unwrap();
                // A message activates a waiting run.
                engine.send("all", Told(0)).key("once").await.unwrap();
                let says: (&str, &str) = $says;
                let reason = async || run.status().await.unwrap().parked;
                // An earlier deployment has already parked it, with another reason.
                until_asked(async || reason().await.is_some_and(|reason| reason.to_string().contains(says.1)
                    && reason.recorded.is_some_and(|recorded| recorded.contains(says.0)))).await;
                let reason = reason().await.unwrap();
                assert_eq!(reason.cause, ParkCause::Diverged, "{}", stringify!($name));
                let (recorded, found) = (reason.recorded.clone().unwrap(), reason.found.clone().unwrap());
                assert!(recorded.contains(says.0) && found.contains(says.1), "{}: {reason}", stringify!($name));
                assert!(reason.turn.is_some());
                let after: Vec<_> = run.history().await.unwrap().iter().map(ToString::to_string).collect();
                assert_eq!(after, before, "{}", stringify!($name));
                assert_eq!(run.requests().await.unwrap().len(), 1, "its question waits");
                stop(engine).await;
            })*
            let engine = with(&store, everything).await;
            let run = engine.run("all").await.unwrap();
            until_asked(async || run.status().await.unwrap().parked.is_none()).await;
            engine.answer(&run.requests().await.unwrap()[0].id, Told(5)).await.unwrap();
            engine.send("all", Go(1)).await.unwrap();
            assert_eq!(engine.handle(everything, "all").await.unwrap().result().soon().await.unwrap(), 5);
        }
    };
}

reordered! {
    streams_first, ("value `state` published", "stream `log`"), |flow| {
        flow.stream("log").write(&1);
        flow.publish("state", &1);
        Ok(0)
    };
    closes, ("an item written to stream `log`", "stream `log` closed"), |flow| {
        flow.publish("state", &1);
        flow.stream::<u32>("log").close();
        Ok(0)
    };
    never_looks, ("a look for a message `Go`: none was there", "message `Go` sent to run `nobody`"), |flow| {
        flow.publish("state", &1);
        flow.stream("log").write(&1);
        let _ = flow.patched("way");
        let _ = flow.send("nobody", Go(1)).await;
        Ok(0)
    };
    without_patch, ("the way of patch `way`", "a look for a message `Go`"), |flow| {
        flow.publish("state", &1);
        flow.stream("log").write(&1);
        let _ = flow.try_receive::<Go>();
        Ok(0)
    };
    says_another, ("message `Go` sent to run `nobody`: 1", "message `Go` sent to run `nobody`: 2"), |flow| {
        flow.publish("state", &1);
        flow.stream("log").write(&1);
        let _ = flow.patched("way");
        let _ = flow.try_receive::<Go>();
        let _ = flow.send("nobody", Go(2)).await;
        Ok(0)
    };
    another_child, ("workflow `small` started with 7", "workflow `small` started with 8"), |flow| {
        flow.publish("state", &1);
        flow.stream("log").write(&1);
        let _ = flow.patched("way");
        let _ = flow.try_receive::<Go>();
        let _ = flow.send("nobody", Go(1)).await;
        let _ = flow.start(small, 8).await.await;
        Ok(0)
    };
    receives_first, ("request `Ask`", "a wait for a message `Go`"), |flow| {
        flow.publish("state", &1);
        flow.stream("log").write(&1);
        let _ = flow.patched("way");
        let _ = flow.try_receive::<Go>();
        let _ = flow.send("nobody", Go(1)).await;
        let _ = flow.start(small, 7).await.await;
        flow.receive::<Go>().await?;
        Ok(0)
    };
}

#[tokio::test]
async fn a_check_replays_runs_that_wait_for_others_without_complaint() {
    #[workflow]
    async fn waits_for_a_run(flow: &mut Flow) -> Result<u64> {
        Ok(flow.start(everything, ()).await.await?)
    }
    let store = MemoryStore::new();
    let builder =
        || Engine::builder().store(store.clone()).workflow(everything).workflow(small).workflow(waits_for_a_run);
    let engine = builder().start().await.unwrap();
    engine.start(waits_for_a_run, ()).await.unwrap();
    until_asked(async || engine.requests().await.unwrap().len() == 1).await;
    let run = engine.start(everything, ()).id("all").await.unwrap();
    until_asked(async || !run.requests().await.unwrap().is_empty()).await;
    run.pause(steadfast::Pause::Drain).await.unwrap();
    wait_for(&run, Status::Paused).await;
    let report = engine.check().await.unwrap();
    assert_eq!((report.is_ok(), report.checked()), (true, 3), "{report}");
    stop(engine).await;
    let report = builder().check().await.unwrap();
    assert_eq!((report.is_ok(), report.checked()), (true, 3), "{report}");
}

#[workflow(name = "taxed", version = 2)]
async fn second_version(flow: &mut Flow) -> Result<u64> {
    let tax = tax(flow, 21).await?;
    flow.receive::<Go>().await?;
    Ok(tax)
}

#[workflow(name = "taxed", version = 2)]
async fn old_as_second(flow: &mut Flow) -> Result<u64> {
    let tax = tax(flow, 19).await?;
    flow.receive::<Go>().await?;
    Ok(tax + 1)
}

#[tokio::test]
async fn a_check_says_what_would_help() {
    let store = MemoryStore::new();
    let engine = with(&store, old).await;
    waiting!(engine, old, "first", 4);
    stop(engine).await;
    let report = Engine::builder().store(store.clone()).workflow(removed).check().await.unwrap();
    let text = report.to_string();
    for says in [
        "take the new way at position 1 only `if flow.patched(",
        "beside this one, which then is `#[workflow(name = \"taxed\", version = 2)]`",
        "from before position 1",
        "`engine.rewind(\"first\", ForkPoint::after_entry(1))`",
    ] {
        assert!(text.contains(says), "{text}");
    }
    assert!(report.to_json().contains("flow.patched"), "programs read it too");

    // The build lacks the function that began the run, but another version matches its history.
    let builder = || Engine::builder().store(store.clone()).workflow(removed).workflow(old_as_second);
    let text = builder().check().await.unwrap().to_string();
    assert!(text.contains("its history fits version 2, which is registered"), "{text}");
    assert!(text.contains("ForkPoint::after_entry(3)).version(2)"), "{text}");
    let engine = builder().start().await.unwrap();
    let run = engine.run("first").await.unwrap();
    engine.send("first", Go(1)).await.unwrap();
    wait_for(&run, Status::Parked).await;
    engine.rewind("first", ForkPoint::after_entry(3)).version(2).await.unwrap();
    assert_eq!(engine.handle(old_as_second, "first").await.unwrap().result().soon().await.unwrap(), 20);
    stop(engine).await;
}

#[tokio::test]
async fn a_fork_goes_on_with_the_newest_version_or_the_one_that_is_asked_for() {
    let engine =
        Engine::builder().in_memory().workflow(old).workflow(second_version).workflow(small).start().await.unwrap();
    waiting!(engine, old, "v1", 4);
    for (point, version, expected) in [
        (ForkPoint::before("tax"), None, 21),
        (ForkPoint::before("tax"), Some(1), 19),
        (ForkPoint::after_entry(3), Some(1), 19),
    ] {
        let call = engine.fork("v1", point);
        let fork = match version {
            Some(version) => call.version(version).await.unwrap(),
            None => call.await.unwrap(),
        };
        assert_eq!(fork.status().await.unwrap().version, version.unwrap_or(2));
        engine.send(fork.id(), Go(1)).await.unwrap();
        assert_eq!(engine.handle(old, fork.id()).await.unwrap().result().soon().await.unwrap(), expected);
    }
    let fork = engine.fork("v1", ForkPoint::after_entry(3)).await.unwrap();
    wait_for(&fork, Status::Parked).await;
    let reason = fork.status().await.unwrap().parked.unwrap();
    assert_eq!((reason.cause, reason.unfinished), (ParkCause::Diverged, Some(3)), "its history must fit");
}
