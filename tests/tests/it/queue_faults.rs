//! Faults at the commits of each kind of write for queues: the commit fails, its answer is lost, and the engine dies
//! before it or after it.

use crate::faulty::{Answers, Hooked, failure};
use crate::place::Place;
use futures_util::StreamExt;
use limits::{Soon as _, until};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use steadfast::prelude::*;
use steadfast::store::Store;
use steadfast::store::backend::{NewRun, PlaceChange, Write};
use steadfast::{EngineError, Message, Queue, RunError, Scope};

/// A kind of write.
#[derive(Clone, Copy, Debug)]
enum Kind {
    StartQueued,
    StartInPlace,
    ClaimTasks,
    ClaimFree,
    Wait,
    Leave,
    Expire,
    ChangeQueue,
}

impl Kind {
    const ALL: [Self; 8] = [
        Self::StartQueued,
        Self::StartInPlace,
        Self::ClaimTasks,
        Self::ClaimFree,
        Self::Wait,
        Self::Leave,
        Self::Expire,
        Self::ChangeQueue,
    ];

    const fn is_of(self, write: &Write) -> bool {
        matches!(
            (self, write),
            (Self::StartQueued, Write::Start(NewRun { queued: Some(_), dedup: None, .. }))
                | (Self::StartInPlace, Write::Start(NewRun { queued: Some(_), dedup: Some(_), .. }))
                | (Self::ClaimTasks, Write::ClaimTasks { .. })
                | (Self::ClaimFree, Write::ClaimServed { .. })
                | (Self::Wait, Write::ChangePlace { change: PlaceChange::Wait { .. }, .. })
                | (Self::Leave, Write::ChangePlace { change: PlaceChange::Leave { .. }, .. })
                | (Self::Expire, Write::ExpireRuns { .. })
                | (Self::ChangeQueue, Write::ChangeQueue { .. })
        )
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Fails,
    AnswerLost,
    DeathBefore,
    DeathAfter,
}

impl Fault {
    const ALL: [Self; 4] = [Self::Fails, Self::AnswerLost, Self::DeathBefore, Self::DeathAfter];

