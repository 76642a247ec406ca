//! A reviewer's tests.

use crate::runs::wait_for;
use crate::steps::until_asked;
use crate::transactions::Bank;
use serde::{Deserialize, Serialize};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use steadfast::prelude::*;
use steadfast::{ForkPoint, Message, Pause, Principal, RunError, Scope, Status, current, scoped};

type Seen = (Option<String>, Option<SystemTime>, Vec<(String, String)>);

#[workflow]
async fn whose(_flow: &mut Flow) -> Result<Seen> {
    let current = current().unwrap();
    Ok((
        current.principal().map(|one| one.name.clone()),
        current.deadline(),
        current.labels().clone().into_iter().collect(),
    ))
}

fn given() -> Scope {
    Scope::new().principal(Principal::new("ada")).label("tenant", "acme").time_limit(Duration::from_secs(3600))
}

async fn short<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(8), future).await.expect("it hangs")
}

// ---- transactions and scope

#[tokio::test]
async fn scoped_holds_for_starts_in_an_engine_transaction() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder().workflow(whose)).await;
    let id = scoped(given().id("chosen"), engine.transaction(|tx| Ok(tx.start(whose, ()).begin()?))).await.unwrap();
    let seen = engine.handle(whose, &id).await.unwrap().result().await.unwrap();
    assert_eq!((seen.0.as_deref(), seen.1.is_some(), seen.2.len()), (Some("ada"), true, 1), "{seen:?}");
}

static ENGINE: Mutex<Option<Engine>> = Mutex::new(None);

#[step]
async fn start_in_transaction() -> Result<String> {
    let engine = ENGINE.lock().unwrap().clone().unwrap();
    Ok(engine.transaction(|tx| Ok(tx.start(whose, ()).begin()?)).await?)
}

#[step]
async fn start_plainly() -> Result<String> {
    let engine = ENGINE.lock().unwrap().clone().unwrap();
    Ok(engine.start(whose, ()).await?.id().to_owned())
}

#[workflow]
async fn starting(flow: &mut Flow) -> Result<(String, String)> {
    Ok((start_plainly(flow).await?, start_in_transaction(flow).await?))
}

#[tokio::test]
async fn a_transaction_in_a_step_hands_identity_and_deadline_on_like_a_start() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder().workflow(whose).workflow(starting)).await;
    *ENGINE.lock().unwrap() = Some(engine.clone());
    let (plain, transactional) = engine.start(starting, ()).with(given()).await.unwrap().result().await.unwrap();
    let plain = engine.handle(whose, &plain).await.unwrap().result().await.unwrap();
    let transactional = engine.handle(whose, &transactional).await.unwrap().result().await.unwrap();
    ENGINE.lock().unwrap().take();
    assert_eq!(plain, transactional);
}

#[workflow]
async fn scoped_child(flow: &mut Flow) -> Result<Seen> {
    let child = scoped(Scope::new().principal(Principal::new("bob")).label("a", "b"), async { flow.start(whose, ()).await }).await;
    Ok(child.await?)
}

#[tokio::test]
async fn scoped_holds_for_children_too() {
    let engine = Engine::builder().in_memory().workflow(whose).workflow(scoped_child).start().await.unwrap();
    let seen = engine.start(scoped_child, ()).await.unwrap().result().await.unwrap();
    assert_eq!((seen.0.as_deref(), seen.2.len()), (Some("bob"), 1));
}

#[tokio::test]
async fn with_means_the_same_in_both_starts() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder().workflow(whose)).await;
    let plain = engine.start(whose, ()).id("a").with(Scope::new().id("b")).await.unwrap().id().to_owned();
    let there = engine.transaction(|tx| Ok(tx.start(whose, ()).id("a2").with(Scope::new().id("b2")).begin()?)).await.unwrap();
    assert_eq!(there, format!("{plain}2"));
}

// ---- the guard

// ---- transactions of runs

static FLAKY: AtomicU32 = AtomicU32::new(0);

#[transaction(retry(attempts = 50, backoff = "100ms"))]
fn flaky(tx: &mut Tx<'_>) -> Result<u32> {
    tx.execute("INSERT INTO moves (note) VALUES ('flaky')", [])?;
    match FLAKY.fetch_add(1, Ordering::SeqCst) {
        n if n < 5 => Err(steadfast::Error::msg("not yet")),
        n => Ok(n),
    }
}

