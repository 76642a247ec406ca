//! A workflow cancels one of its children.

use limits::Soon as _;
use serde::{Deserialize, Serialize};
use steadfast::history::{Kind, Value};
use steadfast::prelude::*;
use steadfast::store::MemoryStore;
use steadfast::testing::crash_everywhere;
use steadfast::{ChildError, RunError, Status};

#[derive(Message, Serialize, Deserialize)]
struct Go;

#[workflow]
async fn waits(flow: &mut Flow, note: String) -> Result<String> {
    flow.receive::<Go>().await?;
    Ok(note)
}

/// How a child is cancelled.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum How {
    /// It has a derived id.
    Unnamed,
    /// It has an id of the user's.
    Named,
    /// Cancelled twice.
    Twice,
    /// Dropped after it.
    Dropped,
}

#[step]
async fn pause(n: u32) -> Result<u32> {
    Ok(n)
}

#[workflow]
async fn parent(flow: &mut Flow, how: How) -> Result<String> {
    let start = flow.start(waits, "note".to_owned());
    let child = match how {
        How::Unnamed => start.await,
        How::Named | How::Twice | How::Dropped => start.id("child").await,
    };
    let other = flow.start(waits, "other".to_owned()).id("other").await;
    pause(flow, 1).await?;
    child.cancel("too late");
    match how {
        How::Twice => child.cancel("again"),
        How::Dropped => {
            let id = child.id().to_owned();
            drop(child);
            pause(flow, 2).await?;
            drop(other);
            return Ok(id);
        }
        How::Unnamed | How::Named => {}
    }
    let ended = match child.await {
        Err(ChildError::Cancelled { reason }) => reason,
        other => format!("{other:?}"),
    };
    drop(other);
    Ok(ended)
}

fn builder() -> steadfast::EngineBuilder {
    Engine::builder().workflow(waits).workflow(parent).workflow(at_once)
}

#[tokio::test]
async fn one_child_is_cancelled_and_the_others_go_on() {
    for how in [How::Unnamed, How::Named, How::Twice] {
        let engine = builder().in_memory().start().await.unwrap();
        let run = engine.start(parent, how.clone()).await.unwrap();
        assert_eq!(run.result().soon().await.unwrap(), "too late", "{how:?}");
        let other = engine.handle(waits, "other").await.unwrap();
        other.send(Go).await.unwrap();
        assert_eq!(other.result().soon().await.unwrap(), "other");
    }
}

#[tokio::test]
async fn a_child_that_is_dropped_after_its_cancellation_is_cancelled_too() {
    let engine = builder().in_memory().start().await.unwrap();
    let id = engine.start(parent, How::Dropped).await.unwrap().result().soon().await.unwrap();
    let error = engine.handle(waits, &id).await.unwrap().result().soon().await.unwrap_err();
    assert!(matches!(&error, RunError::Cancelled { reason } if reason == "too late"), "{error}");
}

/// Cancels a child in the turn that starts it: its id may be that of another run.
#[workflow]
async fn at_once(flow: &mut Flow, note: String) -> Result<String> {
    let child = flow.start(waits, note).id("shared").await;
    child.cancel("not wanted");
    Ok(match child.await {
        Err(ChildError::Cancelled { reason }) => reason,
        Err(ChildError::Refused { .. }) => "refused".to_owned(),
        other => format!("{other:?}"),
    })
}

#[tokio::test]
async fn a_run_that_has_the_id_of_a_refused_child_is_not_cancelled() {
    let engine = builder().in_memory().start().await.unwrap();
    let another = engine.start(waits, "another".to_owned()).id("shared").await.unwrap();
    let run = engine.start(at_once, "note".to_owned()).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), "refused");
    another.send(Go).await.unwrap();
    assert_eq!(another.result().soon().await.unwrap(), "another");
}

#[tokio::test]
async fn a_child_that_is_cancelled_where_it_starts_is_cancelled_whether_it_is_new_or_shared() {
    for shared in [false, true] {
        let engine = builder().in_memory().start().await.unwrap();
        if shared {
            engine.start(waits, "note".to_owned()).id("shared").await.unwrap();
        }
        let run = engine.start(at_once, "note".to_owned()).await.unwrap();
        assert_eq!(run.result().soon().await.unwrap(), "not wanted");
        assert_eq!(engine.run("shared").await.unwrap().status().await.unwrap().status, Status::Cancelled);
    }
}

/// Cancels a child of a chosen id, and ends in the same turn.
#[workflow]
async fn gives_up(flow: &mut Flow, seconds: u64) -> Result<u32> {
    let mut child = flow.start(waits, "note".to_owned()).id("slow").await;
    select_biased! {
        note = child => drop(note?),
        _ = flow.sleep(Duration::from_secs(seconds)) => child.cancel("out of patience"),
    }
    Ok(1)
}

#[tokio::test]
async fn a_run_that_ends_with_the_cancellation_has_cancelled_its_child_also_after_a_restart() {
    for seconds in [0, 2] {
        let store = MemoryStore::new();
        let open = async || {
            let builder = Engine::builder().store(store.clone()).workflow(gives_up).workflow(waits);
            builder.evict_after(Duration::from_millis(1)).start().await.unwrap()
        };
        let mut engine = open().await;
        let run = engine.start(gives_up, seconds).id("parent").await.unwrap();
        if seconds > 0 {
            crate::runs::wait_for(&run, Status::Sleeping).await;
            drop(run);
            engine.shutdown(Duration::from_secs(5)).await.unwrap();
            engine = open().await;
        }
        assert_eq!(engine.handle(gives_up, "parent").await.unwrap().result().soon().await.unwrap(), 1);
        let ended = engine.handle(waits, "slow").await.unwrap().result().soon().await;
        assert!(matches!(&ended, Err(RunError::Cancelled { reason }) if reason == "out of patience"), "{ended:?}");
    }
}

#[tokio::test]
async fn the_history_says_which_child_was_cancelled() {
    let engine = builder().in_memory().start().await.unwrap();
    let run = engine.start(parent, How::Named).await.unwrap();
    run.result().soon().await.unwrap();
    let history = run.history().await.unwrap();
    let entry = history.iter().find(|entry| entry.kind == Kind::ChildCancelled).expect("an entry");
    assert_eq!((entry.other.as_deref(), entry.value.clone()), (Some("child"), Some(Value::json(r#""too late""#))));
}

#[tokio::test]
async fn a_cancellation_of_a_child_survives_every_fault() {
    for how in [How::Unnamed, How::Named, How::Dropped] {
        println!("{:?}", crash_everywhere(alone, how).workflow(sleeps).await);
    }
}

/// As `parent`, with children that wait for no message: the test sends none.
#[workflow]
async fn alone(flow: &mut Flow, how: How) -> Result<String> {
    let start = flow.start(sleeps, 1_000_000);
    let child = if matches!(how, How::Unnamed) { start.await } else { start.id("child").await };
    pause(flow, 1).await?;
    child.cancel("too late");
    if matches!(how, How::Dropped) {
        drop(child);
        return Ok(format!("{}", pause(flow, 2).await?));
    }
    Ok(match child.await {
        Err(ChildError::Cancelled { reason }) => reason,
        other => format!("{other:?}"),
    })
}

#[workflow]
async fn sleeps(flow: &mut Flow, seconds: u64) -> Result<u64> {
    flow.sleep(Duration::from_secs(seconds)).await?;
    Ok(seconds)
}