    const fn is_death(self) -> bool {
        matches!(self, Self::DeathBefore | Self::DeathAfter)
    }
}

/// One commit with a fault.
#[derive(Clone)]
struct Cell {
    kind: Kind,
    fault: Fault,
    /// Which of the commits with such a write it is.
    which: usize,
    seen: Arc<AtomicUsize>,
    is_dead: Arc<AtomicBool>,
}

impl Cell {
    fn commit(&self, store: &(impl Store + ?Sized), writes: &[Write]) -> Answers {
        let dead = || Err(failure());
        if self.is_dead.load(Ordering::SeqCst) {
            return dead();
        }
        let is_here =
            writes.iter().any(|write| self.kind.is_of(write)) && self.seen.fetch_add(1, Ordering::SeqCst) == self.which;
        if !is_here {
            return store.commit(writes);
        }
        self.is_dead.store(self.fault.is_death(), Ordering::SeqCst);
        match self.fault {
            Fault::Fails | Fault::DeathBefore => dead(),
            Fault::AnswerLost | Fault::DeathAfter => store.commit(writes).and_then(|_| dead()),
        }
    }
}

/// What the steps of a cell have done.
#[derive(Default)]
struct Deeds {
    now: usize,
    most: usize,
    ended: BTreeSet<String>,
}

static DEEDS: Mutex<BTreeMap<String, Deeds>> = Mutex::new(BTreeMap::new());

fn deeds<T>(cell: &str, with: impl FnOnce(&mut Deeds) -> T) -> T {
    with(DEEDS.lock().unwrap().entry(cell.to_owned()).or_default())
}

/// Counts a body among those at work, also when it is dropped.
struct AtWork(String);

impl Drop for AtWork {
    fn drop(&mut self) {
        deeds(&self.0, |deeds| deeds.now -= 1);
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Job {
    cell: String,
    name: String,
}

#[derive(Message, Serialize, Deserialize)]
struct Go;

#[step]
async fn act(job: Job) -> Result<()> {
    deeds(&job.cell, |deeds| {
        deeds.now += 1;
        deeds.most = deeds.most.max(deeds.now);
    });
    let at_work = AtWork(job.cell.clone());
    tokio::time::sleep(Duration::from_millis(20)).await;
    drop(at_work);
    deeds(&job.cell, |deeds| deeds.ended.insert(job.name));
    Ok(())
}

/// Is at work, gives its room back until it is sent a message, and is at work again.
#[workflow]
async fn twice(flow: &mut Flow, job: Job) -> Result<String> {
    act(flow, job.clone()).await?;
    flow.receive::<Go>().await?;
    act(flow, Job { name: format!("{} again", job.name), ..job.clone() }).await?;
    Ok(job.name)
}

#[workflow]
async fn once(flow: &mut Flow, job: Job) -> Result<String> {
    act(flow, job.clone()).await?;
    Ok(job.name)
}

/// Repeats what a client does until it is done.
async fn again<T>(mut call: impl AsyncFnMut() -> std::result::Result<T, EngineError>) -> Option<T> {
    for _ in 0..100 {
        match call().await {
            Ok(done) => return Some(done),
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
    None
}

/// What the clients of a cell do, from the first call to the ends of their runs; `None` if the engine is dead. Each call
/// may be repeated.
async fn clients(engine: &Engine, cell: &str) -> Option<()> {
    let job = |name: &str| Job { cell: cell.to_owned(), name: name.to_owned() };
    let id = |name: &str| format!("{cell}-{name}");
    let held = engine.queue("held");
    again(async || held.pause("nothing begins here").await).await?;
    again(async || engine.queue("line").set_total(Some(2)).await).await?;
    for name in ["one", "two", "three"] {
        again(async || engine.start(twice, job(name)).queue("line").id(id(name)).await.map(drop)).await?;
    }
    let late = Scope::new().queue("held").time_to_live(Duration::from_millis(50)).id(id("late"));
    again(async || engine.start(once, job("late")).with(late.clone()).await.map(drop)).await?;
    let wait = (Duration::from_secs(1), Duration::from_mins(1));
    for name in ["first", "last"] {
        let start = || engine.start(once, job(name)).queue("line").debounce(id("key"), wait.0, wait.1).id(id(name));
        again(async || start().await.map(drop)).await?;
    }
    for name in ["one", "two", "three"] {
        until(async || deeds(cell, |deeds| deeds.ended.contains(name))).await;
    }
    // All have given their room back.
    let is_empty = async || engine.queue("line").info().await.unwrap().running == 0;
    until(is_empty).await;
    for name in ["one", "two", "three"] {
        let send = async || engine.send(id(name), Go).key("go").await;
        again(async || match send().await {
            // It was sent before.
            Err(EngineError::WrongStatus { .. }) => Ok(()),
            answer => answer,
        })
        .await?;
    }
    // The engine may die until then.
    let is_at_end = async |run: &str| engine.run(&id(run)).await.unwrap().status().await.unwrap().status.is_final();
    for run in ["one", "two", "three", "first", "last", "late"] {
        until(async || is_at_end(run).await).await;
    }
    until(is_empty).await;
    Some(())
}

async fn engine_on<S: Store + ?Sized>(store: &Arc<S>, cell: &Cell) -> Option<Engine>
where
    Hooked<S>: Store,
{
    let cell = cell.clone();
    let store = Hooked::over(store.clone(), move |store, writes| cell.commit(store, writes));
    let line = Queue::new("line").total(1);
    let builder = || {
        let builder = Engine::builder().store(store.clone()).lease_term(Duration::from_secs(1)).max_loads(1_000);
        let builder = builder.evict_after(Duration::from_millis(10)).workflow(twice).workflow(once);
        builder.queue(line.clone()).queue(Queue::new("held")).serve("line", 8).serve("held", 8)
    };
    again(async || builder().start().await).await
}

async fn play(place: Place, kind: Kind, fault: Fault, which: usize) {
    // The same cell is played on another database at the same time.
    static PLAYED: AtomicUsize = AtomicUsize::new(0);
    let number = PLAYED.fetch_add(1, Ordering::SeqCst);
    let name = format!("{kind:?}-{fault:?}-{which}-{number}");
    let store = place.store();
    let cell = Cell { kind, fault, which, seen: Arc::default(), is_dead: Arc::default() };
    let none = Cell { which: usize::MAX, is_dead: Arc::default(), ..cell.clone() };
    let mut engine = engine_on(&store, &cell).await;
    let mut done = None;
    if let Some(engine) = &engine {
        let dies = until_dead(&cell);
        tokio::select! {
            ended = clients(engine, &name) => done = ended,
            () = dies => {}
        }
    }
    if done.is_none() || cell.is_dead.load(Ordering::SeqCst) {
        assert!(fault.is_death(), "{name}: only a dead engine refuses a client for long");
        drop(engine.take());
        // A process that dies takes its bodies with it.
        until(async || deeds(&name, |deeds| deeds.now == 0)).await;
        engine = engine_on(&store, &none).await;
        clients(engine.as_ref().expect("it starts"), &name).soon().await.expect("nothing fails any more");
    }
    let engine = engine.expect("it has started");
    let result = async |run: &str| engine.handle(once, &format!("{name}-{run}")).await.unwrap().result().soon().await;
    assert!(matches!(result("late").await, Err(RunError::Cancelled { .. })), "{name}");
    // It may have begun before the start of the other one was repeated.
    let first = result("first").await;
    assert!(first.is_ok() || matches!(first, Err(RunError::Cancelled { .. })), "{name}: {first:?}");
    let (most, ended) = deeds(&name, |deeds| (deeds.most, deeds.ended.clone()));
    assert!(most <= 2, "{name}: {most} at work");
    let all = ["first", "last", "one", "one again", "three", "three again", "two", "two again"];
    assert_eq!(ended.iter().collect::<Vec<_>>(), all[usize::from(first.is_err())..], "{name}");
    assert!(cell.seen.load(Ordering::SeqCst) > which, "{name}: there was no such commit");
    engine.shutdown(Duration::from_secs(20)).await.unwrap();
}

async fn until_dead(cell: &Cell) {
    while !cell.is_dead.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Plays the cells, each on a database of its own, up to so many commits of a kind.
async fn play_all(open: fn() -> Option<Place>, commits: usize) {
    let each = Kind::ALL.into_iter().flat_map(|kind| Fault::ALL.into_iter().map(move |fault| (kind, fault)));
    // Of these kinds several may be in one commit.
    let is_shared = |kind| matches!(kind, Kind::Wait | Kind::Leave | Kind::ClaimFree | Kind::Expire);
    let commits = |kind| if is_shared(kind) { 1 } else { commits };
    let cells = each.flat_map(|(kind, fault)| (0..commits(kind)).map(move |which| (kind, fault, which)));
    let played = futures_util::stream::iter(cells).map(async |(kind, fault, which)| {
        if let Some(place) = open() {
            play(place, kind, fault, which).await;
        }
    });
    played.buffer_unordered(6).collect::<Vec<()>>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queues_survive_a_fault_at_the_first_commits_of_each_kind_of_write_in_memory() {
    play_all(Place::memory, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queues_survive_a_fault_at_each_kind_of_write_on_postgres() {
    play_all(Place::postgres, 1).await;
}
