//! Ends of long-lived runs: with their children, moved, without code, and after crashes.

use super::*;
use limits::Soon as _;

#[workflow]
async fn panics(flow: &mut Flow) -> Result<u32> {
    flow.sleep(Duration::ZERO).await?;
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
    kid.cancel("no use").await.unwrap().force().await.unwrap();
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
    parent.cancel("no use").await.unwrap().force().await.unwrap();
    assert_eq!(parent.status().await.unwrap().status, Status::Cancelled);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(engine.run("kid").await.unwrap().status().await.unwrap().status, Status::Cancelled);
}

// ---- on_cancel

#[step]
async fn clumsy(scope: &StepScope, reason: String) -> Result<()> {
    deed(scope.run_id(), &format!("{reason} {}", scope.attempt));
    // A message that arrives now reaches a run that is ending.
    tokio::time::sleep(Duration::from_millis(200)).await;
    panic!("attempt {}", scope.attempt);
}

#[workflow(on_cancel = clumsy)]
async fn ends_clumsily(flow: &mut Flow) -> Result<u32> {
    Ok(flow.receive::<Go>().await?.0)
}

#[tokio::test]
async fn a_run_whose_on_cancel_panics_ends_cancelled() {
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
    let engine =
        Engine::builder().in_memory().field_store("rig", Rig::default()).workflow(never_begins).start().await.unwrap();
    let run = engine.start(never_begins, ()).id("nb").await.unwrap();
    wait_for(&run, Status::Running).await;
    run.cancel("one").await.unwrap();
    let result = timeout(Duration::from_secs(15), run.result()).await;
    assert!(matches!(&result, Ok(Err(RunError::Cancelled { .. }))), "{result:?}");
}

// ---- import

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
    run.export_and_end(&path).soon().await.unwrap();
    assert!(here.requests().await.unwrap().is_empty(), "nobody waits for it here any longer");
    there.import(&path).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let asked = there.requests().await.unwrap();
    assert_eq!(asked.len(), 1, "nobody can answer it: {:?}", there.run("q").await.unwrap().status().await.unwrap());
}

// ---- ids

#[tokio::test]
async fn a_start_that_is_repeated_after_a_fresh_journal_finds_its_run() {
    let engine = Engine::builder().in_memory().workflow(countdown).start().await.unwrap();
    let run = engine.start(countdown, 2).id("c").await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 0);
    let again = engine.start(countdown, 2).id("c").await;
    assert!(again.is_ok(), "{}", again.unwrap_err());
}

#[workflow]
async fn echo(flow: &mut Flow, n: u32) -> Result<u32> {
    flow.sleep(Duration::ZERO).await?;
    Ok(n)
}

#[workflow]
async fn calls_echo(flow: &mut Flow) -> Result<String> {
    Ok(match flow.start(echo, 9).with(steadfast::Scope::new().id("kid")).await.await {
        Ok(n) => format!("echo of 9 is {n}"),
        Err(error) => error.to_string(),
    })
}

/// Returns a store that fails every commit after that of an entry of this kind, and the switch that it sets.
fn dies_after(
    inner: &MemoryStore,
    kind: &'static str,
) -> (crate::faulty::Hooked, std::sync::Arc<std::sync::atomic::AtomicBool>) {
    use steadfast::store::Store;
    use steadfast::store::backend::Write;
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

/// Tests, as a control, that a run which was in the middle of a step is claimed and ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_in_a_step_ends_after_a_crash() {
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
    assert_eq!(engine.start(echo, 5).id("kid").await.unwrap().result().soon().await.unwrap(), 5);
    engine.start(calls_echo, ()).id("parent").await.unwrap();
    until(|| dead.load(Ordering::SeqCst)).await;
    drop(engine);
    let engine = small().store(inner).start().await.unwrap();
    let run = engine.handle(calls_echo, "parent").await.unwrap();
    // The run must resume by itself. The message is a fallback, so that a failure shows its result.
    let by_itself = timeout(Duration::from_secs(5), run.result()).await;
    let _ = run.send(Wake).await;
    let result = timeout(Duration::from_secs(5), run.result()).await;
    let result = result.unwrap().unwrap();
    assert!(by_itself.is_ok() && result.contains("not with 9"), "{by_itself:?}, then {result}");
}

// ---- requests

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
