//! A reviewer's tests: each fails, and shows a defect. (Those named `holds_..` hold.)

use crate::flows::{Tally, deed};
use crate::garbage::Rig;
use crate::runs::wait_for;
use crate::steps::{until, until_asked};
use serde::{Deserialize, Serialize};
use std::sync::atomic::Ordering;
use std::time::Duration;
use steadfast::journal::Kind;
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
    let engine =
        Engine::builder().in_memory().evict_after(Duration::ZERO).workflow(naps).start().await.unwrap();
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

// ---- going on with a fresh journal

#[workflow]
async fn rounds(flow: &mut Flow, round: u32) -> Result<u32> {
    if round == 0 {
        // Two messages come before this one: nobody has taken the first when the run goes on.
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

/// Asks without waiting: the request stays open.
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
    assert_eq!(run.result().await.unwrap(), 0);
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
        // Until the engine is gone.
        tokio::time::sleep(Duration::from_secs(3_600)).await;
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
    let rig = Rig(std::sync::Arc::new(crate::garbage::Inner { contents: rig.0.contents.clone(), ..Default::default() }));
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
    let rig = Rig(std::sync::Arc::new(crate::garbage::Inner { contents: rig.0.contents.clone(), ..Default::default() }));
    let engine = big(&store, &rig).start().await.unwrap();
    let run = engine.handle(saves_and_goes_on, "s").await.unwrap();
    let result = timeout(Duration::from_secs(8), run.result()).await;
    assert!(matches!(result, Ok(Err(RunError::Cancelled { .. }))), "{result:?} {:?} {:?}", noted.all(), run.status().await);
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
    let rig = Rig(std::sync::Arc::new(crate::garbage::Inner { contents: rig.0.contents.clone(), ..Default::default() }));
    let engine = big(&store, &rig).start().await.unwrap();
    let run = engine.handle(saves_and_goes_on, "s").await.unwrap();
    let result = timeout(Duration::from_secs(8), run.result()).await;
    assert!(matches!(result, Ok(Ok(77))), "{result:?} {:?}", run.status().await.unwrap());
}

// ---- children and what becomes of them

#[workflow]
async fn panics(_flow: &mut Flow) -> Result<u32> {
    panic!("as it must");
}

#[workflow]
async fn waits_for_panics(flow: &mut Flow, _n: u32) -> Result<String> {
    let child = flow.start(panics, ()).with(steadfast::Scope::new().id("kid")).await;
    Ok(match child.await {
        Ok(n) => n.to_string(),
        Err(ChildError::Refused { reason }) => format!("refused: {reason}"),
        Err(ChildError::Cancelled { reason }) => format!("cancelled: {reason}"),
        Err(error) => error.to_string(),
    })
}

#[tokio::test]
async fn a_parent_hears_at_once_that_its_parked_child_was_ended() {
    let engine = Engine::builder().in_memory().workflow(panics).workflow(waits_for_panics).start().await.unwrap();
    let parent = engine.start(waits_for_panics, 0).await.unwrap();
    until_asked(async || engine.run("kid").await.is_ok()).await;
    let kid = engine.run("kid").await.unwrap();
    wait_for(&kid, Status::Parked).await;
    kid.cancel_parked("no use").await.unwrap();
    let result = timeout(LONG, parent.result()).await;
    assert!(result.is_ok(), "the parent has not heard of it: {:?}", parent.status().await.unwrap());
}

#[workflow]
async fn panics_with_child(flow: &mut Flow) -> Result<u32> {
    drop(flow.start(naps, ()).with(steadfast::Scope::new().id("kid")).await);
    flow.receive::<Wake>().await?;
    panic!("as it must");
}

#[tokio::test]
async fn the_child_of_a_parked_run_that_is_ended_is_cancelled() {
    let engine = Engine::builder().in_memory().workflow(naps).workflow(panics_with_child).start().await.unwrap();
    let parent = engine.start(panics_with_child, ()).await.unwrap();
    parent.send(Wake).await.unwrap();
    wait_for(&parent, Status::Parked).await;
    parent.cancel_parked("no use").await.unwrap();
    assert_eq!(parent.status().await.unwrap().status, Status::Cancelled);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(engine.run("kid").await.unwrap().status().await.unwrap().status, Status::Cancelled);
}

// ---- on_cancel

#[step]
async fn clumsy(scope: &StepScope, reason: String) -> Result<()> {
    deed(&scope.run.id, &format!("{reason} {}", scope.attempt));
    panic!("attempt {}", scope.attempt);
}

#[workflow(on_cancel = clumsy)]
async fn ends_clumsily(flow: &mut Flow) -> Result<u32> {
    Ok(flow.receive::<Go>().await?.0)
}

#[tokio::test]
async fn holds_a_run_whose_on_cancel_panics_ends_cancelled() {
    let engine = Engine::builder().in_memory().workflow(ends_clumsily).start().await.unwrap();
    let run = engine.start(ends_clumsily, ()).id("clumsy").await.unwrap();
    run.pause(Pause::Drain).await.unwrap();
    wait_for(&run, Status::Paused).await;
    run.cancel("one").await.unwrap();
    run.cancel("two").await.unwrap();
    run.pause(Pause::Drain).await.unwrap();
    let result = timeout(Duration::from_secs(15), run.result()).await;
    assert!(matches!(&result, Ok(Err(RunError::Cancelled { reason })) if reason == "one"), "{result:?}");
}

#[workflow(context = Big, on_cancel = gives_back)]
async fn never_begins(start: Start<Big>) -> Result<u32> {
    let n = first(&start).await?;
    let _flow = start.with(Big::builder().tally("never".to_owned()).build()).await?;
    Ok(n)
}

#[step]
async fn first(scope: &StepScope) -> Result<u32> {
    scope.cancellation.cancelled().await;
    Ok(1)
}

#[tokio::test]
async fn a_run_that_is_cancelled_before_it_has_a_context_ends_cancelled() {
    let engine = Engine::builder()
        .in_memory()
        .field_store("rig", Rig::default())
        .workflow(never_begins)
        .start()
        .await
        .unwrap();
    let run = engine.start(never_begins, ()).id("nb").await.unwrap();
    wait_for(&run, Status::Running).await;
    run.cancel("one").await.unwrap();
    let result = timeout(Duration::from_secs(15), run.result()).await;
    assert!(matches!(&result, Ok(Err(RunError::Cancelled { .. }))), "{result:?}");
}

// ---- taken elsewhere

fn file(name: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("review-a-{name}-{}", std::process::id()))
}

