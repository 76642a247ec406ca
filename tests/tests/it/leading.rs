//! Which thread commits: the engine's own, or the one that brings an append while a run is at work alone.

use crate::faulty::Hooked;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use steadfast::prelude::*;
use steadfast::store::backend::Write;
use steadfast::store::{MemoryStore, Store};

#[step]
async fn count(so_far: u64) -> Result<u64> {
    Ok(so_far + 1)
}

#[workflow]
async fn counts(flow: &mut Flow<()>, to: u64) -> Result<u64> {
    let mut so_far = 0;
    while so_far < to {
        so_far = count(flow, so_far).await?;
    }
    Ok(so_far)
}

/// Runs a workflow of so many steps on a store whose commits take this long. Returns, for each commit of an append, whether
/// the engine's own thread has made it.
async fn commits(steps: u64, took: Duration) -> Vec<bool> {
    let own = Arc::new(Mutex::new(Vec::new()));
    let noted = own.clone();
    let store = Hooked::new(MemoryStore::new(), move |store: &MemoryStore, writes: &[Write]| {
        if writes.iter().any(|write| matches!(write, Write::Append(_))) {
            let here = std::thread::current().name() == Some("steadfast-commit");
            noted.lock().unwrap().push(here);
        }
        std::thread::sleep(took);
        store.commit(writes)
    });
    let engine = Engine::builder().store(store).workflow(counts).start().await.unwrap();
    assert_eq!(engine.start(counts, steps).await.unwrap().result().await.unwrap(), steps);
    engine.shutdown(Duration::from_secs(10)).await.unwrap();
    let own = own.lock().unwrap();
    own.clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_at_work_alone_commits_where_it_is() {
    let own = commits(200, Duration::ZERO).await;
    assert!(own[0], "the first commits are made by the engine's thread: nothing is known of the disk yet");
    let led = own.iter().filter(|own| !**own).count();
    assert!(led > 100, "{led} of {}", own.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_disk_keeps_no_thread_of_the_runtime_waiting() {
    let own = commits(30, Duration::from_millis(4)).await;
    assert!(own.iter().all(|own| *own), "{own:?}");
}

#[tokio::test]
async fn the_only_thread_of_a_runtime_does_not_wait_for_the_disk() {
    let own = commits(100, Duration::ZERO).await;
    assert!(own.iter().all(|own| *own), "{own:?}");
}

/// A write that another process keeps from being committed where it stands goes to the engine's thread, which waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_goes_on_after_another_process_has_written() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("leading.db");
    let engine = Engine::builder().sqlite(&path).workflow(counts).start().await.unwrap();
    let run = engine.start(counts, 400).await.unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.busy_timeout(Duration::from_secs(10)).unwrap();
    for _ in 0..3 {
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        std::thread::sleep(Duration::from_millis(30));
        other.execute_batch("COMMIT").unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(tokio::time::timeout(Duration::from_mins(1), run.result()).await.unwrap().unwrap(), 400);
    engine.shutdown(Duration::from_secs(10)).await.unwrap();
}
