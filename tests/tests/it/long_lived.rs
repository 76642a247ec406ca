//! Combinations in long-lived runs: pauses, continue-as-new, detached children, moves, ends, and crashes between.

mod ends;

use crate::flows::{Tally, deed};
use crate::garbage::Rig;
use crate::runs::wait_for;
use crate::steps::{until, until_asked};
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use std::sync::atomic::Ordering;
use std::time::Duration;
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::store::MemoryStore;
use steadfast::{ChildError, EngineBuilder, Message, Pause, RunError, Status, StepScope};
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(4);

#[derive(Message, Serialize, Deserialize, Debug, Clone)]
struct Go(u32);

#[derive(Message, Serialize, Deserialize, Debug, Clone)]
struct Wake;

#[derive(Message, Serialize, Deserialize, Debug, Clone)]
struct Ask;

fn tick() -> Duration {
    Duration::from_millis(150)
}

// ---- pauses

#[workflow]
async fn naps(flow: &mut Flow) -> Result<u32> {
    Ok(flow.receive::<Go>().await?.0)
}

#[tokio::test]
async fn a_run_that_was_paused_twice_goes_on_when_it_is_resumed() {
    let engine = Engine::builder().in_memory().workflow(naps).start().await.unwrap();
    let run = engine.start(naps, ()).await.unwrap();
    run.pause(Pause::Drain).await.unwrap();
    run.pause(Pause::Drain).await.unwrap();
    wait_for(&run, Status::Paused).await;
    run.resume().await.unwrap();
    run.send(Go(1)).await.unwrap();
    let result = timeout(LONG, run.result()).await;
    assert!(result.is_ok(), "still {:?}", run.status().await.unwrap().status);
}

#[tokio::test]
async fn a_paused_run_to_which_much_is_said_is_not_given_up() {
    let engine = Engine::builder().in_memory().evict_after(Duration::ZERO).workflow(naps).start().await.unwrap();
    let run = engine.start(naps, ()).await.unwrap();
    run.pause(Pause::Drain).await.unwrap();
    wait_for(&run, Status::Paused).await;
    for n in 0..8 {
        tokio::time::sleep(Duration::from_millis(60)).await;
        run.send(Go(n)).await.unwrap();
    }
    tokio::time::sleep(tick()).await;
    assert_eq!(run.status().await.unwrap().status, Status::Paused);
    run.resume().await.unwrap();
    assert_eq!(timeout(LONG, run.result()).await.unwrap().unwrap(), 0);
}

#[tokio::test]
async fn a_run_that_waits_survives_many_crashes() {
    let folder = tempfile::tempdir().unwrap();
    let start = || Engine::builder().sqlite(folder.path().join("runs.db")).workflow(naps).start();
    let engine = start().await.unwrap();
    engine.start(naps, ()).id("n").await.unwrap();
    tokio::time::sleep(tick()).await;
    drop(engine);
    for n in 0..8 {
        let engine = start().await.unwrap();
        tokio::time::sleep(tick()).await;
        let status = engine.run("n").await.unwrap().status().await.unwrap();
        assert_ne!(status.status, Status::Parked, "after {n} restarts: {status:?}");
        drop(engine);
    }
}

// ---- continue-as-new

#[workflow]
async fn rounds(flow: &mut Flow, round: u32) -> Result<u32> {
    if round == 0 {
        // Two messages arrive before this one. The first is not received when the run continues as new.
        flow.receive::<Wake>().await?;
        flow.continue_as_new(rounds, 1).await
    } else {
        Ok(flow.receive::<Go>().within(Duration::from_secs(1)).await?.map_or(0, |go| go.0))
    }
}

#[tokio::test]
async fn a_message_that_nobody_has_taken_is_there_for_the_run_with_a_fresh_journal() {
    let engine = Engine::builder().in_memory().workflow(rounds).start().await.unwrap();
    let run = engine.start(rounds, 0).await.unwrap();
    run.send(Go(7)).await.unwrap();
    run.send(Wake).await.unwrap();
    assert_eq!(timeout(LONG, run.result()).await.unwrap().unwrap(), 7);
}

/// Asks without waiting for the answer, so that the request stays open.
#[workflow]
async fn asks_on(flow: &mut Flow, (round, id): (u32, String)) -> Result<u32> {
    match round {
        0 => {
            let mut request = Box::pin(flow.request::<Ask, Go>(Ask));
            let id = request.id();
            let _ = futures_util::poll!(&mut request);
            flow.receive::<Wake>().await?;
            flow.continue_as_new(asks_on, (1, id)).await
        }
        1 => {
            flow.receive::<Wake>().await?;
            flow.continue_as_new(asks_on, (2, id)).await
        }
        _ => Ok(flow.answer_to::<Go>(id).await?.0),
    }
}