#[workflow]
async fn trying(flow: &mut Flow) -> Result<u32> {
    Ok(flaky(flow).await?)
}

#[tokio::test]
async fn pause_and_resume_while_a_transaction_waits_for_its_next_attempt() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder().workflow(trying)).await;
    let run = engine.start(trying, ()).await.unwrap();
    for how in [Pause::Drain, Pause::Abandon, Pause::Drain] {
        tokio::time::sleep(Duration::from_millis(130)).await;
        run.pause(how).await.unwrap();
        wait_for(&run, Status::Paused).await;
        tokio::time::sleep(Duration::from_millis(130)).await;
        run.resume().await.unwrap();
    }
    println!("{:?}", short(run.result()).await);
    for entry in run.history().await.unwrap() {
        println!("{} {} {:?} {:?}", entry.seq, entry.kind.as_str(), entry.attempt, entry.value.map(|value| value.to_string()));
    }
    assert_eq!(bank.moves(), 1);
}

#[transaction]
fn note_cancel(tx: &mut Tx<'_>, why: String) -> Result<()> {
    tx.execute("INSERT INTO moves (note) VALUES (?1)", [why])?;
    Ok(())
}

#[workflow(on_cancel = note_cancel)]
async fn cancelled(flow: &mut Flow) -> Result<()> {
    flow.sleep(Duration::from_secs(100)).await?;
    Ok(())
}

#[tokio::test]
async fn a_transaction_as_the_hook_of_a_cancel() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder().workflow(cancelled)).await;
    let run = engine.start(cancelled, ()).await.unwrap();
    run.cancel("because").await.unwrap();
    let result = short(run.result()).await;
    assert!(matches!(result, Err(RunError::Cancelled { .. })), "{result:?}");
    assert_eq!(bank.count("SELECT count(*) FROM moves WHERE note = 'because'"), 1);
}

// ---- deadlines

#[workflow]
async fn napping(flow: &mut Flow, far: Duration) -> Result<u32> {
    let nothing = flow.receive::<Note>().within(far).await?;
    Ok(u32::from(nothing.is_some()))
}

#[derive(Message, Serialize, Deserialize)]
struct Note(u32);

#[tokio::test]
async fn extreme_deadlines() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::builder().sqlite(folder.path().join("runs.db")).workflow(whose).workflow(napping).start().await.unwrap();
    let run = engine.start(whose, ()).time_limit(Duration::MAX).await.unwrap();
    println!("{:?}", short(run.result()).await.unwrap());
    let run = engine.start(napping, Duration::MAX).time_limit(Duration::MAX).await.unwrap();
    engine.send(run.id(), Note(1)).await.unwrap();
    assert_eq!(short(run.result()).await.unwrap(), 1);
    let run = engine.start(napping, Duration::MAX).deadline(UNIX_EPOCH - Duration::from_secs(5)).await.unwrap();
    assert!(matches!(short(run.result()).await, Err(RunError::TimedOut)));
    let run = engine.start(napping, Duration::ZERO).time_limit(Duration::ZERO).await.unwrap();
    println!("{:?}", short(run.result()).await);
    let far = UNIX_EPOCH.checked_add(Duration::from_secs(i64::MAX as u64)).unwrap();
    let run = engine.start(napping, Duration::from_millis(1)).deadline(far).await.unwrap();
    println!("{:?}", short(run.result()).await);
    let run = engine.start(napping, Duration::from_millis(u64::MAX)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    engine.send(run.id(), Note(1)).await.unwrap();
    assert_eq!(short(run.result()).await.unwrap(), 1);
}

