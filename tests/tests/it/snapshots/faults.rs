//! Databases that fail, or whose answer is lost, at each commit of an import, a move and a run that continues another.

use super::contents::{Shelf, album, exported, is_whole, keyed};
use super::{Desk, journey};
use crate::faulty::{Answers, Hooked, failure};
use crate::runs::wait_for;
use limits::Soon as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use steadfast::prelude::*;
use steadfast::store::backend::{RunQuery, Write};
use steadfast::store::{MemoryStore, Store};
use steadfast::{EngineError, RunError, RunFilter, Status};

/// A fault at one commit that is not a heartbeat, counted down from where it is set.
#[derive(Clone, Default)]
struct Fault {
    left: Arc<AtomicUsize>,
    /// Whether the commit is done and only its answer is lost.
    done: bool,
}

impl Fault {
    fn new(done: bool) -> Self {
        Self { left: Arc::new(AtomicUsize::new(usize::MAX)), done }
    }

    fn at(&self, commit: usize) {
        self.left.store(commit, Ordering::SeqCst);
    }

    fn store(&self) -> Hooked {
        let fault = self.clone();
        Hooked::new(MemoryStore::new(), move |store, writes| fault.commit(store, writes))
    }

    fn commit(&self, store: &MemoryStore, writes: &[Write]) -> Answers {
        let counts = writes.iter().any(|write| !matches!(write, Write::Heartbeat(_) | Write::OpenLease { .. }));
        if !counts || self.left.fetch_sub(1, Ordering::SeqCst) != 0 {
            return store.commit(writes);
        }
        if self.done {
            store.commit(writes)?;
        }
        Err(failure())
    }
}

/// Imports a file, and repeats it until it works, as a person would. It first deletes the remains of the previous try.
async fn import(engine: &Engine, path: &std::path::Path) {
    for _ in 0..3 {
        match engine.import(path).await {
            Ok(_) => return,
            Err(EngineError::WrongStatus { .. }) => engine.run("album").await.unwrap().delete().await.unwrap(),
            Err(EngineError::Store(_) | EngineError::Value { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("it was never imported");
}

#[tokio::test]
async fn an_import_is_whole_or_nothing_at_every_commit() {
    let desk = Desk::new();
    exported(&desk).await.1.cancel("it is in the file").await.unwrap();
    for done in [false, true] {
        for commit in 0..6 {
            let fault = Fault::new(done);
            let builder = Engine::builder().store(fault.store()).field_store("blobs", Shelf::default());
            let engine = keyed(builder.workflow(album)).start().await.unwrap();
            fault.at(commit);
            import(&engine, &desk.path("album.run")).await;
            is_whole(&engine.handle(album, "album").await.unwrap().result().soon().await.unwrap(), 1);
            assert_eq!(engine.list(RunFilter::all()).await.unwrap().len(), 1, "commit {commit}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_keeps_its_run_while_an_engine_that_starts_looks_for_unfinished_ones() {
    let desk = Desk::new();
    exported(&desk).await;
    let [claimed, looked] = [(); 2].map(|()| Arc::new(OnceLock::new()));
    let store = Hooked::new(MemoryStore::new(), {
        let (claimed, looked) = (claimed.clone(), looked.clone());
        move |store: &MemoryStore, writes: &[Write]| {
            let is_completed = |write: &Write| matches!(write, Write::Append(append) if append.change.parked.is_some());
            if writes.iter().any(is_completed) {
                limits::hold_until(|| looked.get().is_some());
            }
            let answers = store.commit(writes);
            if writes.iter().any(|write| matches!(write, Write::Claim { .. })) {
                claimed.get_or_init(|| ());
            }
            answers
        }
    });
    let for_parked = |query: &RunQuery| query.statuses == [Status::Parked];
    let store = store.searching(move |query| {
        if for_parked(query) {
            limits::hold_until(|| claimed.get().is_some());
        }
    });
    let store = store.found(move |query| {
        if for_parked(query) {
            looked.get_or_init(|| ());
        }
    });
    let builder = Engine::builder().store(store).field_store("blobs", Shelf::default());
    let engine = keyed(builder.workflow(album)).start().await.unwrap();
    engine.import(desk.path("album.run")).soon().await.unwrap();
    is_whole(&engine.handle(album, "album").await.unwrap().result().soon().await.unwrap(), 1);
}

#[tokio::test]
async fn a_run_is_moved_once_at_every_commit() {
    let desk = Desk::new();
    for done in [false, true] {
        for commit in 0..3 {
            for evict_after in [Duration::ZERO, Duration::from_mins(1)] {
                let fault = Fault::new(done);
                let builder = Engine::builder().store(fault.store()).workflow(journey).evict_after(evict_after);
                let engine = builder.start().await.unwrap();
                let run = engine.start(journey, 60_000).id("trip").await.unwrap();
                wait_for(&run, Status::Sleeping).await;
                fault.at(commit);
                let path = desk.path("trip.run");
                let mut moved = run.export_and_end(&path).soon().await;
                for _ in 0..3 {
                    if moved.is_err() {
                        moved = run.export_and_end(&path).soon().await;
                    }
                }
                let info = moved.unwrap();
                assert!(matches!(run.result().soon().await, Err(RunError::Moved)));
                assert_eq!(info.entries + 1, run.status().await.unwrap().entries);
                let other = Engine::builder().in_memory().workflow(journey).start().await.unwrap();
                let run = other.import(&path).await.unwrap();
                assert_eq!(run.status().await.unwrap().status, Status::Sleeping);
                std::fs::remove_file(path).unwrap();
            }
        }
    }
}

#[tokio::test]
async fn a_run_that_continues_another_starts_once_at_every_commit() {
    for done in [false, true] {
        for commit in 0..6 {
            let fault = Fault::new(done);
            let builder = Engine::builder().store(fault.store()).field_store("blobs", Shelf::default());
            let engine = keyed(builder.workflow(album)).start().await.unwrap();
            let first = engine.start(album, 0).id("first").await.unwrap();
            is_whole(&first.result().soon().await.unwrap(), 1);
            fault.at(commit);
            let mut next = engine.start(album, 0).id("next").continuing("first").await;
            for _ in 0..3 {
                let left = match &next {
                    Ok(run) => run.status().await.unwrap().parked.is_some(),
                    Err(EngineError::Store(_) | EngineError::Value { .. }) => engine.run("next").await.is_ok(),
                    Err(error) => panic!("{error}"),
                };
                if left {
                    engine.run("next").await.unwrap().delete().await.unwrap();
                }
                if left || next.is_err() {
                    next = engine.start(album, 0).id("next").continuing("first").await;
                }
            }
            is_whole(&next.unwrap().result().soon().await.unwrap(), 2);
        }
    }
}
