//! Faults after which no run may be left without an engine: failures of the store at awkward moments, callers that go
//! away, leases that are lost, bodies that panic in `Drop`.

use crate::faulty::{Hooked, Switches, failure};
use crate::flows::{Tally, deed};
use crate::runs::wait_for;
use crate::steps::until;
use limits::Soon as _;
use std::future::IntoFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::store::backend::{Lease, Rejected, Write};
use steadfast::store::{MemoryStore, Store};
use steadfast::{RunError, Status};
use tokio::time::timeout;

/// A limit that is long for everything expected, and short for a test that hangs.
const LONG: Duration = Duration::from_secs(20);

#[step]
async fn note(tally: String, what: String) -> Result<()> {
    deed(&tally, &what);
    Ok(())
}

/// Waits until a test opens it.
#[step]
async fn gate(tally: String, name: String) -> Result<u32> {
    deed(&tally, &format!("at {name}"));
    let tally = Tally::named(&tally);
    until(|| tally.count(&format!("open {name}")) > 0).await;
    Ok(1)
}

#[workflow]
async fn simple(flow: &mut Flow, tally: String) -> Result<u32> {
    note(flow, tally, "body".into()).await?;
    Ok(1)
}

#[workflow]
async fn sleeper(flow: &mut Flow, seconds: u64) -> Result<u64> {
    flow.sleep(Duration::from_secs(seconds)).await?;
    Ok(seconds)
}

#[tokio::test]
async fn a_start_whose_caller_went_away_is_driven_all_the_same() {
    let slow = Hooked::new(MemoryStore::new(), |store, writes| {
        if writes.iter().any(|write| matches!(write, Write::Start(_))) {
            std::thread::sleep(Duration::from_millis(100));
        }
        store.commit(writes)
    });
    let engine = Engine::builder().store(slow).workflow(simple).start().await.unwrap();
    let tally = Tally::new("gone");
    let start = engine.start(simple, tally.name().to_owned()).id("x").into_future();
    assert!(timeout(Duration::from_millis(20), start).await.is_err(), "the caller goes away");
    until(|| tally.count("body") == 1).await;
    let again = engine.start(simple, tally.name().to_owned()).id("x").await.unwrap();
    assert!(!again.is_new());
    assert_eq!(timeout(LONG, again.result()).await.unwrap().unwrap(), 1);
}