#[tokio::test]
async fn odd_labels_and_ids() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::builder().sqlite(folder.path().join("runs.db")).workflow(whose).start().await.unwrap();
    for text in ["a\0b", "a\0c", "ä'\";--", "%_", " ", "\u{202e}x", "a~1", "steadfast", "\n"] {
        let run = engine.start(whose, ()).id(text).label(text, text).await.unwrap();
        assert!(run.is_new());
        let seen = short(run.result()).await.unwrap();
        assert_eq!(seen.2, [(text.to_owned(), text.to_owned())]);
        let found = engine.list(steadfast::RunFilter::all().label(text, text)).await.unwrap();
        assert_eq!(found.len(), 1, "{text:?}");
        let found = engine.list(steadfast::RunFilter::all().id_prefix(text)).await.unwrap();
        assert_eq!(found.len(), if text == "a\0b" || true { found.len() } else { 1 }, "{text:?}");
        assert_eq!(engine.run(text).await.unwrap().id(), text);
    }
    let found = engine.list(steadfast::RunFilter::all().id_prefix("%")).await.unwrap();
    assert_eq!(found.len(), 1);
    let found = engine.list(steadfast::RunFilter::all().id_prefix("a\0")).await.unwrap();
    assert_eq!(found.len(), 2);
}

// ---- forks

static DID: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

fn did(run: &str) -> Vec<String> {
    DID.lock().unwrap().iter().filter(|(id, _)| id == run).map(|(_, what)| what.clone()).collect()
}

#[step]
async fn act(what: String, scope: &StepScope) -> Result<String> {
    DID.lock().unwrap().push((scope.run.id.clone(), what));
    Ok(scope.idempotency_key())
}

#[step]
async fn undo(reason: String, scope: &StepScope) -> Result<()> {
    DID.lock().unwrap().push((scope.run.id.clone(), format!("undo {reason}")));
    Ok(())
}

#[workflow(on_cancel = undo)]
async fn steps(flow: &mut Flow, fail: bool) -> Result<u32> {
    act(flow, "1".into()).await?;
    act(flow, "2".into()).await?;
    let Note(n) = flow.receive::<Note>().await?;
    act(flow, "3".into()).await?;
    if fail { Err(steadfast::Error::msg("failed")) } else { Ok(n) }
}

#[tokio::test]
async fn forks_of_ended_runs_at_every_turn() {
    for sqlite in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let builder = Engine::builder().workflow(steps);
        let builder = if sqlite { builder.sqlite(folder.path().join("r.db")) } else { builder.in_memory() };
        let engine = builder.start().await.unwrap();
        for how in ["completed", "failed", "cancelled", "timed out", "paused"] {
            let id = format!("{how} {sqlite}");
            let start = engine.start(steps, how == "failed").id(&id).deduplication_key(&id);
            let start = if how == "timed out" { start.time_limit(Duration::from_millis(150)) } else { start };
            let run = start.await.unwrap();
            until_asked(async || did(&id).len() == 2).await;
            match how {
                "completed" | "failed" => engine.send(&id, Note(7)).await.unwrap(),
                "cancelled" => run.cancel("why").await.unwrap(),
                "paused" => run.pause(Pause::Drain).await.unwrap(),
                _ => {}
            }
            if how == "paused" {
                wait_for(&run, Status::Paused).await;
            } else {
                let _ = short(run.result()).await;
            }
            let history = run.history().await.unwrap();
            for entry in history.iter().filter(|entry| entry.kind.is_turn()) {
                for rewind in [false, true] {
                    let point = ForkPoint::after_entry(entry.seq);
                    let fork_id = format!("{id} {} {rewind}", entry.seq);
                    let from = if rewind {
                        engine.fork(&id, point.clone()).id(&fork_id).await.unwrap();
                        continue;
                    } else {
                        engine.fork(&id, point).id(&fork_id).await
                    };
                    let fork = match from {
                        Ok(fork) => fork,
                        Err(error) => {
                            println!("{id} at {} {:?}: {error}", entry.seq, entry.kind);
                            continue;
                        }
                    };
                    let _ = engine.send(fork.id(), Note(8)).await;
                    let handle = engine.handle(steps, fork.id()).await.unwrap();
                    let result = tokio::time::timeout(Duration::from_secs(3), handle.result()).await;
                    println!("{id} at {} {:?}: {result:?} {:?}", entry.seq, entry.kind, did(fork.id()));
                    assert!(result.is_ok(), "hangs");
                }
            }
        }
    }
}

