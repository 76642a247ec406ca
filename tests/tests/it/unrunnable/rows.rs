//! Missing rows of fields that an entry has written: of shared state, and of a continued context.

use super::{Go, LONG, Order, ordering};
use crate::runs::wait_for;
use std::path::{Path, PathBuf};
use steadfast::prelude::*;
use steadfast::{EngineError, ParkCause, RunError, Status};
use tokio::time::timeout;

#[derive(StepContext, Clone, Debug)]
struct Tally {
    #[context(default)]
    chunks: u64,
    #[context(default)]
    total: u64,
}

#[step]
async fn count(state: &State<Tally>) -> Result<()> {
    state.edit(|s| (s.chunks, s.total) = (1, 7)).await?;
    state.set("key", &5_u64).await?;
    Ok(())
}

#[step]
async fn read(state: &State<Tally>) -> Result<u64> {
    Ok(state.read().await?.total)
}

#[workflow(state = Tally)]
async fn tallying(flow: &mut Flow) -> Result<u64> {
    count(&*flow).await?;
    flow.receive::<Go>().await?;
    Ok(read(&*flow).await?)
}

/// Begins with the context of another run.
#[workflow(context = Order)]
async fn reordering(flow: &mut Flow<Order>) -> Result<u64> {
    flow.receive::<Go>().await?;
    Ok(flow.total)
}

async fn open(path: &Path) -> Engine {
    let builder = Engine::builder().sqlite(path).workflow(tallying).workflow(ordering).workflow(reordering);
    builder.start().await.unwrap()
}

/// Creates a file with a run of shared state, a run that continues another, and that other.
async fn with_runs(folder: &tempfile::TempDir) -> PathBuf {
    let path = folder.path().join("runs.db");
    let engine = open(&path).await;
    let tally = engine.start(tallying, ()).id("tally").await.unwrap();
    let first = engine.start(ordering, ()).id("first").await.unwrap();
    engine.send("first", Go(1)).await.unwrap();
    assert_eq!(timeout(LONG, first.result()).await.unwrap().unwrap(), 7);
    let second = engine.start(reordering, ()).id("second").continuing("first").await.unwrap();
    wait_for(&tally, Status::Sleeping).await;
    wait_for(&second, Status::Sleeping).await;
    engine.shutdown(LONG).await.unwrap();
    path
}

/// Deletes a row that an entry of this kind has written.
fn delete(path: &Path, run: &str, kind: &str, field: &str) {
    let file = rusqlite::Connection::open(path).unwrap();
    crate::entries::unpack(&file);
    let deleted = file.execute(
        "DELETE FROM steadfast_fields WHERE name = ?3 AND (run, seq) IN
            (SELECT e.run, e.seq FROM steadfast_entries e JOIN steadfast_runs r ON r.number = e.run
                WHERE r.id = ?1 AND e.kind = ?2)",
        (run, kind, field),
    );
    assert_eq!(deleted.unwrap(), 1, "{run} {kind} {field}");
}

fn assert_names(text: &str, run: &str) {
    for part in [&format!("run `{run}`"), "entry ", "steadfast_fields"] {
        assert!(text.contains(part), "«{text}» does not say «{part}»");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_rows_of_shared_state_park_the_run_and_name_it_and_the_entry() {
    let edited = ["state.chunks", "state.total"].map(|row| ("state_edited", row));
    let others = [("state_edited", "key.key"), ("state_set", "state.total")];
    for (kind, row) in edited.into_iter().chain(others) {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let path = with_runs(&folder).await;
        delete(&path, "tally", kind, row);
        let engine = open(&path).await;
        engine.send("tally", Go(1)).await.unwrap();
        let run = engine.handle(tallying, "tally").await.unwrap();
        match timeout(LONG, run.result()).await.expect("it is not parked") {
            Err(RunError::Parked { reason }) if reason.cause == ParkCause::Damaged => {
                assert_names(&reason.message, "tally");
            }
            other => panic!("without `{row}` of {kind}: {other:?}"),
        }
        assert_names(&run.state::<Tally>().await.unwrap_err().to_string(), "tally");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_rows_of_a_continued_context_park_the_run_and_name_it_and_the_entry() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = with_runs(&folder).await;
    delete(&path, "second", "context_continued", "total");
    let engine = open(&path).await;
    engine.send("second", Go(1)).await.unwrap();
    let run = engine.handle(reordering, "second").await.unwrap();
    match timeout(LONG, run.result()).await.expect("it is not parked") {
        Err(RunError::Parked { reason }) if reason.cause == ParkCause::Damaged => {
            assert_names(&reason.message, "second");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_context_with_missing_rows_is_neither_read_nor_continued() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = with_runs(&folder).await;
    delete(&path, "first", "context_updated", "total");
    let engine = open(&path).await;
    let first = engine.handle(ordering, "first").await.unwrap();
    assert_names(&first.context_at::<Order>(u64::MAX).await.unwrap_err().to_string(), "first");
    let third: Result<_, EngineError> = engine.start(reordering, ()).id("third").continuing("first").await;
    assert_names(&third.map(drop).unwrap_err().to_string(), "first");
}
