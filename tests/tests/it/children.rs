//! Child runs, runs that continue as new, and the results, cancellations and messages that reach them (cases O2, O3,
//! O5, D11).

use limits::Soon as _;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use steadfast::prelude::*;
use steadfast::{ChildError, Message, RunError, RunFilter, Scope, Secret, Status};

#[derive(Message, Serialize, Deserialize)]
struct Go;

#[workflow]
async fn square(flow: &mut Flow, n: u64) -> Result<u64> {
    flow.sleep(Duration::ZERO).await?;
    if n == 13 {
        return Err(Error::msg("unlucky"));
    }
    Ok(n * n)
}

#[workflow]
async fn waits(flow: &mut Flow, note: String) -> Result<String> {
    flow.receive::<Go>().await?;
    Ok(note)
}

#[workflow]
async fn squares(flow: &mut Flow, to: u64) -> Result<u64> {
    let mut children = Vec::new();
    for n in 0..to {
        children.push(flow.start(square, n).await);
    }
    let squares = futures_util::future::try_join_all(children).await?;
    Ok(squares.into_iter().sum())
}

#[workflow]
async fn parent(flow: &mut Flow, detached: bool) -> Result<String> {
    let start = flow.start(waits, "child".into()).with(Scope::new().id("child"));
    let child = if detached { start.detached().await } else { start.await };
    Ok(child.await?)
}

#[workflow]
async fn unlucky(flow: &mut Flow) -> Result<String> {
    Ok(match flow.start(square, 13).await.await {
        Err(ChildError::Failed(error)) => error.to_string(),
        other => format!("{other:?}"),
    })
}

#[workflow]
async fn count(flow: &mut Flow, n: u64) -> Result<u64> {
    flow.publish("n", &n);
    flow.stream("n").write(&n);
    if n == 5 {
        return Ok(n);
    }
    flow.continue_as_new(count, n + 1).await
}

fn builder() -> steadfast::EngineBuilder {
    let builder = Engine::builder().workflow(square).workflow(squares).workflow(parent).workflow(waits);
    builder.workflow(unlucky).workflow(count)
}

#[tokio::test]
async fn children_give_their_results_and_typed_errors() {
    let engine = builder().in_memory().start().await.unwrap();
    assert_eq!(engine.start(squares, 10).await.unwrap().result().soon().await.unwrap(), 285);
    assert_eq!(engine.list(RunFilter::all().workflow("square")).await.unwrap().len(), 10);
    assert_eq!(engine.start(unlucky, ()).await.unwrap().result().soon().await.unwrap(), "unlucky");
}

#[tokio::test]
async fn a_parent_waits_for_its_child_over_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let start = async || builder().sqlite(folder.path().join("runs.db")).start().await.unwrap();
    let engine = start().await;
    engine.start(parent, false).id("parent").await.unwrap();
    crate::steps::until_asked(async || engine.run("child").await.is_ok()).await;
    drop(engine);
    let engine = start().await;
    engine.send("child", Go).await.unwrap();
    assert_eq!(engine.handle(parent, "parent").await.unwrap().result().soon().await.unwrap(), "child");
}

