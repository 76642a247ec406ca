//! Power cuts: they leave the files as of some fsync. `kill -9` does not show that, so here the files are copied after
//! every commit, and the run is resumed from every copy.

use crate::faulty::Hooked;
use crate::flows::{Tally, count_up, deed, stumbling};
use limits::Soon as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use steadfast::prelude::*;
use steadfast::store::{SqliteStore, Store};

/// Returns an SQLite store that copies its files after each commit, before the answer.
fn copying(path: PathBuf, copies: Arc<Mutex<Vec<PathBuf>>>) -> Hooked<SqliteStore> {
    let inner = SqliteStore::open(&path, steadfast::Durability::Full).unwrap();
    Hooked::new(inner, move |store, writes| {
        // The lock keeps other commits out meanwhile.
        let mut copies = copies.lock().unwrap();
        let answers = store.commit(writes)?;
        let copy = path.with_file_name(format!("copy-{}.db", copies.len()));
        for end in ["", "-wal"] {
            let from = format!("{}{end}", path.display());
            if Path::new(&from).exists() {
                std::fs::copy(from, format!("{}{end}", copy.display())).unwrap();
            }
        }
        copies.push(copy);
        Ok(answers)
    })
}

#[step]
async fn told(tally: String, n: u64) -> Result<u64> {
    deed(&tally, &n.to_string());
    Ok(n)
}

/// Reports every step to the outside world.
#[workflow]
async fn telling(flow: &mut Flow, tally: String) -> Result<u64> {
    let (one, two) = try_join!(told(flow, tally.clone(), 1), told(flow, tally.clone(), 2))?;
    let three = told(flow, tally, 3).await?;
    Ok(one + two + three)
}

#[tokio::test]
async fn a_run_goes_on_from_the_files_as_they_were_at_every_commit() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("original.db");
    let copies: Arc<Mutex<Vec<PathBuf>>> = Arc::default();
    let store = copying(path, copies.clone());
    let open = |builder: steadfast::EngineBuilder| {
        builder.workflow(count_up).workflow(stumbling).workflow(telling).skip_sleeps().start()
    };
    let engine = open(Engine::builder().store(store)).await.unwrap();
    let tally = Tally::new("power");
    let count = engine.start(count_up, 4).id("count").await.unwrap().result().soon().await.unwrap();
    let paid = engine.start(stumbling, "x".into()).id("stumble").await.unwrap().result().soon().await.unwrap();
    let sum = engine.start(telling, tally.name().to_owned()).id("tell").await.unwrap().result().soon().await.unwrap();
    drop(engine);

    // The list is cloned, because later commits still add copies.
    let copies = copies.lock().unwrap().clone();
    println!("{} copies", copies.len());
    assert!(copies.len() > 15);
    for copy in copies {
        // The process that held the lock is gone with the power. Another machine's files have no lock files at all.
        let engine = open(Engine::builder().sqlite(&copy)).await.unwrap();
        let resumed = engine.start(count_up, 4).id("count").await.unwrap();
        assert_eq!(resumed.result().soon().await.unwrap(), count, "{}", copy.display());
        let resumed = engine.start(stumbling, "x".into()).id("stumble").await.unwrap();
        assert_eq!(resumed.result().soon().await.unwrap(), paid, "{}", copy.display());
        let resumed = engine.start(telling, tally.name().to_owned()).id("tell").await.unwrap();
        assert_eq!(resumed.result().soon().await.unwrap(), sum, "{}", copy.display());
    }
}