#[tokio::test]
async fn an_answer_that_came_while_nobody_waited_is_there_for_the_run_with_a_fresh_journal() {
    let engine = Engine::builder().in_memory().workflow(asks_on).start().await.unwrap();
    let run = engine.start(asks_on, (0, String::new())).id("a").await.unwrap();
    until_asked(async || !engine.requests().await.unwrap().is_empty()).await;
    let id = engine.requests().await.unwrap().remove(0).id;
    run.send(Wake).await.unwrap();
    until_asked(async || engine.run("a").await.unwrap().number() != run.number()).await;
    engine.answer(&id, Go(9)).await.unwrap();
    tokio::time::sleep(tick()).await;
    run.send(Wake).await.unwrap();
    assert_eq!(timeout(LONG, run.result()).await.expect("the answer is lost").unwrap(), 9);
}

#[workflow]
async fn child_of(flow: &mut Flow, tally: String) -> Result<u32> {
    deed(&tally, "child began");
    noted(&*flow, tally).await?;
    Ok(1)
}

#[step]
async fn noted(tally: String) -> Result<()> {
    deed(&tally, "step");
    Ok(())
}

#[workflow]
async fn starts_and_goes_on(flow: &mut Flow, (round, tally): (u32, String)) -> Result<u32> {
    if round == 0 {
        drop(flow.start(child_of, tally.clone()).with(steadfast::Scope::new().id("kid")).detached().await);
        flow.continue_as_new(starts_and_goes_on, (1, tally)).await
    } else {
        flow.receive::<Go>().await?;
        Ok(0)
    }
}

#[workflow]
async fn starts_and_ends(flow: &mut Flow, tally: String) -> Result<u32> {
    drop(flow.start(child_of, tally.clone()).with(steadfast::Scope::new().id("kid")).detached().await);
    Ok(0)
}

#[workflow]
async fn starts_and_waits(flow: &mut Flow, tally: String) -> Result<u32> {
    drop(flow.start(child_of, tally.clone()).with(steadfast::Scope::new().id("kid")).await);
    flow.receive::<Go>().await?;
    Ok(0)
}

async fn kid_ends(engine: &Engine) {
    until_asked(async || engine.run("kid").await.is_ok()).await;
    let kid = engine.handle(child_of, "kid").await.unwrap();
    let result = timeout(LONG, kid.result()).await;
    assert!(result.is_ok(), "the child is not driven: {:?}", kid.status().await.unwrap());
    assert_eq!(result.unwrap().unwrap(), 1);
}

#[tokio::test]
async fn a_child_that_is_let_go_runs_when_its_parent_goes_on_with_a_fresh_journal() {
    let engine = Engine::builder().in_memory().workflow(child_of).workflow(starts_and_goes_on).start().await.unwrap();
    engine.start(starts_and_goes_on, (0, "fresh".into())).await.unwrap();
    kid_ends(&engine).await;
}

#[tokio::test]
async fn a_child_that_is_let_go_runs_when_its_parent_ends() {
    let engine = Engine::builder().in_memory().workflow(child_of).workflow(starts_and_ends).start().await.unwrap();
    engine.start(starts_and_ends, "ends".into()).await.unwrap();
    kid_ends(&engine).await;
}

#[tokio::test]
async fn a_child_that_is_let_go_runs() {
    let engine = Engine::builder().in_memory().workflow(child_of).workflow(starts_and_waits).start().await.unwrap();
    engine.start(starts_and_waits, "waits".into()).await.unwrap();
    kid_ends(&engine).await;
}

#[workflow]
async fn countdown(flow: &mut Flow, n: u32) -> Result<u32> {
    if n == 0 {
        return Ok(flow.receive::<Go>().within(Duration::from_millis(1)).await?.map_or(0, |go| go.0));
    }
    flow.continue_as_new(countdown, n - 1).await
}

#[tokio::test]
async fn a_handle_from_before_a_fresh_journal_deletes_the_run() {
    let engine = Engine::builder().in_memory().workflow(countdown).start().await.unwrap();
    let run = engine.start(countdown, 2).id("c").await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 0);
    (*run).clone().delete().await.unwrap();
    let again = engine.run("c").await;
    assert!(again.is_err(), "its id may be used again, says the documentation");
}

// ---- endings

#[derive(StepContext, Clone)]
struct Big {
    tally: String,
    #[context(default, store = "rig")]
    blob: Bytes,
}

#[step]
async fn gives_back(ctx: &Big, scope: &StepScope, reason: String) -> Result<()> {
    deed(&ctx.tally, &format!("given back, attempt {}", scope.attempt));
    if scope.attempt == 1 {
        // Blocks until the engine is dropped.
        tokio::time::sleep(Duration::from_hours(1)).await;
    }
    deed(&ctx.tally, &format!("done ({reason})"));
    Ok(())
}