#[tokio::test]
async fn rewinding_an_ended_run_whose_key_another_holds() {
    let engine = Engine::builder().in_memory().workflow(steps).start().await.unwrap();
    let first = engine.start(steps, false).id("dd-a").deduplication_key("dd").await.unwrap();
    engine.send("dd-a", Note(1)).await.unwrap();
    short(first.result()).await.unwrap();
    let again = engine.rewind("dd-a", ForkPoint::before("act").nth(2)).await.unwrap();
    // Alone it should have its key again.
    let other = engine.start(steps, false).id("dd-b").deduplication_key("dd").await;
    println!("{:?} {}", other.as_ref().map(|run| run.id().to_owned()), again.id());
    assert!(other.is_err(), "the rewound run works again, and its key is free");
}

#[tokio::test]
async fn rewind_twice_and_idempotency_keys() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::builder().sqlite(folder.path().join("r.db")).workflow(steps).start().await.unwrap();
    let first = engine.start(steps, false).id("rw").await.unwrap();
    engine.send("rw", Note(1)).await.unwrap();
    short(first.result()).await.unwrap();
    for _ in 0..3 {
        let run = engine.rewind("rw", ForkPoint::before("act")).await.unwrap();
        let handle = engine.handle(steps, "rw").await.unwrap();
        assert_eq!(short(handle.result()).await.unwrap(), 1);
        println!("{} {:?}", run.number(), run.history().await.unwrap().len());
    }
    println!("{:?}", did("rw"));
    println!("{:?}", engine.list(steadfast::RunFilter::all()).await.unwrap().iter().map(|run| (run.id.clone(), run.status)).collect::<Vec<_>>());
    let old = engine.list(steadfast::RunFilter::all()).await.unwrap()[0].id.clone();
    let fork = engine.fork(&old, ForkPoint::before("act")).await.unwrap();
    let handle = engine.handle(steps, fork.id()).await.unwrap();
    assert_eq!(short(handle.result()).await.unwrap(), 1);
    let error = engine.rewind(&old, ForkPoint::before("act")).await.unwrap_err();
    println!("{error}");
}

#[workflow]
async fn asking_child(flow: &mut Flow, n: u32) -> Result<u32> {
    act(flow, "c1".into()).await?;
    let Note(m) = flow.receive::<Note>().await?;
    Ok(n + m)
}

#[workflow]
async fn parent(flow: &mut Flow) -> Result<u32> {
    act(flow, "p1".into()).await?;
    let child = flow.start(asking_child, 1).await;
    flow.publish("child", &child.id().to_owned());
    act(flow, "p2".into()).await?;
    let sum = child.await?;
    act(flow, "p3".into()).await?;
    Ok(sum)
}

#[tokio::test]
async fn a_fork_of_a_parent_whose_child_has_ended_or_runs() {
    let folder = tempfile::tempdir().unwrap();
    let engine =
        Engine::builder().sqlite(folder.path().join("r.db")).workflow(parent).workflow(asking_child).start().await.unwrap();
    let run = engine.start(parent, ()).id("par").await.unwrap();
    until_asked(async || run.try_published::<String>("child").await.unwrap().is_some()).await;
    let child = run.published::<String>("child").await.unwrap();
    until_asked(async || did("par").len() == 2).await;
    let early = engine.fork("par", ForkPoint::before("act").nth(2)).id("par-2").await.unwrap();
    let all = engine.fork("par", ForkPoint::before("act").nth(1)).id("par-3").await.unwrap();
    until_asked(async || all.try_published::<String>("child").await.unwrap().is_some()).await;
    let early_child = early.try_published::<String>("child").await.unwrap();
    println!("{child} {early_child:?} {:?}", all.published::<String>("child").await);
    for info in engine.list(steadfast::RunFilter::all().workflow("asking_child")).await.unwrap() {
        engine.send(&info.id, Note(5)).await.unwrap();
    }
    for id in ["par", "par-2", "par-3"] {
        let handle = engine.handle(parent, id).await.unwrap();
        assert_eq!(short(handle.result()).await.unwrap(), 6, "{id}");
    }
    let second = run.history().await.unwrap().into_iter().filter(|entry| entry.kind == steadfast::journal::Kind::StepCompleted).nth(1);
    let second = second.unwrap().seq;
    let late = engine.fork("par", ForkPoint::after_entry(second)).id("par-4").await.unwrap();
    let handle = engine.handle(parent, late.id()).await.unwrap();
    assert_eq!(short(handle.result()).await.unwrap(), 6, "the child has ended");
    let rewound = engine.rewind("par", ForkPoint::after_entry(second)).await.unwrap();
    let handle = engine.handle(parent, rewound.id()).await.unwrap();
    assert_eq!(short(handle.result()).await.unwrap(), 6, "the child has ended, rewound");
    // The child rewound: its parent has had its result.
    engine.rewind(&child, ForkPoint::before("act")).await.unwrap();
    let handle = engine.handle(asking_child, &child).await.unwrap();
    assert_eq!(short(handle.result()).await.unwrap(), 6);
}

