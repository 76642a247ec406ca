//! The operations that a transaction refuses, with the message for each.

use super::{Bank, text, transfer};
use limits::Soon as _;
use std::future::IntoFuture;
use std::time::Duration;
use steadfast::prelude::*;
use steadfast::sql::TestDatabase;
use steadfast::{AttemptCause, EngineError};
use tokio::runtime::{Builder, Handle};
use tokio::time::timeout;

#[transaction]
pub(super) fn execute(tx: &mut Tx<'_>, statement: String) -> Result<String> {
    tx.execute("INSERT INTO moves (cents) VALUES (1)", [])?;
    Ok(tx.execute(&statement, [])?.to_string())
}

#[tokio::test]
async fn statements_that_are_not_for_users_are_refused_and_leave_no_row() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder()).await;
    for (statement, why) in [
        ("COMMIT", "not begun, committed or rolled back by hand"),
        ("ROLLBACK", "not begun, committed or rolled back by hand"),
        ("BEGIN", "not begun, committed or rolled back by hand"),
        ("SAVEPOINT mine", "not begun, committed or rolled back by hand"),
        ("RELEASE steadfast_code", "not begun, committed or rolled back by hand"),
        ("ROLLBACK TO steadfast_code", "not begun, committed or rolled back by hand"),
        ("PRAGMA synchronous = OFF", "`PRAGMA synchronous` is not for transactions"),
        ("ATTACH 'other.db' AS other", "another file is not one commit"),
        ("DETACH main", "another file is not one commit"),
        ("CREATE TEMP TABLE t (x)", "would be there for all runs"),
        ("DELETE FROM steadfast_log", "`steadfast_log` is the engine's"),
        ("delete from Steadfast_Log", "is the engine's"),
        ("INSERT INTO moves (note) SELECT id FROM steadfast_runs", "`steadfast_runs` is the engine's"),
        ("INSERT INTO moves (note) SELECT value FROM \"steadfast_meta\"", "`steadfast_meta` is the engine's"),
        ("INSERT INTO moves (note) SELECT name FROM steadfast_history", "is the engine's"),
        ("CREATE TABLE steadfast_mine (x)", "`steadfast_mine` is the engine's"),
        ("CREATE INDEX mine ON steadfast_runs (id)", "`steadfast_runs` is the engine's"),
        ("CREATE TRIGGER mine AFTER INSERT ON steadfast_runs BEGIN SELECT 1; END", "`steadfast_runs` is the engine's"),
        ("CREATE VIEW steadfast_mine AS SELECT 1", "`steadfast_mine` is the engine's"),
        ("ALTER TABLE moves RENAME TO steadfast_moves", "begin with `steadfast_` are the engine's"),
        ("DROP TABLE steadfast_inbox", "is the engine's"),
        ("UPDATE sqlite_sequence SET seq = 0", "`sqlite_sequence` are the engine's too"),
        ("INSERT INTO moves DEFAULT VALUES; INSERT INTO moves DEFAULT VALUES", "more than one statement"),
        ("INSERT INTO nowhere VALUES (1)", "no such table: nowhere"),
    ] {
        let run = engine.start(super::named, statement.to_owned()).await.unwrap();
        let said = text(run.result().soon().await);
        assert!(said.contains(why), "{statement}: {said}");
    }
    assert_eq!(bank.moves(), 0);
    // The engine's tables were not touched, and the connection still works.
    assert_eq!(engine.start(transfer, 5).await.unwrap().result().soon().await.unwrap(), 5);
}

#[tokio::test]
async fn a_statement_of_ours_is_not_lent_by_the_cache() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder()).await;
    // This is exactly a query whose statement the writing connection has cached.
    let ours = "SELECT epoch FROM steadfast_leases WHERE number = ?1";
    let error = engine
        .transaction(move |tx| Ok(tx.query_optional(ours, [1], |row| row.get::<i64>(0))?))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("`steadfast_leases` is the engine's"), "{error}");
}