#[workflow]
async fn two_gates(flow: &mut Flow, tally: String) -> Result<u32> {
    let flow = &*flow;
    let (a, b) = try_join!(gate(flow, tally.clone(), "a".into()), gate(flow, tally.clone(), "b".into()))?;
    Ok(a + b)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_fails_while_another_of_the_same_run_is_under_way() {
    let (armed, reached) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (fail, failing) = (armed.clone(), reached.clone());
    let tally = Tally::new("two appends");
    let name = tally.name().to_owned();
    let store = Hooked::new(MemoryStore::new(), move |store, writes| {
        let append = writes.iter().any(|write| matches!(write, Write::Append(_)));
        if append && fail.swap(false, Ordering::SeqCst) {
            failing.store(true, Ordering::SeqCst);
            // The second result arrives while the first cannot be written.
            let tally = Tally::named(&name);
            deed(&name, "open b");
            while tally.count("at b") == 0 {
                std::thread::yield_now();
            }
            std::thread::sleep(Duration::from_millis(100));
            return Err(failure());
        }
        store.commit(writes)
    });
    let engine = Engine::builder().store(store).workflow(two_gates).start().await.unwrap();
    let run = engine.start(two_gates, tally.name().to_owned()).await.unwrap();
    until(|| tally.count("at a") == 1 && tally.count("at b") == 1).await;
    armed.store(true, Ordering::SeqCst);
    deed(tally.name(), "open a");
    assert_eq!(timeout(LONG, run.result()).await.expect("an engine drives the run").unwrap(), 2);
    assert!(reached.load(Ordering::SeqCst));
}

#[workflow]
async fn talking(flow: &mut Flow, tally: String) -> Result<u32> {
    let flow = &*flow;
    let (tell, told) = tokio::sync::oneshot::channel::<u32>();
    let first = async {
        let n = gate(flow, tally.clone(), "a".into()).await?;
        gate(flow, tally.clone(), "b".into()).await?;
        let _ = tell.send(n);
        Ok::<_, steadfast::Error>(())
    };
    let second = async { Ok::<_, steadfast::Error>(told.await?) };
    let (n, ()) = try_join!(second, first)?;
    Ok(n)
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_a_body_whose_branches_wake_each_other_is_no_foreign_wake() {
    let switches = Switches::default();
    let engine = Engine::builder().store(switches.store()).workflow(talking).start().await.unwrap();
    let tally = Tally::new("talking");
    let run = engine.start(talking, tally.name().to_owned()).await.unwrap();
    until(|| tally.count("at a") == 1).await;
    switches.fail(true);
    deed(tally.name(), "open a");
    tokio::time::sleep(Duration::from_millis(100)).await;
    switches.fail(false);
    deed(tally.name(), "open b");
    assert_eq!(timeout(LONG, run.result()).await.unwrap().unwrap(), 1);
}

#[workflow]
async fn nap_after(flow: &mut Flow, tally: String) -> Result<u32> {
    gate(flow, tally.clone(), "a".into()).await?;
    flow.sleep(Duration::from_secs(100_000)).await?;
    Ok(1)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_not_evicted_before_its_sleep_is_durable() {
    let switches = Switches::default();
    let slow = switches.store();
    let engine = Engine::builder().store(slow).workflow(nap_after).start().await.unwrap();
    let tally = Tally::new("nap");
    let run = engine.start(nap_after, tally.name().to_owned()).await.unwrap();
    until(|| tally.count("at a") == 1).await;
    switches.fail(true);
    deed(tally.name(), "open a");
    tokio::time::sleep(Duration::from_millis(150)).await;
    switches.fail(false);
    // The result was not written, so the step runs again at once, and not after the sleep.
    until(|| tally.count("at a") == 2).await;
    wait_for(&run, Status::Sleeping).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_of_the_store_are_no_loads_that_the_run_is_to_blame_for() {
    let failing = Arc::new(AtomicUsize::new(8));
    let fail = failing.clone();
    // Small entries are written, a result is not, as on a disk that is nearly full.
    let store = Hooked::new(MemoryStore::new(), move |store, writes| {
        let is_result = |write: &Write| matches!(write, Write::Append(append) if append.entries.iter().any(|entry| entry.kind == Kind::StepCompleted));
        let less_one = |left: usize| left.checked_sub(1);
        let result = writes.iter().any(is_result);
        if result && fail.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less_one).is_ok() {
            return Err(failure());
        }
        store.commit(writes)
    });
    let engine = Engine::builder().store(store).max_loads(2).workflow(simple).start().await.unwrap();
    let run = engine.start(simple, Tally::new("full").name().to_owned()).await.unwrap();
    assert_eq!(timeout(LONG * 2, run.result()).await.unwrap().unwrap(), 1);
    assert_eq!(failing.load(Ordering::SeqCst), 0);
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "boom");
    }
}

#[workflow]
async fn bombed(flow: &mut Flow) -> Result<()> {
    let bomb = Bomb;
    flow.sleep(Duration::from_secs(100_000)).await?;
    std::mem::forget(bomb);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_panics_when_it_is_dropped_is_cancelled_all_the_same() {
    let stay = Duration::from_secs(1_000_000);
    let engine = Engine::builder().in_memory().evict_after(stay).workflow(bombed).start().await.unwrap();
    let run = engine.start(bombed, ()).await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    run.cancel("x").await.unwrap();
    assert!(matches!(timeout(LONG, run.result()).await.unwrap(), Err(RunError::Cancelled { .. })));
}

#[step(blocking)]
fn blocks(tally: String) -> Result<()> {
    deed(&tally, "blocking body");
    Ok(())
}

#[workflow]
async fn blocked(flow: &mut Flow, tally: String) -> Result<()> {
    blocks(flow, tally).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_body_begins_for_a_run_that_has_ended_while_it_waited_to_begin() {
    let failing = Arc::new(AtomicBool::new(true));
    let fail = failing.clone();
    let store = Hooked::new(MemoryStore::new(), move |store, writes| {
        if !fail.load(Ordering::SeqCst) {
            return store.commit(writes);
        }
        // Only heartbeats are refused; the other writes of the same commit work.
        let is_beat = |write: &Write| matches!(write, Write::Heartbeat(_));
        let others: Vec<Write> = writes.iter().filter(|write| !is_beat(write)).cloned().collect();
        let mut answers = store.commit(&others)?.into_iter();
        let refused = || Err(Rejected::Refused("the disk is on fire".into()));
        Ok(writes.iter().map(|write| if is_beat(write) { refused() } else { answers.next().unwrap() }).collect())
    });
    let builder = Engine::builder().store(store).lease_term(Duration::from_millis(200));
    let engine = builder.workflow(blocked).workflow(simple).start().await.unwrap();
    // After that long without a heartbeat, no body may begin.
    tokio::time::sleep(Duration::from_millis(400)).await;
    let tally = Tally::new("margin");
    let runs = [
        engine.start(blocked, tally.name().to_owned()).await.unwrap().id().to_owned(),
        engine.start(simple, tally.name().to_owned()).await.unwrap().id().to_owned(),
    ];
    for id in &runs {
        let run = engine.run(id).await.unwrap();
        run.cancel("x").await.unwrap();
        wait_for(&run, Status::Cancelled).await;
    }
    failing.store(false, Ordering::SeqCst);
    let after = engine.start(simple, Tally::new("after").name().to_owned()).await.unwrap();
    assert_eq!(timeout(LONG, after.result()).await.unwrap().unwrap(), 1);
    assert_eq!(tally.all(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_lost_its_lease_gets_another_although_the_store_failed_once() {
    let opened = AtomicUsize::new(0);
    let store = Hooked::new(MemoryStore::new(), move |store, writes| {
        let open = writes.iter().any(|write| matches!(write, Write::OpenLease { .. }));
        if open && opened.fetch_add(1, Ordering::SeqCst) == 1 { Err(failure()) } else { store.commit(writes) }
    });
    let builder = Engine::builder().store(store.clone()).lease_term(Duration::from_millis(200));
    let engine = builder.workflow(simple).start().await.unwrap();
    limits::until(async || {
        let row = store.leases().unwrap().remove(0);
        let seen = Lease { number: row.number, epoch: row.epoch };
        let take = Write::TakeLease { seen, heartbeat: row.heartbeat, owner: "thief".into() };
        store.inner.commit(&[take]).unwrap()[0].is_ok()
    })
    .await;
    let tally = Tally::new("zombie");
    let started = async {
        loop {
            match engine.start(simple, tally.name().to_owned()).id("z").await {
                Ok(run) => return run,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    };
    let run = timeout(LONG, started).await.expect("the engine has a lease again");
    assert_eq!(timeout(LONG, run.result()).await.unwrap().unwrap(), 1);
}

#[workflow]
async fn foreign(flow: &mut Flow) -> Result<()> {
    std::future::pending::<()>().await;
    flow.sleep(Duration::ZERO).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn ending_a_parked_run_can_be_repeated_when_the_store_failed() {
    let armed = Arc::new(AtomicBool::new(false));
    let fail = armed.clone();
    let store = Hooked::new(MemoryStore::new(), move |store, writes| {
        let ends = |write: &Write| matches!(write, Write::Append(append) if append.entries.iter().any(|entry| entry.kind == Kind::RunCancelled));
        let end = writes.iter().any(ends);
        if end && fail.swap(false, Ordering::SeqCst) { Err(failure()) } else { store.commit(writes) }
    });
    let engine = Engine::builder().store(store).workflow(foreign).start().await.unwrap();
    let run = engine.start(foreign, ()).await.unwrap();
    wait_for(&run, Status::Parked).await;
    armed.store(true, Ordering::SeqCst);
    // The engine has just started and may be trying the run at the same moment. Then the cancellation fails for another
    // reason.
    let ended = async {
        while match run.cancel("x").await {
            Ok(cancelling) => cancelling.force().await.is_err(),
            Err(_) => true,
        } {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(LONG, ended).await.expect("it can be repeated");
    assert!(!armed.load(Ordering::SeqCst), "the store has failed once");
    assert_eq!(run.status().await.unwrap().status, Status::Cancelled);
}

#[workflow]
async fn spinning(flow: &mut Flow) -> Result<()> {
    let done = AtomicBool::new(false);
    let sleeping = async {
        let slept = flow.sleep(Duration::from_millis(50)).await;
        done.store(true, Ordering::SeqCst);
        slept
    };
    let spinning = async {
        while !done.load(Ordering::SeqCst) {
            let mut first = true;
            std::future::poll_fn(|cx| {
                if std::mem::take(&mut first) {
                    cx.waker().wake_by_ref();
                    return std::task::Poll::Pending;
                }
                std::task::Poll::Ready(())
            })
            .await;
        }
    };
    join!(sleeping, spinning).0?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_wakes_itself_without_end_is_parked() {
    let engine = Engine::builder().in_memory().workflow(spinning).start().await.unwrap();
    let run = engine.start(spinning, ()).await.unwrap();
    let Err(RunError::Parked { reason }) = timeout(LONG, run.result()).await.unwrap() else {
        panic!("it should be parked")
    };
    assert!(reason.to_string().contains("`spinning`"), "{reason}");
}

#[tokio::test]
async fn a_shutdown_may_take_as_long_as_it_needs() {
    let engine = Engine::builder().in_memory().start().await.unwrap();
    assert!(engine.shutdown(Duration::MAX).await.unwrap().finished);
}

#[tokio::test]
async fn a_cancellation_of_a_parked_run_waits_until_it_is_no_longer_and_the_first_reason_counts() {
    let store = MemoryStore::new();
    let engine = Engine::builder().store(store.clone()).workflow(sleeper).start().await.unwrap();
    let run = engine.start(sleeper, 100_000).id("late").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    engine.shutdown(LONG).await.unwrap();
    drop((run, engine));
    // This engine lacks the workflow: a message parks the run.
    let engine = Engine::builder().store(store.clone()).workflow(simple).start().await.unwrap();
    let run = engine.run("late").await.unwrap();
    run.cancel("first").await.unwrap();
    wait_for(&run, Status::Parked).await;
    run.cancel("second").await.unwrap();
    assert_eq!(run.status().await.unwrap().status, Status::Parked);
    engine.shutdown(LONG).await.unwrap();
    drop((run, engine));
    let engine = Engine::builder().store(store).workflow(sleeper).start().await.unwrap();
    let run = engine.handle(sleeper, "late").await.unwrap();
    wait_for(&run, Status::Cancelled).await;
    assert!(matches!(run.result().soon().await, Err(RunError::Cancelled { reason }) if reason == "first"));
}