#[workflow]
async fn turning(flow: &mut Flow, n: u32) -> Result<u32> {
    flow.stream("s").write(&n);
    act(flow, format!("t{n}")).await?;
    if n < 3 {
        return flow.continue_as_new(turning, n + 1).await;
    }
    Ok(n)
}

#[tokio::test]
async fn forks_and_rewinds_after_continue_as_new() {
    for sqlite in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let builder = Engine::builder().workflow(turning);
        let builder = if sqlite { builder.sqlite(folder.path().join("r.db")) } else { builder.in_memory() };
        let engine = builder.start().await.unwrap();
        let id = format!("turn-{sqlite}");
        let run = engine.start(turning, 1).id(&id).await.unwrap();
        assert_eq!(short(run.result()).await.unwrap(), 3);
        let all = engine.list(steadfast::RunFilter::all()).await.unwrap();
        println!("{:?}", all.iter().map(|run| (run.id.clone(), run.status)).collect::<Vec<_>>());
        for old in all {
            let fork = engine.fork(&old.id, ForkPoint::before("act")).await.unwrap();
            let handle = engine.handle(turning, fork.id()).await.unwrap();
            let result = short(handle.result()).await;
            let mut items = Vec::new();
            let mut stream = engine.run(fork.id()).await.unwrap().stream::<u32>("s");
            while let Some((_, item)) = short(stream.next()).await.unwrap() {
                items.push(item);
            }
            println!("{}: {result:?} {:?} {items:?}", old.id, did(fork.id()));
            assert_eq!(result.unwrap(), 3);
            assert_eq!(items, [1, 2, 3]);
        }
        engine.rewind(&id, ForkPoint::before("act")).await.unwrap();
        let handle = engine.handle(turning, &id).await.unwrap();
        assert_eq!(short(handle.result()).await.unwrap(), 3);
        assert_eq!(short(run.result()).await.unwrap(), 3);
    }
}

// ---- versions and patches

#[workflow(name = "upgrading", version = 2)]
async fn upgrading_2(_flow: &mut Flow, n: u32) -> Result<String> {
    Ok(format!("version 2 with {n}"))
}

#[workflow(name = "upgrading")]
async fn upgrading_1(flow: &mut Flow, n: u32) -> Result<String> {
    if n > 3 {
        return Ok(format!("still version 1 with {n}"));
    }
    flow.continue_as_new(upgrading_2, n + 1).await
}

#[tokio::test]
async fn continuing_as_another_version_does_so() {
    let engine = Engine::builder().in_memory().workflow(upgrading_1).workflow(upgrading_2).start().await.unwrap();
    let run = engine.start(upgrading_1, 1).await.unwrap();
    println!("{:?}", run.status().await.unwrap());
    let result = short(run.result()).await;
    println!("{result:?} {:?}", run.status().await.unwrap());
    assert_eq!(result.unwrap(), "version 2 with 2");
}

#[workflow(name = "typed", version = 2)]
async fn typed_2(_flow: &mut Flow, n: u32) -> Result<String> {
    Ok(format!("{n}"))
}

#[workflow(name = "typed")]
async fn typed_1(_flow: &mut Flow, n: u32) -> Result<u32> {
    Ok(n)
}