#[tokio::test]
async fn a_trigger_of_the_users_does_not_reach_our_tables_either() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder()).await;
    engine
        .transaction(|tx| {
            let sql = "CREATE TRIGGER sly AFTER INSERT ON moves BEGIN DELETE FROM steadfast_inbox; END";
            Ok(tx.execute(sql, [])?)
        })
        .await
        .unwrap();
    let said = text(engine.start(transfer, 5).await.unwrap().result().soon().await);
    assert!(said.contains("`steadfast_inbox` is the engine's"), "{said}");
    assert_eq!(bank.moves(), 0);
}

#[tokio::test]
async fn a_store_in_memory_says_that_it_has_no_tables() {
    let engine = Engine::builder().in_memory().workflow(transfer).start().await.unwrap();
    let said = text(engine.start(transfer, 5).await.unwrap().result().soon().await);
    assert!(said.contains("was rolled back: the store of this engine has no tables of yours"), "{said}");
    let error = engine.transaction(|_| Ok(())).await.unwrap_err().to_string();
    assert!(error.contains("has no tables of yours"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_cannot_be_waited_for_within_a_transaction() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder()).await;
    let run = engine.start(transfer, 5).id("before").await.unwrap();
    run.result().soon().await.unwrap();
    let (within, handle) = (engine.clone(), Handle::current());
    let transaction = engine.transaction(move |tx| {
        tx.execute("INSERT INTO moves (cents) VALUES (1)", [])?;
        // Blocks on this thread, with the engine's runtime and with a new one.
        let own = Builder::new_current_thread().enable_all().build()?;
        let said = [
            handle.block_on(within.start(transfer, 5).into_future()).map(drop),
            own.block_on(within.start(transfer, 5).into_future()).map(drop),
            own.block_on(within.run("before")).map(drop),
            own.block_on(within.transaction(|_| Ok(())).into_future()),
        ];
        assert!(said.iter().all(|said| matches!(said, Err(EngineError::WithinTransaction))), "{said:?}");
        Ok(said[0].as_ref().unwrap_err().to_string())
    });
    let said = timeout(Duration::from_secs(20), transaction.into_future()).await.expect("nothing hangs").unwrap();
    assert!(said.contains("through the transaction's handle, `tx.start(..)` and `tx.send(..)`"), "{said}");
    assert_eq!(bank.moves(), 2);
    assert_eq!(engine.start(transfer, 5).await.unwrap().result().soon().await.unwrap(), 10);
}

#[transaction(time_limit = "20ms")]
fn verbose(tx: &mut Tx<'_>) -> Result<String> {
    tx.execute("INSERT INTO moves (cents) VALUES (1)", [])?;
    std::thread::sleep(Duration::from_millis(40));
    Ok("x".repeat(2_000))
}

#[workflow]
async fn talks(flow: &mut Flow) -> Result<(AttemptCause, String)> {
    match verbose(flow).await {
        Err(error) => {
            let last = error.attempts().failures.last().cloned();
            last.map(|last| (last.cause, last.message)).ok_or_else(|| steadfast::Error::msg("no attempt"))
        }
        Ok(_) => Err(steadfast::Error::msg("it was stored")),
    }
}

#[tokio::test]
async fn a_result_that_is_too_large_is_not_reported_as_a_time_limit() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder().workflow(talks).max_value_bytes(1_000)).await;
    let (cause, message) = engine.start(talks, ()).await.unwrap().result().soon().await.unwrap();
    assert_eq!(cause, AttemptCause::Unstorable, "{message}");
    assert!(message.contains("the limit is 1000"), "{message}");
    assert_eq!(bank.moves(), 0);
}

#[test]
fn a_unit_test_meets_the_same_refusals() {
    let mut database = TestDatabase::new();
    database.execute("CREATE TABLE moves (id INTEGER PRIMARY KEY, cents INTEGER)").unwrap();
    let mut direct = |sql: &str| database.transaction(|tx| execute::direct(tx, sql.into()));
    let error = direct("PRAGMA user_version").unwrap_err().to_string();
    assert!(error.contains("is not for transactions"), "{error}");
    assert_eq!(direct("DELETE FROM moves").unwrap(), "1", "the row of the failed one was rolled back");
    let none = database.transaction(|tx| tx.query_row("SELECT id FROM moves", [], |row| row.get::<i64>(0)));
    assert!(none.unwrap_err().is_no_row());
}
