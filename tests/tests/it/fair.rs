//! Fairness under load: running, starting and due runs, and users' lists, do not wait for each other.

use crate::faulty::Hooked;
use crate::runs::wait_for;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use steadfast::prelude::*;
use steadfast::store::backend::Write;
use steadfast::store::{MemoryStore, SqliteStore, Store};
use steadfast::{RunFilter, Status};
use tokio::sync::Notify;
use tokio::time::timeout;

const SOON: Duration = Duration::from_mins(1);

/// A gate that is opened once.
#[derive(Default)]
struct Door(Mutex<bool>, Condvar);

impl Door {
    fn open(&self) {
        *self.0.lock().unwrap() = true;
        self.1.notify_all();
    }

    fn wait(&self) {
        let open = self.0.lock().unwrap();
        drop(self.1.wait_timeout_while(open, SOON, |open| !*open).unwrap());
    }
}

/// The run whose appends are watched, and a channel for the start of a commit.
type Watched = (i64, Sender<()>);

static BEGUN: Notify = Notify::const_new();
static GO: Notify = Notify::const_new();

#[step]
async fn waits_for_go() -> Result<()> {
    BEGUN.notify_one();
    GO.notified().await;
    Ok(())
}

#[workflow]
async fn works(flow: &mut Flow) -> Result<u64> {
    waits_for_go(&*flow).await?;
    Ok(7)
}

#[workflow]
#[expect(clippy::unused_async, reason = "a workflow is async")]
async fn nothing(_flow: &mut Flow, n: u64) -> Result<u64> {
    Ok(n)
}

/// Returns whether a commit appends to this run, and how many runs it starts.
fn seen(writes: &[Write], run: i64) -> (bool, usize) {
    let appends = |write: &Write| matches!(write, Write::Append(append) if append.run == run);
    let starts = writes.iter().filter(|write| matches!(write, Write::Start(_))).count();
    (writes.iter().any(appends), starts)
}

/// Tests that the append of a running run is in the very next commit, while 5,000 runs start.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_at_work_does_not_wait_for_5_000_starts() {
    let door: Arc<Door> = Arc::default();
    let log: Arc<Mutex<Vec<(bool, usize)>>> = Arc::default();
    let watched: Arc<Mutex<Option<Watched>>> = Arc::default();
    let (closing, logging, watching) = (door.clone(), log.clone(), watched.clone());
    let store = Hooked::new(MemoryStore::new(), move |store, writes| {
        let watched = watching.lock().unwrap().clone();
        if let Some((run, held)) = watched {
            let _ = held.send(());
            closing.wait();
            logging.lock().unwrap().push(seen(writes, run));
        }
        store.commit(writes)
    });
    let engine = Engine::builder().store(store).workflow(works).workflow(nothing).start().await.unwrap();
    let run = engine.start(works, ()).await.unwrap();
    timeout(SOON, BEGUN.notified()).await.expect("the body begins");
    let (held, holds) = channel();
    *watched.lock().unwrap() = Some((run.number(), held));
    // One commit is in progress, and 5,000 starts wait behind it.
    let first = engine.clone();
    let first = tokio::spawn(async move { first.start(nothing, 0).await.map(drop) });
    let under_way = tokio::task::spawn_blocking(move || holds.recv_timeout(SOON).is_ok());
    assert!(under_way.await.unwrap(), "a commit is under way");
    let crowd: Vec<_> = (0..5_000_u64)
        .map(|n| {
            let engine = engine.clone();
            tokio::spawn(async move { engine.start(nothing, n).await.map(drop) })
        })
        .collect();
    // A start that is enqueued late makes the test easier to pass, never harder.
    tokio::time::sleep(Duration::from_millis(500)).await;
    GO.notify_one();
    tokio::time::sleep(Duration::from_millis(500)).await;
    door.open();
    assert_eq!(timeout(SOON, run.result()).await.expect("in time").unwrap(), 7);
    for start in crowd.into_iter().chain([first]) {
        timeout(SOON, start).await.expect("in time").unwrap().unwrap();
    }
    let log = log.lock().unwrap();
    let before: usize = log.iter().take_while(|(appends, _)| !appends).map(|(_, starts)| starts).sum();
    assert!(before <= 2_048, "{before} runs began before a step that was done could be recorded");
}

#[workflow]
async fn naps(flow: &mut Flow) -> Result<u64> {
    flow.sleep(Duration::from_millis(300)).await?;
    resumed(&*flow).await?;
    Ok(3)
}

static RESUMED: Notify = Notify::const_new();

#[step]
async fn resumed() -> Result<()> {
    RESUMED.notify_one();
    Ok(())
}

/// Tests that users' lists that never return delay neither due runs nor new ones.
#[tokio::test(flavor = "multi_thread")]
async fn questions_that_take_long_hold_up_no_run() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let door = Arc::new(Door::default());
    let (closed, asked) = (door.clone(), Arc::new(AtomicUsize::new(0)));
    let file = SqliteStore::open(folder.path().join("runs.db"), steadfast::Durability::Full).unwrap();
    let asking = asked.clone();
    let store = Hooked::new(file, |store: &SqliteStore, writes| store.commit(writes)).listing(move || {
        asking.fetch_add(1, Ordering::SeqCst);
        closed.wait();
    });
    let engine = Engine::builder()
        .store(store)
        .evict_after(Duration::ZERO)
        .workflow(naps)
        .workflow(nothing)
        .start()
        .await
        .unwrap();
    let due = engine.start(naps, ()).await.unwrap();
    wait_for(&due, Status::Sleeping).await;
    // More than are processed at a time, and more than the runtime has blocking threads.
    let lists: Vec<_> = (0..600)
        .map(|_| {
            let engine = engine.clone();
            tokio::spawn(async move { engine.list(RunFilter::all().limit(1)).await.map(|page| page.len()) })
        })
        .collect();
    crate::steps::until(|| asked.load(Ordering::SeqCst) > 0).await;
    timeout(SOON / 2, RESUMED.notified()).await.expect("it resumes meanwhile");
    timeout(SOON / 2, engine.start(nothing, 1)).await.expect("a run begins meanwhile").unwrap();
    assert!(asked.load(Ordering::SeqCst) < 600, "the door is closed");
    door.open();
    for list in lists {
        assert_eq!(timeout(SOON, list).await.expect("in time").unwrap().unwrap(), 1);
    }
    assert_eq!(timeout(SOON, due.result()).await.expect("in time").unwrap(), 3);
}