#[workflow(context = Big, on_cancel = gives_back)]
async fn saves(start: Start<Big>, tally: String) -> Result<u32> {
    let mut flow = start.with(Big::builder().tally(tally).build()).await?;
    flow.sleep(Duration::from_millis(400)).await?;
    flow.update(|big| big.blob(Bytes::from_static(b"large"))).await?;
    flow.receive::<Go>().await?;
    Ok(0)
}

#[workflow(context = Big, on_cancel = gives_back)]
async fn saves_and_goes_on(start: Start<Big>, (round, tally): (u32, String)) -> Result<u32> {
    if round == 1 {
        return Ok(77);
    }
    let mut flow = start.with(Big::builder().tally(tally.clone()).build()).await?;
    flow.update(|big| big.blob(Bytes::from_static(b"large"))).await?;
    flow.receive::<Wake>().await?;
    flow.continue_as_new(saves_and_goes_on, (1, tally)).await
}

fn big(folder: &tempfile::TempDir, rig: &Rig) -> EngineBuilder {
    Engine::builder()
        .sqlite(folder.path().join("runs.db"))
        .lease_term(Duration::from_millis(300))
        .field_store("rig", rig.clone())
        .field_store_retry(1, Duration::ZERO)
        .field_store_timeout(Duration::from_secs(30))
        .workflow(saves)
        .workflow(saves_and_goes_on)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_cancelled_while_it_saves_ends_cancelled_after_a_crash() {
    let (store, rig, tally) = (tempfile::tempdir().unwrap(), Rig::default(), "cancel-saving".to_owned());
    let engine = big(&store, &rig).start().await.unwrap();
    let run = engine.start(saves, tally.clone()).id("s").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    rig.0.hang_save.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(800)).await;
    run.cancel("enough").await.unwrap();
    let noted = Tally(tally.clone());
    until(|| noted.count("given back, attempt 1") == 1).await;
    drop((run, engine));
    let rig =
        Rig(std::sync::Arc::new(crate::garbage::Inner { contents: rig.0.contents.clone(), ..Default::default() }));
    let engine = big(&store, &rig).start().await.unwrap();
    let run = engine.handle(saves, "s").await.unwrap();
    let result = timeout(Duration::from_secs(8), run.result()).await;
    let history: Vec<_> = run.history().await.unwrap().iter().map(|entry| entry.kind).collect();
    assert!(matches!(result, Ok(Err(RunError::Cancelled { .. }))), "{result:?} {history:?} {:?}", run.status().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_cancelled_while_it_goes_on_afresh_ends_cancelled_after_a_crash() {
    let (store, rig, tally) = (tempfile::tempdir().unwrap(), Rig::default(), "cancel-replacing".to_owned());
    let engine = big(&store, &rig).start().await.unwrap();
    let run = engine.start(saves_and_goes_on, (0, tally.clone())).id("s").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    rig.0.hang_load.store(true, Ordering::SeqCst);
    run.send(Wake).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    run.cancel("enough").await.unwrap();
    let noted = Tally(tally.clone());
    until(|| noted.count("given back, attempt 1") == 1).await;
    drop((run, engine));
    let rig =
        Rig(std::sync::Arc::new(crate::garbage::Inner { contents: rig.0.contents.clone(), ..Default::default() }));
    let engine = big(&store, &rig).start().await.unwrap();
    let run = engine.handle(saves_and_goes_on, "s").await.unwrap();
    let result = timeout(Duration::from_secs(8), run.result()).await;
    assert!(
        matches!(result, Ok(Err(RunError::Cancelled { .. }))),
        "{result:?} {:?} {:?}",
        noted.all(),
        run.status().await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_while_a_run_goes_on_afresh_does_not_lose_it() {
    let (store, rig, tally) = (tempfile::tempdir().unwrap(), Rig::default(), "crash-replacing".to_owned());
    let engine = big(&store, &rig).start().await.unwrap();
    let run = engine.start(saves_and_goes_on, (0, tally.clone())).id("s").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    rig.0.hang_load.store(true, Ordering::SeqCst);
    run.send(Wake).await.unwrap();
    until_asked(async || run.history().await.unwrap().iter().any(|e| e.kind == Kind::MessageReceived)).await;
    drop((run, engine));
    let rig =
        Rig(std::sync::Arc::new(crate::garbage::Inner { contents: rig.0.contents.clone(), ..Default::default() }));
    let engine = big(&store, &rig).start().await.unwrap();
    let run = engine.handle(saves_and_goes_on, "s").await.unwrap();
    let result = timeout(Duration::from_secs(8), run.result()).await;
    assert!(matches!(result, Ok(Ok(77))), "{result:?} {:?}", run.status().await.unwrap());
}