#[tokio::test]
async fn a_paused_run_that_was_imported_can_be_resumed() {
    let path = file("paused");
    let start = || Engine::builder().in_memory().workflow(naps).start();
    let (here, there) = (start().await.unwrap(), start().await.unwrap());
    let run = here.start(naps, ()).id("p").await.unwrap();
    run.pause(Pause::Drain).await.unwrap();
    wait_for(&run, Status::Paused).await;
    run.export(&path).await.unwrap();
    there.import(&path).await.unwrap();
    let run = there.handle(naps, "p").await.unwrap();
    run.resume().await.unwrap();
    run.send(Go(3)).await.unwrap();
    let result = timeout(LONG, run.result()).await;
    assert!(result.is_ok(), "{:?}", run.status().await.unwrap());
}

#[workflow]
async fn asks_once(flow: &mut Flow) -> Result<u32> {
    flow.publish("state", &"asked".to_owned());
    flow.stream("log").write(&1_u32);
    Ok(flow.request::<Ask, Go>(Ask).await?.0)
}

#[tokio::test]
async fn a_question_of_a_moved_run_is_asked_where_it_goes_on() {
    let path = file("asked");
    let start = || Engine::builder().in_memory().evict_after(Duration::ZERO).workflow(asks_once).start();
    let (here, there) = (start().await.unwrap(), start().await.unwrap());
    let run = here.start(asks_once, ()).id("q").await.unwrap();
    until_asked(async || !here.requests().await.unwrap().is_empty()).await;
    tokio::time::sleep(tick()).await;
    run.export_and_end(&path).await.unwrap();
    assert!(here.requests().await.unwrap().is_empty(), "nobody waits for it here any longer");
    there.import(&path).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let asked = there.requests().await.unwrap();
    assert_eq!(asked.len(), 1, "nobody can answer it: {:?}", there.run("q").await.unwrap().status().await.unwrap());
}

// ---- ids and what they stand for

#[tokio::test]
async fn a_start_that_is_repeated_after_a_fresh_journal_finds_its_run() {
    let engine = Engine::builder().in_memory().workflow(countdown).start().await.unwrap();
    let run = engine.start(countdown, 2).id("c").await.unwrap();
    assert_eq!(run.result().await.unwrap(), 0);
    let again = engine.start(countdown, 2).id("c").await;
    assert!(again.is_ok(), "{}", again.unwrap_err());
}

#[workflow]
async fn echo(_flow: &mut Flow, n: u32) -> Result<u32> {
    Ok(n)
}

#[workflow]
async fn calls_echo(flow: &mut Flow) -> Result<String> {
    Ok(match flow.start(echo, 9).with(steadfast::Scope::new().id("kid")).await.await {
        Ok(n) => format!("echo of 9 is {n}"),
        Err(error) => error.to_string(),
    })
}

