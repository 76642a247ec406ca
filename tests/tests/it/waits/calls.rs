//! The calls that a run still waits for, and those that it no longer does.

use super::{Note, hangs, status, words};
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use steadfast::prelude::*;
use steadfast::store::MemoryStore;
use steadfast::{Run, WaitsFor};

#[derive(Message, Serialize, Deserialize)]
struct Go;

/// Receives one of two messages, and drops the call for the other.
#[workflow]
async fn drops_a_call(flow: &mut Flow) -> Result<u64> {
    futures_util::select_biased! {
        note = flow.receive::<Note>() => note.map(drop)?,
        go = flow.receive::<Go>() => go.map(drop)?,
    }
    flow.receive::<Go>().await?;
    let kept = flow.receive::<Note>().await?.0;
    Ok(kept + flow.receive::<Note>().await?.0)
}

/// Takes a buffered message, and waits for another.
#[workflow]
async fn tries(flow: &mut Flow) -> Result<u64> {
    flow.receive::<Go>().await?;
    let kept = flow.try_receive::<Note>().map_or(0, |note| note.0);
    Ok(kept + flow.receive::<Note>().await?.0)
}

/// Continues as new. The successor begins with the buffered message.
#[workflow]
async fn goes_on(flow: &mut Flow, afresh: bool) -> Result<u64> {
    if afresh {
        flow.receive::<Go>().await?;
        return flow.continue_as_new(goes_on, false).await;
    }
    let kept = flow.receive::<Note>().await?.0;
    Ok(kept + flow.receive::<Note>().await?.0)
}

/// Waits for two messages on one channel, the later call first.
#[workflow]
async fn later_call_first(flow: &mut Flow) -> Result<u64> {
    let first = flow.receive::<Note>().within(Duration::from_hours(1));
    let second = flow.receive::<Note>();
    let (second, first) = join!(second, first);
    Ok(10 * first?.map_or(0, |note| note.0) + second?.0)
}

async fn engine() -> Engine {
    let builder = Engine::builder().in_memory().workflow(drops_a_call).workflow(tries).workflow(goes_on);
    let builder = builder.workflow(later_call_first);
    builder.start().await.unwrap()
}

/// Waits until the history has that many entries of a kind.
async fn has(run: &Run, kind: steadfast::history::Kind, count: usize) {
    let found = async || run.history().await.unwrap().iter().filter(|entry| entry.kind == kind).count();
    limits::until(async || found().await >= count).await;
}

#[tokio::test]
async fn a_call_that_was_dropped_is_waited_for_no_longer_and_takes_no_message() {
    use steadfast::history::Kind;
    let engine = engine().await;
    let run = engine.start(drops_a_call, ()).await.unwrap();
    run.send(Go).await.unwrap();
    has(&run, Kind::ReceiveStarted, 3).await;
    let waits = words(&run.status().await.unwrap());
    assert!(matches!(&waits[..], [one] if one.contains("Go")), "{waits:?}");
    run.send(Note(1)).await.unwrap();
    run.send(Go).await.unwrap();
    has(&run, Kind::ReceiveStarted, 5).await;
    let waits = words(&run.status().await.unwrap());
    assert!(matches!(&waits[..], [one] if one.contains("Note")), "{waits:?}");
    run.send(Note(2)).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 3);
}

#[tokio::test]
async fn a_message_that_was_taken_without_waiting_serves_no_later_call() {
    use steadfast::history::Kind;
    let engine = engine().await;
    let run = engine.start(tries, ()).await.unwrap();
    run.send(Note(1)).await.unwrap();
    run.send(Go).await.unwrap();
    has(&run, Kind::ReceiveStarted, 2).await;
    let waits = words(&run.status().await.unwrap());
    assert!(matches!(&waits[..], [one] if one.contains("Note")), "{waits:?}");
    run.send(Note(2)).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 3);
}

#[tokio::test]
async fn a_message_that_a_fresh_journal_begins_with_is_not_waited_for() {
    use steadfast::history::Kind;
    let engine = engine().await;
    let run = engine.start(goes_on, true).id("r").await.unwrap();
    run.send(Note(1)).await.unwrap();
    run.send(Go).await.unwrap();
    limits::until(async || engine.run("r").await.unwrap().number() != run.number()).await;
    let now = engine.run("r").await.unwrap();
    has(&now, Kind::ReceiveStarted, 2).await;
    let waits = words(&now.status().await.unwrap());
    assert!(matches!(&waits[..], [one] if one.contains("Note")), "{waits:?}");
    now.send(Note(2)).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 3);
}

