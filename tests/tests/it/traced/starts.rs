//! Events for new runs: one for each, however it is created.

use super::{Lines, Shop, child};
use crate::faulty::{Hooked, failure};
use limits::Soon as _;
use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex};
use steadfast::ForkPoint;
use steadfast::prelude::*;
use steadfast::store::backend::{Outgoing, Write, Written};
use steadfast::store::{MemoryStore, Store as _};

#[workflow]
async fn parent(flow: &mut Flow) -> Result<()> {
    flow.start(child, "card".into()).id("kid").await.await?;
    Ok(())
}

#[workflow]
async fn again(flow: &mut Flow, times: u32) -> Result<()> {
    if times > 0 {
        return flow.continue_as_new(again, times - 1).await;
    }
    Ok(())
}

#[workflow(context = Shop)]
async fn moves_in(flow: &mut Flow<Shop>) -> Result<()> {
    flow.update(|shop| shop.address("here".to_owned())).await?;
    Ok(())
}

#[workflow]
async fn naps(flow: &mut Flow, millis: u64) -> Result<()> {
    flow.sleep(Duration::from_millis(millis)).await?;
    Ok(())
}

fn builder() -> steadfast::EngineBuilder {
    let builder = Engine::builder().workflow(child).workflow(parent).workflow(again);
    builder.workflow(moves_in).workflow(naps).max_loads(1_000)
}

/// Returns the number of start events for runs of this id.
fn told(lines: &Lines, id: &str) -> usize {
    lines.with(&["event", "run_started", &format!("run={id} ")]).len()
}

#[tokio::test]
async fn each_new_run_is_told_once_however_it_comes_about() {
    let lines = Lines::default();
    let _another = tracing::Dispatch::new(Lines::default());
    let _subscribed = tracing::subscriber::set_default(lines.clone());
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let engine = builder().sqlite(folder.path().join("runs.db")).start().await.unwrap();
    engine.start(parent, ()).id("parent").await.unwrap().result().soon().await.unwrap();
    engine.start(again, 1).id("again").await.unwrap().result().soon().await.unwrap();
    let first = engine.start(moves_in, ()).id("first").await.unwrap();
    first.result().soon().await.unwrap();
    engine.start(moves_in, ()).id("next").continuing("first").await.unwrap().result().soon().await.unwrap();
    engine.transaction(|tx| Ok(tx.start(naps, 0).id("within").begin()?)).await.unwrap();
    engine.fork("first", ForkPoint::after_entry(1)).id("fork").await.unwrap();
    let file = folder.path().join("first.run");
    first.export(&file).await.unwrap();
    engine.import(&file).id("copy").await.unwrap();
    engine.rewind("first", ForkPoint::after_entry(1)).await.unwrap();
    assert!(!engine.start(moves_in, ()).id("next").continuing("first").await.unwrap().is_new());
    engine.shutdown(Duration::from_secs(20)).soon().await.unwrap();

    let ids = ["parent", "kid", "again", "first", "next", "within", "fork", "copy"];
    let counts: Vec<_> = ids.iter().map(|id| (*id, told(&lines, id))).collect();
    // Two executions each: one continued as new, and one was rewound.
    let expected = ids.map(|id| (id, if ["again", "first"].contains(&id) { 2 } else { 1 }));
    assert_eq!(counts, expected);
}

#[tokio::test]
async fn each_new_run_is_told_once_though_the_answer_to_its_commit_is_lost() {
    let lines = Lines::default();
    let _another = tracing::Dispatch::new(Lines::default());
    let _subscribed = tracing::subscriber::set_default(lines.clone());
    let lost = Mutex::new(BTreeSet::new());
    let creates = |write: &Write| match write {
        Write::Start(_) => Some("start"),
        Write::Import(_) => Some("import"),
        Write::Append(append) => append.outgoing.iter().find_map(|outgoing| match outgoing {
            Outgoing::Start { .. } => Some("child"),
            Outgoing::Replace(_) => Some("successor"),
            _ => None,
        }),
        _ => None,
    };
    let store = Hooked::new(MemoryStore::new(), move |store, writes| {
        let answers = store.commit(writes)?;
        // The first commit of each kind loses its answer.
        let mut lost = lost.lock().unwrap();
        if writes.iter().filter_map(creates).any(|kind| lost.insert(kind)) { Err(failure()) } else { Ok(answers) }
    });
    let engine = builder().store(store).start().await.unwrap();
    engine.start(parent, ()).id("parent").await.unwrap().result().soon().await.unwrap();
    engine.start(again, 1).id("again").await.unwrap().result().soon().await.unwrap();
    engine.fork("parent", ForkPoint::after_entry(1)).id("fork").await.unwrap();
    let counts = ["parent", "kid", "again", "fork"].map(|id| told(&lines, id));
    assert_eq!(counts, [1, 1, 2, 1]);
}

/// The state for which the commit of a start and the search for due runs wait.
#[derive(Default)]
struct Seen {
    /// The new run, once it is committed.
    new: Option<i64>,
    /// The runs whose entries were read.
    read: BTreeSet<i64>,
}

/// Tests that the search for due runs may find a new run, and activate it, before its start event.
#[tokio::test]
async fn each_start_is_traced_whichever_task_activates_the_run() {
    let lines = Lines::default();
    let _another = tracing::Dispatch::new(Lines::default());
    let _subscribed = tracing::subscriber::set_default(lines.clone());
    let seen = Arc::new((Mutex::new(Seen::default()), Condvar::new()));
    // Returns whether the condition held within the limit.
    let wait = |seen: &(Mutex<Seen>, Condvar), is_so: fn(&Seen) -> bool| {
        let (state, changed) = seen;
        !changed.wait_timeout_while(state.lock().unwrap(), limits::LIMIT, |seen| !is_so(seen)).unwrap().1.timed_out()
    };
    let change = |seen: &(Mutex<Seen>, Condvar), change: &dyn Fn(&mut Seen)| {
        change(&mut seen.0.lock().unwrap());
        seen.1.notify_all();
    };
    let (found, is_found) = std::sync::mpsc::channel();
    let committing = seen.clone();
    let store = Hooked::new(MemoryStore::new(), move |store, writes| {
        let answers = store.commit(writes)?;
        let new = writes.iter().zip(&answers).find_map(|(write, answer)| match (write, answer) {
            (Write::Start(_), Ok(Written::Number(number))) => Some(*number),
            _ => None,
        });
        if new.is_some() {
            change(&committing, &|seen| seen.new = new);
            found.send(wait(&committing, |seen| seen.new.is_some_and(|new| seen.read.contains(&new)))).unwrap();
        }
        Ok(answers)
    });
    let searching = seen.clone();
    let store = store.searching(move |query| {
        if query.wake_at.is_some_and(|(from, _)| from == 0) {
            wait(&searching, |seen| seen.new.is_some());
        }
    });
    let store = store.reading(move |run, _| change(&seen, &|seen| seen.read.extend([run])));
    let engine = builder().store(store).start().await.unwrap();
    let run = engine.start(child, "card".into()).id("new").await.unwrap();
    assert!(is_found.try_recv().unwrap(), "it is in memory before the answer to its start");
    run.result().soon().await.unwrap();
    assert_eq!(told(&lines, "new"), 1);
}