/// A store that takes nothing more after the commit of an entry of this kind.
fn dies_after(inner: &MemoryStore, kind: &'static str) -> (crate::faulty::Hooked, std::sync::Arc<std::sync::atomic::AtomicBool>) {
    use steadfast::store::{Store, Write};
    let dead = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let switch = dead.clone();
    let store = crate::faulty::Hooked::new(inner.clone(), move |store, writes| {
        if switch.load(Ordering::SeqCst) {
            return Err(crate::faulty::failure());
        }
        let answers = store.commit(writes)?;
        let now = writes.iter().any(|write| matches!(write, Write::Append(_)) && format!("{write:?}").contains(kind));
        switch.fetch_or(now, Ordering::SeqCst);
        Ok(answers)
    });
    (store, dead)
}

fn small() -> EngineBuilder {
    Engine::builder()
        .lease_term(Duration::from_millis(300))
        .workflow(echo)
        .workflow(calls_echo)
        .workflow(naps)
        .workflow(tells)
        .workflow(steps_once)
}

#[workflow]
async fn tells(flow: &mut Flow) -> Result<u32> {
    flow.send("n", Go(5)).await?;
    Ok(1)
}

#[step]
async fn one_step() -> Result<u32> {
    Ok(1)
}

#[workflow]
async fn steps_once(flow: &mut Flow) -> Result<u32> {
    Ok(one_step(&*flow).await?)
}

/// Control: a run that was in the middle of a step is taken over and ends.
#[tokio::test(flavor = "multi_thread")]
async fn holds_a_run_that_was_in_a_step_ends_after_a_crash() {
    let inner = MemoryStore::new();
    let (store, dead) = dies_after(&inner, "StepStarted");
    let engine = small().store(store).start().await.unwrap();
    engine.start(steps_once, ()).id("t").await.unwrap();
    until(|| dead.load(Ordering::SeqCst)).await;
    drop(engine);
    let engine = small().store(inner).start().await.unwrap();
    let run = engine.handle(steps_once, "t").await.unwrap();
    let result = timeout(Duration::from_secs(10), run.result()).await;
    assert!(matches!(result, Ok(Ok(1))), "{result:?} {:?}", run.status().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_has_sent_a_message_ends_after_a_crash() {
    let inner = MemoryStore::new();
    let (store, dead) = dies_after(&inner, "MessageSent");
    let engine = small().store(store).start().await.unwrap();
    engine.start(naps, ()).id("n").await.unwrap();
    engine.start(tells, ()).id("t").await.unwrap();
    until(|| dead.load(Ordering::SeqCst)).await;
    drop(engine);
    let engine = small().store(inner).start().await.unwrap();
    let run = engine.handle(tells, "t").await.unwrap();
    let result = timeout(Duration::from_secs(10), run.result()).await;
    assert!(matches!(result, Ok(Ok(1))), "{result:?} {:?}", run.status().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_with_other_input_is_not_taken_for_a_child_after_a_crash() {
    let inner = MemoryStore::new();
    let (store, dead) = dies_after(&inner, "ChildStarted");
    let engine = small().store(store).start().await.unwrap();
    assert_eq!(engine.start(echo, 5).id("kid").await.unwrap().result().await.unwrap(), 5);
    engine.start(calls_echo, ()).id("parent").await.unwrap();
    until(|| dead.load(Ordering::SeqCst)).await;
    drop(engine);
    let engine = small().store(inner).start().await.unwrap();
    let run = engine.handle(calls_echo, "parent").await.unwrap();
    // It is not looked at by itself: something has to be said to it.
    let by_itself = timeout(Duration::from_secs(5), run.result()).await;
    let _ = run.send(Wake).await;
    let result = timeout(Duration::from_secs(5), run.result()).await;
    let result = result.unwrap().unwrap();
    assert!(by_itself.is_ok() && result.contains("not with 9"), "{by_itself:?}, then {result}");
}

// ---- requests

#[workflow]
async fn asks_for_a_moment(flow: &mut Flow, round: u32) -> Result<u32> {
    if round == 0 {
        let mut request = Box::pin(flow.request::<Ask, Go>(Ask).within(Duration::from_millis(50)));
        let _ = futures_util::poll!(&mut request);
        flow.continue_as_new(asks_for_a_moment, 1).await
    } else {
        flow.sleep(Duration::from_millis(200)).await?;
        flow.receive::<Wake>().await?;
        Ok(0)
    }
}

#[tokio::test]
async fn a_pause_that_abandons_after_one_that_drains_tells_the_step() {
    let engine = Engine::builder().in_memory().workflow(never_begins).field_store("rig", Rig::default()).start();
    let engine = engine.await.unwrap();
    let run = engine.start(never_begins, ()).await.unwrap();
    wait_for(&run, Status::Running).await;
    run.pause(Pause::Drain).await.unwrap();
    wait_for(&run, Status::Paused).await;
    run.pause(Pause::Abandon).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    run.resume().await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let status = run.status().await.unwrap().status;
    assert_ne!(status, Status::Paused, "it was resumed");
}