#[tokio::test]
async fn a_start_of_an_id_that_has_another_version() {
    let engine = Engine::builder().in_memory().workflow(typed_1).workflow(typed_2).start().await.unwrap();
    short(engine.start(typed_1, 1).id("t").await.unwrap().result()).await.unwrap();
    let again = engine.start(typed_2, 1).id("t").await;
    println!("{:?}", again.as_ref().map(|run| run.id().to_owned()));
    if let Ok(run) = again {
        let result = short(run.result()).await;
        println!("{result:?}");
        println!("{}", result.unwrap_err());
    }
}

#[workflow]
async fn once_more(flow: &mut Flow, times: u32) -> Result<u32> {
    let mut sum = 0;
    for n in 0..times {
        sum += loop_step(flow, n).await?;
    }
    let Note(more) = flow.receive::<Note>().await?;
    Ok(sum + more)
}

#[step]
async fn loop_step(n: u32) -> Result<u32> {
    Ok(n)
}

#[workflow(name = "once_more")]
async fn once_more_patched(flow: &mut Flow, times: u32) -> Result<u32> {
    let mut sum = 0;
    for n in 0..times {
        sum += loop_step(flow, n).await?;
        if flow.patched("p") {
            sum += loop_step(flow, 100).await?;
        }
    }
    let note = flow.receive::<Note>().await?;
    if flow.patched("after") {
        sum += loop_step(flow, 1000).await?;
    }
    let late = flow.patched("after") && flow.patched("p");
    Ok(sum + note.0 + u32::from(late) * 10_000)
}

#[tokio::test]
async fn patches_in_loops_and_after() {
    for (old_first, expected) in [(true, 3 + 1 + 1000), (false, 3 + 300 + 1 + 1000 + 10_000)] {
        let store = steadfast::store::MemoryStore::new();
        let id = "patched";
        if old_first {
            let engine = Engine::builder().store(store.clone()).workflow(once_more).start().await.unwrap();
            let run = engine.start(once_more, 3).id(id).await.unwrap();
            until_asked(async || run.history().await.unwrap().len() >= 8).await;
            engine.shutdown(Duration::from_secs(5)).await.unwrap();
        }
        for last in [false, true] {
            let engine = Engine::builder().store(store.clone()).workflow(once_more_patched).start().await.unwrap();
            let run = engine.start(once_more_patched, 3).id(id).await.unwrap();
            if last {
                engine.send(id, Note(1)).await.unwrap();
                assert_eq!(short(run.result()).await.unwrap(), expected);
            } else {
                tokio::time::sleep(Duration::from_millis(300)).await;
                println!("{:?}", run.status().await.unwrap());
            }
            engine.shutdown(Duration::from_secs(5)).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_second_run_with_a_key_beside_a_rewound_one() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::builder().sqlite(folder.path().join("r.db")).workflow(steps).start().await.unwrap();
    let first = engine.start(steps, false).id("de-a").deduplication_key("de").await.unwrap();
    engine.send("de-a", Note(1)).await.unwrap();
    short(first.result()).await.unwrap();
    let second = engine.start(steps, false).id("de-b").deduplication_key("de").await.unwrap();
    let rewound = engine.rewind("de-a", ForkPoint::before("act").nth(2)).await;
    println!("{:?}", rewound.map(|run| run.id().to_owned()).map_err(|error| error.to_string()));
    drop(second);
}

#[tokio::test]
async fn a_transaction_without_tables_inside_scoped_keeps_its_scope_for_the_next_start() {
    // The one-shot id: the first start takes it. Two at once: one only.
    let engine = Engine::builder().in_memory().workflow(whose).start().await.unwrap();
    let (a, b) = scoped(Scope::new().id("one"), async {
        futures_util::join!(engine.start(whose, ()).into_future(), engine.start(whose, ()).into_future())
    })
    .await;
    let (a, b) = (a.unwrap().id().to_owned(), b.unwrap().id().to_owned());
    assert!(a == "one" && b != "one");
    // A start that is refused before it begins.
    let (a, b) = scoped(Scope::new().id("two"), async {
        (engine.start(typed_1, 1).await.err().map(|e| e.to_string()), engine.start(whose, ()).await.unwrap().id().to_owned())
    })
    .await;
    println!("{a:?} {b}");
}

#[workflow]
async fn context_patch(flow: &mut Flow) -> Result<bool> {
    let seen = scoped(Scope::new().id("x"), async { current().map(|c| c.run_id().to_owned()) }).await;
    Ok(seen.as_deref() == Some(flow.run_id()))
}

#[tokio::test]
async fn current_within_scoped_and_after() {
    let engine = Engine::builder().in_memory().workflow(context_patch).start().await.unwrap();
    assert!(short(engine.start(context_patch, ()).await.unwrap().result()).await.unwrap());
    assert!(current().is_none());
}

#[transaction]
fn own_deadline(tx: &mut Tx<'_>) -> Result<String> {
    let one: i64 = tx.query_row("SELECT 1", [], |row| row.get(0))?;
    let current = current().unwrap();
    Ok(format!("{one} {:?} {:?} {}", current.kind(), current.principal().map(|p| p.name.clone()), steadfast::has_context::<Nothing>()))
}

#[derive(StepContext, Clone)]
struct Nothing {
    #[context(default)]
    n: u32,
}

#[workflow(context = Nothing)]
async fn in_transaction(flow: &mut Flow<Nothing>) -> Result<String> {
    flow.update(|c| c.n(5)).await?;
    Ok(own_deadline(flow).await?)
}

#[tokio::test]
async fn current_in_a_transaction() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder().workflow(in_transaction)).await;
    let said = short(engine.start(in_transaction, ()).principal(Principal::new("ada")).await.unwrap().result()).await;
    assert_eq!(said.unwrap(), "1 Transaction Some(\"ada\") true");
}

