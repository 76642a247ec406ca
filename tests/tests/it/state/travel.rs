//! Shared state as seen from outside, and in copies: history, forks, rewinds, files, continue-as-new.

use super::Progress;
use limits::Soon as _;
use std::sync::atomic::{AtomicU64, Ordering};
use steadfast::prelude::*;
use steadfast::testing::crash_everywhere;
use steadfast::{ForkPoint, Status};

#[step]
async fn add(state: &State<Progress>, n: u64) -> Result<u64> {
    state.labelled("n").set("last", &n).await?;
    Ok(state
        .edit(|s| {
            s.total += n;
            s.total
        })
        .await?)
}

#[workflow(state = Progress)]
async fn three(flow: &Flow) -> Result<Vec<u64>> {
    let mut seen = Vec::new();
    for n in [1, 10, 100] {
        seen.push(add(flow, n).await?);
    }
    Ok(seen)
}

#[tokio::test]
async fn the_state_is_seen_as_it_was_at_any_entry() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.db");
    let engine = Engine::builder().sqlite(&path).workflow(three).start().await.unwrap();
    let run = engine.start(three, ()).id("r").await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), [1, 11, 111]);
    assert_eq!(run.state::<Progress>().await.unwrap().unwrap().total, 111);
    let history = run.state_history().await.unwrap();
    let edits: Vec<_> =
        history.entries().iter().filter(|entry| !entry.fields.is_empty() && entry.step.is_some()).collect();
    assert_eq!(edits.len(), 3, "{history}");
    let mut before = Vec::new();
    for edit in &edits {
        before.push(run.state_at::<Progress>(edit.seq - 1).await.unwrap().unwrap().total);
    }
    assert_eq!(before, [0, 1, 11]);
    assert!(run.state_at::<Progress>(1).await.unwrap().is_none());
    let text = history.to_string();
    assert!(text.contains("edited by step `add`") && text.contains("total  11 -> 111"), "{text}");
    assert!(run.context_history().await.unwrap().entries().is_empty(), "it is no context");

    let file = rusqlite::Connection::open(&path).unwrap();
    let query = "SELECT field || '=' || value FROM steadfast_state WHERE run = 'r' AND field <> 'state.names'";
    let mut rows = file.prepare(query).unwrap();
    let rows: Vec<String> = rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows, ["key.last=100", "state.chunks=0", "state.total=111"]);
    let contexts: u32 =
        file.query_row("SELECT count(*) FROM steadfast_context WHERE run = 'r'", [], |row| row.get(0)).unwrap();
    assert_eq!(contexts, 0);
}

#[tokio::test]
async fn forks_and_rewinds_go_on_with_the_state_of_the_point() {
    for in_memory in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let builder = Engine::builder().workflow(three);
        let builder = if in_memory { builder.in_memory() } else { builder.sqlite(folder.path().join("runs.db")) };
        let engine = builder.start().await.unwrap();
        let run = engine.start(three, ()).id("r").await.unwrap();
        run.result().soon().await.unwrap();
        engine.fork("r", ForkPoint::before("add").nth(2)).id("f").await.unwrap();
        let fork = engine.handle(three, "f").await.unwrap();
        assert_eq!(fork.result().soon().await.unwrap(), [1, 11, 111]);
        assert_eq!(fork.state::<Progress>().await.unwrap().unwrap().total, 111);
        assert_eq!(fork.state_value::<u64>("last").await.unwrap(), Some(100));
        engine.fork("r", ForkPoint::before("add")).id("g").await.unwrap();
        let fork = engine.handle(three, "g").await.unwrap();
        assert_eq!(fork.result().soon().await.unwrap(), [1, 11, 111], "from the defaults");
        engine.rewind("r", ForkPoint::before("add").nth(3)).await.unwrap();
        let run = engine.handle(three, "r").await.unwrap();
        assert_eq!(run.result().soon().await.unwrap(), [1, 11, 111]);
    }
}

static LEFT: AtomicU64 = AtomicU64::new(0);

/// Edits, and blocks until the test releases it.
#[step]
async fn held(state: &State<Progress>, scope: &StepScope) -> Result<u64> {
    let first = u64::from(scope.attempt);
    let seen = state
        .edit(|s| {
            s.total += 5;
            100 * first + s.total
        })
        .await?;
    while LEFT.load(Ordering::Relaxed) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(seen)
}

#[workflow(state = Progress)]
async fn holding(flow: &Flow) -> Result<(u64, u64)> {
    let seen = held(flow).await?;
    Ok((seen, flow.state::<Progress>().total))
}

#[tokio::test]
async fn an_export_takes_the_state_and_the_edits_of_steps_in_flight_along() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("held.run");
    let engine = Engine::builder().in_memory().workflow(holding).start().await.unwrap();
    let run = engine.start(holding, ()).id("h").await.unwrap();
    limits::until(async || run.state::<Progress>().await.unwrap().is_some_and(|state| state.total != 0)).await;
    run.export(&file).await.unwrap();
    let elsewhere =
        Engine::builder().sqlite(folder.path().join("elsewhere.db")).workflow(holding).start().await.unwrap();
    let copy = elsewhere.import(&file).await.unwrap();
    assert_eq!(copy.state::<Progress>().await.unwrap().unwrap().total, 5);
    LEFT.store(1, Ordering::Relaxed);
    assert_eq!(elsewhere.handle(holding, copy.id()).await.unwrap().result().soon().await.unwrap(), (105, 5));
    assert_eq!(run.result().soon().await.unwrap(), (105, 5), "the second attempt has made no second edit");
}

/// Continues as new `left` times.
#[workflow(state = Progress)]
async fn rounds(flow: &mut Flow, left: u64) -> Result<(u64, u64, Option<u64>)> {
    add(&*flow, 7).await?;
    if left > 0 {
        return flow.continue_as_new(rounds, left - 1).await;
    }
    Ok((flow.state::<Progress>().total, flow.state::<Progress>().chunks, flow.state_value("last")?))
}

#[tokio::test]
async fn a_fresh_journal_keeps_the_state() {
    let engine = Engine::builder().in_memory().workflow(rounds).start().await.unwrap();
    let run = engine.start(rounds, 2).id("r").await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), (21, 0, Some(7)));
    let last = engine.run("r").await.unwrap();
    assert_eq!(last.status().await.unwrap().status, Status::Completed);
    let history = last.state_history().await.unwrap();
    assert_eq!(history.entries().iter().filter(|entry| entry.step.is_some()).count(), 2, "{history}");
    assert_eq!(crash_everywhere(rounds, 1).await.results, 1);
}
