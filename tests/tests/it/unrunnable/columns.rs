//! Damaged columns of a run's row: its due time, its successor, and its first run, which owns the outputs.

use super::{LONG, Place, naps};
use crate::runs::wait_for;
use std::path::{Path, PathBuf};
use steadfast::prelude::*;
use steadfast::{CheckReport, EngineError, ParkCause, RunError, Status};
use tokio::time::timeout;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_row_is_due_in_centuries_is_driven_by_the_next_start() {
    for due in [i64::MAX.to_string(), "wake_at * 1000".to_owned(), "wake_at + (1 << 50)".to_owned()] {
        let place = Place::with_runs().await;
        assert_eq!(place.spoil(&format!("UPDATE steadfast_runs SET wake_at = {due} WHERE id = 'nap-1'")), 1);
        let engine = place.open().await;
        let nap = engine.handle(naps, "nap-1").await.unwrap();
        assert_eq!(timeout(LONG, nap.result()).await.expect("an engine drives it").unwrap(), 3, "{due}");
        engine.shutdown(LONG).await.unwrap();
    }
}

/// Returns the report of a check of a row with this due time.
async fn checked(due: &str) -> CheckReport {
    let place = Place::with_runs().await;
    place.spoil(&format!("UPDATE steadfast_runs SET wake_at = {due} WHERE id = 'nap-1'"));
    let builder = Engine::builder().sqlite(place.path()).workflow(naps).workflow(super::ordering);
    builder.check().await.unwrap()
}

/// Tests a damage that no start can detect without reading every journal.
#[tokio::test(flavor = "multi_thread")]
async fn a_check_names_a_run_whose_row_is_due_later_than_its_journal_says() {
    for due in ["NULL", "wake_at + 86400000"] {
        let report = checked(due).await;
        let [problem] = report.problems() else { panic!("{report}") };
        assert_eq!((problem.run.as_str(), problem.reason.cause), ("nap-1", ParkCause::Damaged), "{report}");
        assert!(problem.reason.message.contains("wake_at"), "{report}");
    }
    // Small differences are allowed: two clocks are read one after the other, and a clock is adjusted by a little while
    // an engine lives.
    let report = checked("wake_at + 400").await;
    assert!(report.is_ok(), "{report}");
}

#[derive(Message, serde::Serialize, serde::Deserialize)]
struct Round(u64);

#[workflow]
async fn rounds(flow: &mut Flow, round: u64) -> Result<u64> {
    flow.publish("round", &round);
    if round < 2 {
        return flow.continue_as_new(rounds, round + 1).await;
    }
    flow.receive::<Round>().await?;
    Ok(round)
}

async fn open(path: &Path) -> Engine {
    Engine::builder().sqlite(path).workflow(rounds).start().await.unwrap()
}

/// Starts a run that continues as new twice and waits. Returns the file, and the number of its first execution.
async fn gone_on(folder: &tempfile::TempDir) -> (PathBuf, i64) {
    let path = folder.path().join("runs.db");
    let engine = open(&path).await;
    let first = engine.start(rounds, 0).id("r").await.unwrap();
    let last = async {
        loop {
            let now = engine.run("r").await.unwrap();
            if first.number() + 2 == now.number() {
                return now;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    wait_for(&timeout(LONG, last).await.expect("it goes on twice"), Status::Sleeping).await;
    engine.shutdown(LONG).await.unwrap();
    (path, first.number())
}

fn spoil(path: &Path, column: &str, value: &str, number: i64) {
    let file = rusqlite::Connection::open(path).unwrap();
    let text = format!("UPDATE steadfast_runs SET {column} = {value} WHERE number = {number}");
    assert_eq!(file.execute(&text, []).unwrap(), 1);
}

/// Reads the result through a handle of the first execution.
async fn asked(path: &Path, number: i64) -> (Engine, Result<u64, RunError>) {
    let engine = open(path).await;
    let id = format!("r~{number}");
    engine.send("r", Round(1)).await.unwrap();
    let first = engine.handle(rounds, &id).await.unwrap();
    let result = timeout(LONG, first.result()).await.expect("an answer");
    (engine, result)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_went_on_is_found_though_its_row_no_longer_says_as_which() {
    for value in ["NULL", "number", "number - 100", "999", "number + 2"] {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let (path, first) = gone_on(&folder).await;
        spoil(&path, "successor", value, first);
        let (engine, result) = asked(&path, first).await;
        assert_eq!(result.unwrap(), 2, "{value}");
        let old = engine.run(&format!("r~{first}")).await.unwrap();
        assert_eq!(old.successor().await.unwrap().map(|run| run.number()), Some(first + 1), "{value}");
        assert_eq!(timeout(LONG, old.published::<u64>("round")).await.expect(value).unwrap(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_went_on_and_whose_successor_is_not_there_is_an_error() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (path, first) = gone_on(&folder).await;
    spoil(&path, "successor", "NULL", first);
    spoil(&path, "origin", "NULL", first + 1);
    match asked(&path, first).await.1 {
        Err(RunError::Engine(EngineError::Store(error))) => {
            assert!(error.message.contains(&format!("`r~{first}`")) && error.message.contains("successor"), "{error}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_row_belongs_to_another_lineage_is_parked_and_named() {
    for value in ["NULL", "999", "-1", "number"] {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let (path, first) = gone_on(&folder).await;
        spoil(&path, "lineage", value, first + 2);
        match asked(&path, first).await.1 {
            Err(RunError::Parked { reason }) => {
                assert_eq!(reason.cause, ParkCause::Damaged, "{value}: {reason}");
                assert!(reason.message.contains("run `r`") && reason.message.contains("lineage"), "{reason}");
            }
            other => panic!("{value}: {other:?}"),
        }
    }
    // The same holds for a run with one execution.
    let place = Place::with_runs().await;
    assert_eq!(place.spoil("UPDATE steadfast_runs SET lineage = 999 WHERE id = 'nap-1'"), 1);
    let engine = place.open().await;
    let nap = engine.handle(naps, "nap-1").await.unwrap();
    let ended = timeout(LONG, nap.result()).await.expect("an answer");
    assert!(matches!(&ended, Err(RunError::Parked { reason }) if reason.message.contains("lineage")), "{ended:?}");
}