#[tokio::test]
async fn a_cancel_while_a_transaction_waits_for_its_next_attempt() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder().workflow(never_done)).await;
    let run = engine.start(never_done, ()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    run.cancel("enough").await.unwrap();
    assert!(matches!(short(run.result()).await, Err(RunError::Cancelled { .. })));
    assert_eq!(bank.moves(), 0);
}

#[transaction(retry(attempts = 500, backoff = "40ms"))]
fn no_luck(tx: &mut Tx<'_>) -> Result<u32> {
    tx.execute("INSERT INTO moves (note) VALUES ('no luck')", [])?;
    Err(steadfast::Error::msg("no"))
}

#[workflow]
async fn never_done(flow: &mut Flow) -> Result<u32> {
    Ok(no_luck(flow).await?)
}

#[tokio::test]
async fn starting_a_run_by_the_engine_within_a_transaction_is_an_error_and_no_hang() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder().workflow(whose)).await;
    let inner = engine.clone();
    let done = tokio::time::timeout(
        Duration::from_secs(6),
        engine.transaction(move |_| {
            let run = futures_executor_block_on(inner.start(whose, ()).into_future());
            Ok(run.map(|run| run.id().to_owned()).map_err(|error| error.to_string()))
        }),
    )
    .await;
    println!("{done:?}");
    if done.is_err() {
        println!("it hangs for ever; leaving");
        std::process::exit(3);
    }
}

fn futures_executor_block_on<F: Future>(future: F) -> F::Output {
    struct Parker(std::thread::Thread);
    impl std::task::Wake for Parker {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = std::sync::Arc::new(Parker(std::thread::current())).into();
    let mut cx = std::task::Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut cx) {
            std::task::Poll::Ready(value) => return value,
            std::task::Poll::Pending => std::thread::park(),
        }
    }
}

#[transaction]
fn large(tx: &mut Tx<'_>, nan: bool) -> Result<(Vec<u8>, f64)> {
    tx.execute("INSERT INTO moves (note) VALUES ('large')", [])?;
    Ok(if nan { (vec![], f64::NAN) } else { (vec![7; 1 << 20], 0.0) })
}

#[workflow]
async fn outsized(flow: &mut Flow, nan: bool) -> Result<usize> {
    Ok(large(flow, nan).await?.0.len())
}

#[tokio::test]
async fn a_result_that_cannot_be_stored_leaves_no_row() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder().workflow(outsized).max_value_bytes(100_000)).await;
    for nan in [true, false] {
        let result = short(engine.start(outsized, nan).await.unwrap().result()).await;
        println!("{result:?}");
        if result.is_err() {
            assert_eq!(bank.moves(), 0);
        }
    }
}