#[tokio::test]
async fn a_message_is_for_the_call_that_was_made_first() {
    use steadfast::history::Kind;
    let engine = engine().await;
    let run = engine.start(later_call_first, ()).await.unwrap();
    has(&run, Kind::ReceiveStarted, 2).await;
    run.send(Note(1)).await.unwrap();
    has(&run, Kind::MessageReceived, 1).await;
    let info = run.status().await.unwrap();
    assert!(matches!(&info.waits_for[..], [one] if one.until.is_none()), "{info:?}");
    run.send(Note(2)).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 12);
}

#[derive(Event)]
struct Piece(u32);

struct Graph;

/// A graph whose loop waits for events that steps send by hand, and so for no help from outside.
#[workflow]
impl Graph {
    #[step(sends(Piece))]
    async fn begin(_: Begin<()>) -> Result<Option<Stop>> {
        std::future::pending().await
    }

    #[step]
    async fn see(_: Piece) -> Result<Stop> {
        Ok(Stop(()))
    }
}

#[tokio::test]
async fn a_graph_waits_for_its_steps_alone() {
    let engine = Engine::builder().in_memory().workflow(Graph).start().await.unwrap();
    let run = engine.start(Graph, ()).await.unwrap();
    let info = status(&run, |info| !info.waits_for.is_empty()).await;
    assert!(matches!(&info.waits_for[..], [one] if matches!(one.for_what, WaitsFor::Step { .. })), "{info:?}");
}

#[workflow]
async fn sleeps(flow: &mut Flow) -> Result<()> {
    flow.sleep(Duration::from_hours(5)).await?;
    hangs(&*flow).await?;
    Ok(())
}

#[tokio::test]
async fn a_run_whose_engine_has_stopped_waits_for_another() {
    let store = MemoryStore::new();
    // The term is an hour, so that no engine checks the leases of others during the test.
    let open = async || {
        let builder = Engine::builder().store(store.clone()).lease_term(Duration::from_hours(1));
        builder.workflow(sleeps).start().await.unwrap()
    };
    let (driving, looking) = (open().await, open().await);
    driving.start(sleeps, ()).id("r").await.unwrap();
    let run = looking.run("r").await.unwrap();
    let info = status(&run, |info| info.status == steadfast::Status::Sleeping).await;
    assert_eq!(words(&info), ["a timer"]);
    driving.shutdown(Duration::from_secs(5)).soon().await.unwrap();
    let info = run.status().await.unwrap();
    assert_eq!(words(&info), ["an engine that drives it", "a timer"]);
}

/// A dependency of the hook that fails until it is fixed.
struct Unready(std::sync::atomic::AtomicBool);

static STORE: Unready = Unready(std::sync::atomic::AtomicBool::new(false));

#[derive(StepContext, Clone, Debug)]
struct Live {
    #[context(transient, restore = open)]
    live: std::sync::Arc<u64>,
}

#[expect(clippy::unused_async, reason = "a hook is async")]
async fn open(_: &LiveStored, _: &Resources) -> Result<std::sync::Arc<u64>> {
    if STORE.0.load(std::sync::atomic::Ordering::SeqCst) {
        Ok(std::sync::Arc::new(7))
    } else {
        Err(Error::msg("the shelf is locked"))
    }
}

#[step]
async fn reads(ctx: &Live) -> Result<u64> {
    Ok(*ctx.live)
}

#[workflow(context = Live)]
async fn needs_a_hook(flow: &mut Flow<Live>) -> Result<u64> {
    Ok(reads(flow).await?)
}

#[tokio::test]
async fn a_run_whose_hook_fails_says_so_among_what_it_waits_for() {
    let builder = Engine::builder().in_memory().workflow(needs_a_hook);
    let engine = builder.restore_retry(1_000_000, Duration::from_millis(5)).start().await.unwrap();
    let run = engine.start(needs_a_hook, ()).await.unwrap();
    let blocked = |wait: &steadfast::Wait| match &wait.for_what {
        WaitsFor::Blocked(why) => why.contains("the shelf is locked") && wait.help().contains("fix what fails"),
        _ => false,
    };
    status(&run, |info| info.waits_for.iter().any(blocked)).await;
    STORE.0.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(run.result().soon().await.unwrap(), 7);
}
