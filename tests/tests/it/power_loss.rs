//! A power cut leaves the files as they were at some fsync. `kill -9` does not show that: here the files are copied after
//! every commit, and the run is resumed from every copy.

use crate::flows::{Tally, count_up, deed, stumbling};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use steadfast::prelude::*;
use steadfast::store::{
    EntryRow, FieldRow, InboxRow, LeaseRow, Rejected, RunKey, RunPage, RunQuery, RunRow, SqliteStore, Store,
    StoreError, Write, Written,
};

/// A SQLite store that copies its files after each commit, before anybody hears of it.
struct Copying {
    inner: SqliteStore,
    path: PathBuf,
    copies: Arc<Mutex<Vec<PathBuf>>>,
}

impl Store for Copying {
    fn commit(&self, writes: &[Write]) -> Result<Vec<std::result::Result<Written, Rejected>>, StoreError> {
        let answers = self.inner.commit(writes)?;
        let mut copies = self.copies.lock().unwrap();
        let copy = self.path.with_file_name(format!("copy-{}.db", copies.len()));
        for end in ["", "-wal"] {
            let from = format!("{}{end}", self.path.display());
            if Path::new(&from).exists() {
                std::fs::copy(from, format!("{}{end}", copy.display())).unwrap();
            }
        }
        copies.push(copy);
        Ok(answers)
    }

    fn run(&self, key: RunKey<'_>) -> Result<Option<RunRow>, StoreError> {
        self.inner.run(key)
    }

    fn runs(&self, query: &RunQuery) -> Result<RunPage, StoreError> {
        self.inner.runs(query)
    }

    fn entries(&self, run: i64, after: u64, limit: usize) -> Result<Vec<EntryRow>, StoreError> {
        self.inner.entries(run, after, limit)
    }

    fn fields(&self, run: i64, from: u64, to: u64) -> Result<Vec<FieldRow>, StoreError> {
        self.inner.fields(run, from, to)
    }

    fn inbox(&self, of: RunKey<'_>) -> Result<Vec<InboxRow>, StoreError> {
        self.inner.inbox(of)
    }

    fn leases(&self) -> Result<Vec<LeaseRow>, StoreError> {
        self.inner.leases()
    }

    fn foreign_changes(&self) -> Result<u64, StoreError> {
        self.inner.foreign_changes()
    }

    fn database_id(&self) -> &str {
        self.inner.database_id()
    }
}

#[step]
async fn told(tally: String, n: u64) -> Result<u64> {
    deed(&tally, &n.to_string());
    Ok(n)
}

/// Tells the outside world of every step.
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
    let inner = SqliteStore::open(&path, steadfast::Durability::Full).unwrap();
    let store = Copying { inner, path, copies: copies.clone() };
    let open = |builder: steadfast::EngineBuilder| {
        builder.workflow(count_up).workflow(stumbling).workflow(telling).skip_sleeps().start()
    };
    let engine = open(Engine::builder().store(store)).await.unwrap();
    let tally = Tally::new("power");
    let count = engine.start(count_up, 4).id("count").await.unwrap().result().await.unwrap();
    let paid = engine.start(stumbling, "x".into()).id("stumble").await.unwrap().result().await.unwrap();
    let sum = engine.start(telling, tally.name().to_owned()).id("tell").await.unwrap().result().await.unwrap();
    drop(engine);

    let copies = std::mem::take(&mut *copies.lock().unwrap());
    println!("{} copies", copies.len());
    assert!(copies.len() > 15);
    for copy in copies {
        // The process that held the lock is gone with the power; another machine's files have no lock files at all.
        let engine = open(Engine::builder().sqlite(&copy)).await.unwrap();
        let resumed = engine.start(count_up, 4).id("count").await.unwrap();
        assert_eq!(resumed.result().await.unwrap(), count, "{}", copy.display());
        let resumed = engine.start(stumbling, "x".into()).id("stumble").await.unwrap();
        assert_eq!(resumed.result().await.unwrap(), paid, "{}", copy.display());
        let resumed = engine.start(telling, tally.name().to_owned()).id("tell").await.unwrap();
        assert_eq!(resumed.result().await.unwrap(), sum, "{}", copy.display());
    }
}
