//! Databases that were changed under a running engine (cases T3, V1, V2, and «bad input»): the fault is named, nothing
//! is lost, other runs continue.

use crate::changed_code::held_at;
use crate::flows::{Counter, count_up};
use crate::runs::wait_for;
use limits::Soon as _;
use std::path::{Path, PathBuf};
use steadfast::prelude::*;
use steadfast::{EngineError, ParkCause, ParkReason, RunError, Status};

#[step]
async fn hold() -> Result<()> {
    std::future::pending().await
}

#[workflow(context = Counter)]
async fn held(start: Start<Counter>) -> Result<u64> {
    let mut flow = start.with(Counter::builder().label("held").total(7).build()).await?;
    hold(&flow).await?;
    flow.update(|c| c.total(c.total + 1)).await?;
    Ok(flow.total)
}

/// Creates a database with one blocked run.
async fn database(folder: &Path) -> PathBuf {
    let path = folder.join("tampered.db");
    let engine = Engine::builder().sqlite(&path).workflow(held).start().await.unwrap();
    held_at(&engine.start(held, ()).id("order-42").await.unwrap(), 3).await;
    engine.shutdown(Duration::ZERO).await.unwrap();
    path
}

/// Changes a database as a broken disk or a clumsy hand would, starts an engine, returns the reason why the run is
/// parked, repairs the database, and lets the run resume.
async fn parked_after(tampering: &str, mending: &str) -> ParkReason {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = database(folder.path()).await;
    let sql = |text: &str| {
        let db = rusqlite::Connection::open(&path).unwrap();
        assert!(crate::entries::change(&db, text) > 0, "{text}");
    };
    sql(tampering);
    let open = || async {
        let builder = Engine::builder().sqlite(&path).workflow(held).workflow(count_up);
        builder.stub::<hold>(|()| Ok(())).start().await.unwrap()
    };
    let engine = open().await;
    // Other runs continue.
    engine.start(count_up, 2).await.unwrap().result().soon().await.unwrap();
    let run = engine.handle(held, "order-42").await.unwrap();
    let Err(RunError::Parked { reason }) = run.result().soon().await else {
        panic!("it should be parked: {tampering}")
    };
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    drop((run, engine));
    sql(mending);
    let engine = open().await;
    let run = engine.handle(held, "order-42").await.unwrap();
    wait_for(&run, Status::Completed).await;
    assert_eq!(run.result().soon().await.unwrap(), 8, "nothing was lost");
    *reason
}

#[tokio::test]
async fn a_field_that_does_not_decode_names_run_context_and_field() {
    let reason = parked_after(
        "UPDATE steadfast_fields SET body = '\"seven\"' WHERE name = 'total'",
        "UPDATE steadfast_fields SET body = '7' WHERE name = 'total'",
    )
    .await;
    assert_eq!(reason.cause, ParkCause::Unreadable);
    for part in ["`order-42`", "`Counter`", "`total`", "seven", "u64"] {
        assert!(reason.to_string().contains(part), "{part} in {reason}");
    }
}

#[tokio::test]
async fn an_entry_of_a_newer_format_names_both_versions() {
    let reason = parked_after(
        "UPDATE steadfast_entries SET format = 9 WHERE seq = 2",
        "UPDATE steadfast_entries SET format = 1 WHERE seq = 2",
    )
    .await;
    assert_eq!(reason.cause, ParkCause::Damaged);
    for part in ["order-42", "format 9", "format 4", "entry 2"] {
        assert!(reason.to_string().contains(part), "{part} in {reason}");
    }
}

#[tokio::test]
async fn a_damaged_entry_names_run_and_row() {
    let reason = parked_after(
        "UPDATE steadfast_entries SET kind = 'nonsense' WHERE seq = 3",
        "UPDATE steadfast_entries SET kind = 'step_started' WHERE seq = 3",
    )
    .await;
    assert_eq!(reason.cause, ParkCause::Damaged);
    for part in ["order-42", "entry 3", "nonsense"] {
        assert!(reason.to_string().contains(part), "{part} in {reason}");
    }
}

#[tokio::test]
async fn a_missing_entry_is_noticed() {
    let reason = parked_after(
        "UPDATE steadfast_entries SET seq = 30 WHERE seq = 3",
        "UPDATE steadfast_entries SET seq = 3 WHERE seq = 30",
    )
    .await;
    assert_eq!(reason.cause, ParkCause::Damaged);
    assert!(reason.to_string().contains("order-42"), "{reason}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_untouched() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("letter.txt");
    std::fs::write(&path, "Dear Sir or Madam, ".repeat(100)).unwrap();
    let error = Engine::builder().sqlite(&path).start().await.unwrap_err();
    assert!(matches!(error, EngineError::Store(_)), "{error}");
    assert!(error.to_string().contains("letter.txt"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "Dear Sir or Madam, ".repeat(100));
    let missing = folder.path().join("no/such/folder/x.db");
    let error = Engine::builder().sqlite(&missing).start().await.unwrap_err();
    assert!(error.to_string().contains("no/such/folder"), "{error}");
}