#[tokio::test]
async fn a_cancellation_reaches_a_child_unless_it_is_detached() {
    for detached in [false, true] {
        let engine = builder().in_memory().start().await.unwrap();
        let run = engine.start(parent, detached).await.unwrap();
        crate::steps::until_asked(async || engine.run("child").await.is_ok()).await;
        run.cancel("enough").await.unwrap();
        assert!(matches!(run.result().soon().await, Err(RunError::Cancelled { .. })));
        let child = engine.handle(waits, "child").await.unwrap();
        if detached {
            child.send(Go).await.unwrap();
            assert_eq!(child.result().soon().await.unwrap(), "child");
        } else {
            let error = child.result().soon().await.unwrap_err();
            assert!(matches!(&error, RunError::Cancelled { reason } if reason == "enough"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_deadline_ends_a_run_and_its_children_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let start = async || builder().sqlite(folder.path().join("runs.db")).start().await.unwrap();
    let engine = start().await;
    engine.start(parent, false).id("parent").time_limit(Duration::from_millis(300)).await.unwrap();
    crate::steps::until_asked(async || engine.run("child").await.is_ok()).await;
    drop(engine);
    let engine = start().await;
    let error = engine.handle(parent, "parent").await.unwrap().result().soon().await.unwrap_err();
    assert!(matches!(error, RunError::TimedOut), "{error}");
    let error = engine.handle(waits, "child").await.unwrap().result().soon().await.unwrap_err();
    assert!(matches!(error, RunError::TimedOut | RunError::Cancelled { .. }), "{error}");
}

#[tokio::test]
async fn a_child_with_the_id_of_another_run_is_refused_and_the_same_run_is_shared() {
    let engine = builder().in_memory().start().await.unwrap();
    engine.start(waits, "another".into()).id("child").await.unwrap();
    let error = engine.start(parent, false).await.unwrap().result().soon().await.unwrap_err();
    assert!(error.to_string().contains("was started with input"), "{error}");
    engine.run("child").await.unwrap().cancel("").await.unwrap();
    let engine = builder().in_memory().start().await.unwrap();
    let shared = engine.start(waits, "child".into()).id("child").await.unwrap();
    let (a, b) = (engine.start(parent, false).await.unwrap(), engine.start(parent, true).await.unwrap());
    shared.send(Go).await.unwrap();
    assert_eq!((a.result().soon().await.unwrap(), b.result().soon().await.unwrap()), ("child".into(), "child".into()));
    let late = engine.start(parent, false).await.unwrap();
    assert_eq!(late.result().soon().await.unwrap(), "child", "it has ended already");
}

#[tokio::test]
async fn a_run_goes_on_with_a_fresh_journal_under_its_id() {
    let folder = tempfile::tempdir().unwrap();
    for memory in [true, false] {
        let path = folder.path().join("runs.db");
        let builder = if memory { builder().in_memory() } else { builder().sqlite(path) };
        let engine = builder.start().await.unwrap();
        let run = engine.start(count, 0).id("count").label("kind", "counter").await.unwrap();
        assert_eq!(run.result().soon().await.unwrap(), 5);
        let now = engine.run("count").await.unwrap();
        assert_ne!(now.number(), run.number());
        assert_eq!(now.published::<u64>("n").soon().await.unwrap(), 5);
        assert_eq!(
            engine.list(RunFilter::all().label("kind", "counter").status(Status::Completed)).await.unwrap().len(),
            1
        );
        let (mut stream, mut items) = (run.stream::<u64>("n"), Vec::new());
        while let Some((_, n)) = stream.next().soon().await.unwrap() {
            items.push(n);
        }
        assert_eq!(items, [0, 1, 2, 3, 4, 5]);
        assert!(now.history().await.unwrap().len() < 8, "its journal is its own");
        let replaced = engine.list(RunFilter::all().status(Status::Replaced)).await.unwrap();
        assert_eq!(replaced.len(), 5);
        let again = engine.start(count, 0).id("count").await.unwrap();
        assert_eq!(
            (again.is_new(), again.result().soon().await.unwrap()),
            (false, 5),
            "started again as it was started"
        );
        assert!(engine.start(count, 4).id("count").await.is_err(), "its input is the first one");
        assert_eq!(run.status().await.unwrap().status, Status::Replaced);
        assert_eq!(now.status().await.unwrap().status, Status::Completed);
        now.delete().await.unwrap();
        assert!(engine.list(RunFilter::all()).await.unwrap().is_empty(), "its earlier journals go with it");
    }
}

#[step]
async fn fetch_token() -> Result<Secret<String>> {
    Ok(Secret::new("planted-0815".to_owned()))
}

#[workflow]
async fn fetches(flow: &mut Flow) -> Result<Secret<String>> {
    Ok(fetch_token(&*flow).await?)
}

#[workflow]
async fn uses(flow: &mut Flow) -> Result<bool> {
    let token = flow.start(fetches, ()).await.await?;
    flow.sleep(Duration::from_millis(100)).await?;
    Ok(token.expose() == "planted-0815")
}

#[tokio::test]
async fn a_secret_of_a_child_is_one_of_its_parent_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.db");
    let start = async || {
        let keys = steadfast::StaticKeys::new(steadfast::Key::new("k", [7; 32]));
        Engine::builder().sqlite(&path).workflow(uses).workflow(fetches).keys(keys).start().await.unwrap()
    };
    let engine = start().await;
    let run = engine.start(uses, ()).id("uses").await.unwrap();
    crate::steps::until_asked(async || {
        run.history().await.unwrap().iter().any(|entry| entry.kind == steadfast::history::Kind::ChildEnded)
    })
    .await;
    drop((run, engine));
    let engine = start().await;
    assert!(engine.handle(uses, "uses").await.unwrap().result().soon().await.unwrap());
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    let file = std::fs::read(&path).unwrap();
    assert!(!file.windows(12).any(|bytes| bytes == b"planted-0815"));
}

#[workflow]
async fn relays(flow: &mut Flow, left: u32) -> Result<u32> {
    flow.receive::<Go>().await?;
    if left == 0 {
        return Ok(0);
    }
    flow.continue_as_new(relays, left - 1).await
}

#[tokio::test]
async fn messages_reach_a_run_that_goes_on_with_fresh_journals() {
    let engine = Engine::builder().in_memory().workflow(relays).start().await.unwrap();
    let run = engine.start(relays, 3).id("relay").await.unwrap();
    for n in 0..4 {
        run.send(Go).await.unwrap();
        if n == 1 {
            crate::steps::until_asked(async || engine.run("relay").await.unwrap().number() != run.number()).await;
        }
    }
    assert_eq!(run.result().soon().await.unwrap(), 0);
}
