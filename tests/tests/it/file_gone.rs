//! Database files that are deleted, moved or replaced while an engine runs on them.
#![cfg(unix)]

use limits::Soon as _;
use std::path::{Path, PathBuf};
use steadfast::prelude::*;
use steadfast::store::StoreErrorKind;
use steadfast::{EngineError, RunError};
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(20);

#[step]
async fn tick(n: u64) -> Result<u64> {
    tokio::time::sleep(Duration::from_millis(5)).await;
    Ok(n)
}

#[workflow]
async fn ticks(flow: &mut Flow, count: u64) -> Result<u64> {
    for n in 0..count {
        tick(&*flow, n).await?;
    }
    Ok(count)
}

async fn open(path: &Path) -> Engine {
    let builder = Engine::builder().sqlite(path).lease_term(Duration::from_secs(1));
    builder.workflow(ticks).start().await.unwrap()
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    format!("{}{suffix}", path.display()).into()
}

#[track_caller]
fn assert_gone(error: &EngineError, names: &str) {
    match error {
        EngineError::Store(error) => {
            assert_eq!(error.kind, StoreErrorKind::Gone, "{error}");
            assert!(error.message.contains(names) && error.message.contains("Stop this program"), "{error}");
        }
        other => panic!("{other:?}"),
    }
}

/// Starts a run. The engine must report that the file is gone.
async fn refused(engine: &Engine, names: &str) {
    let started = timeout(SOON, engine.start(ticks, 0).into_future()).await.expect("an answer");
    assert_gone(&started.map(drop).expect_err("the file is gone"), names);
}

/// Tests each way to lose the files: no call returns `Ok` afterwards, the run in flight is blocked, and the engine can
/// be stopped.
#[tokio::test(flavor = "multi_thread")]
async fn an_engine_stands_still_when_its_files_are_gone() {
    for way in ["deleted", "replaced", "log deleted", "index deleted", "folder moved"] {
        println!("{way}");
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let inside = folder.path().join("data");
        std::fs::create_dir(&inside).unwrap();
        let path = inside.join("runs.db");
        let engine = open(&path).await;
        let run = engine.start(ticks, 1_000_000).await.unwrap();
        assert_eq!(timeout(SOON, engine.start(ticks, 3).await.unwrap().result()).await.unwrap().unwrap(), 3);
        let names = match way {
            "deleted" => std::fs::remove_file(&path).map(|()| "runs.db was deleted"),
            "replaced" => {
                let other = folder.path().join("other.db");
                open(&other).await.shutdown(SOON).await.unwrap();
                std::fs::rename(other, &path).map(|()| "runs.db was replaced")
            }
            "log deleted" => std::fs::remove_file(beside(&path, "-wal")).map(|()| "runs.db-wal was deleted"),
            "index deleted" => std::fs::remove_file(beside(&path, "-shm")).map(|()| "runs.db-shm was deleted"),
            _ => std::fs::rename(&inside, folder.path().join("moved")).map(|()| "runs.db was deleted or moved"),
        }
        .unwrap();
        if way == "index deleted" {
            // The index holds nothing committed, so an occasional check is enough.
            let look = async {
                while engine.start(ticks, 0).await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            timeout(SOON, look).await.expect("it is noticed");
        }
        refused(&engine, names).await;
        assert_gone(&run.status().await.map(drop).expect_err("what it says would be lost"), names);
        match timeout(SOON, run.result()).await.expect("what it waits for does not come") {
            Err(RunError::Engine(error)) => assert_gone(&error, names),
            other => panic!("{other:?}"),
        }
        if way == "folder moved" {
            std::fs::rename(folder.path().join("moved"), &inside).unwrap();
            assert_eq!(timeout(SOON, goes_on(&engine)).await.expect("it goes on"), 2);
        }
        let _ = timeout(SOON, engine.shutdown(Duration::from_millis(100))).await.expect("it can be stopped");
    }
}

async fn goes_on(engine: &Engine) -> u64 {
    loop {
        match engine.start(ticks, 2).await {
            Ok(run) => return run.result().soon().await.unwrap(),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Tests that the log of the new file remains: SQLite removes the log by its name when the last connection is closed.
#[tokio::test(flavor = "multi_thread")]
async fn an_engine_whose_file_was_replaced_leaves_the_other_alone() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("runs.db");
    let old = open(&path).await;
    old.start(ticks, 3).await.unwrap().result().soon().await.unwrap();
    for suffix in ["", "-wal", "-shm"] {
        std::fs::remove_file(beside(&path, suffix)).unwrap();
    }
    let new = open(&path).await;
    new.start(ticks, 3).id("of the new file").await.unwrap().result().soon().await.unwrap();
    refused(&old, "runs.db was replaced").await;
    let _ = old.shutdown(Duration::from_millis(100)).await;
    drop(old);
    assert!(beside(&path, "-wal").exists() && beside(&path, "-shm").exists(), "they belong to the new file");
    assert_eq!(timeout(SOON, goes_on(&new)).await.expect("it goes on"), 2);
    drop(new);
    let again = open(&path).await;
    assert_eq!(again.handle(ticks, "of the new file").await.unwrap().result().soon().await.unwrap(), 3);
}
