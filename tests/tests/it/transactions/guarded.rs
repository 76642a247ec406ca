//! The guard of a transaction's statements: what it refuses, and what it allows.

use super::{Bank, transfer};
use limits::Soon as _;
use steadfast::prelude::*;

async fn short<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(8), future).await.expect("it hangs")
}

async fn sql(engine: &Engine, text: &'static str) -> std::result::Result<usize, steadfast::EngineError> {
    engine.transaction(move |tx| Ok(tx.execute(text, [])?)).await
}

#[tokio::test]
async fn a_trigger_does_not_reset_the_numbers_of_runs() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder()).await;
    let first = engine.start(transfer, 1).await.unwrap();
    first.result().soon().await.unwrap();
    let number = first.number();
    let made =
        sql(&engine, "CREATE TRIGGER sly AFTER UPDATE ON moves BEGIN UPDATE sqlite_sequence SET seq = 77777; END")
            .await;
    if made.is_ok() {
        let _ = sql(&engine, "UPDATE moves SET cents = 3").await;
    }
    let next = engine.start(transfer, 1).await.unwrap();
    assert_eq!(next.number(), number + 1, "{made:?}");
}

#[tokio::test]
async fn a_foreign_key_to_our_tables_is_refused() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder()).await;
    let made = sql(
        &engine,
        "CREATE TABLE notes (run TEXT REFERENCES steadfast_runs (workflow) DEFERRABLE INITIALLY DEFERRED)",
    )
    .await;
    let run = tokio::time::timeout(Duration::from_secs(5), engine.start(transfer, 1)).await;
    assert!(matches!(run, Ok(Ok(_))), "made: {made:?}, start: {run:?}");
    assert!(made.is_err(), "made");
}

#[tokio::test]
async fn a_foreign_key_to_our_tables_is_refused_in_both_statements() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder()).await;
    let made = sql(&engine, "CREATE TABLE notes (run TEXT REFERENCES steadfast_runs (id))").await;
    let alter = sql(&engine, "ALTER TABLE moves ADD COLUMN of TEXT REFERENCES steadfast_runs (id)").await;
    assert!(made.is_err() && alter.is_err(), "{made:?} {alter:?}");
}

#[tokio::test]
async fn a_full_text_index_can_be_used() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder()).await;
    sql(&engine, "CREATE VIRTUAL TABLE texts USING fts5(body)").await.unwrap();
    sql(&engine, "INSERT INTO texts VALUES ('a small cat')").await.unwrap();
    let found = engine
        .transaction(|tx| {
            Ok(tx.query("SELECT body FROM texts WHERE texts MATCH 'cat'", [], |row| row.get::<String>(0))?)
        })
        .await;
    assert_eq!(found.unwrap().len(), 1);
    sql(&engine, "DELETE FROM texts").await.unwrap();
    sql(&engine, "DROP TABLE texts").await.unwrap();
}

#[tokio::test]
async fn an_rtree_can_be_used() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder()).await;
    sql(&engine, "CREATE VIRTUAL TABLE boxes USING rtree(id, a, b)").await.unwrap();
    sql(&engine, "INSERT INTO boxes VALUES (1, 2, 3)").await.unwrap();
    sql(&engine, "DROP TABLE boxes").await.unwrap();
}

#[tokio::test]
async fn a_table_of_the_temporary_schema_is_refused() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder()).await;
    let made = sql(&engine, "CREATE TABLE temp.moves (id INTEGER PRIMARY KEY, cents INTEGER, note TEXT)").await;
    let view = sql(&engine, "CREATE VIEW temp.some AS SELECT 1").await;
    let trigger =
        sql(&engine, "CREATE TRIGGER temp.some_trigger AFTER INSERT ON main.accounts BEGIN SELECT 1; END").await;
    short(engine.start(transfer, 1).await.unwrap().result()).await.unwrap();
    assert_eq!(bank.moves(), 1, "the row of a completed transaction is in the file");
    assert!(made.is_err() && view.is_err() && trigger.is_err(), "{made:?} {view:?} {trigger:?}");
}

#[tokio::test]
async fn a_statement_says_what_is_missing_in_it() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder()).await;
    for (text, why) in [
        ("", "there is no statement"),
        ("-- nothing", "there is no statement"),
        ("REINDEX", "name the table"),
        ("ANALYZE;", "name the table"),
        ("ALTER TABLE moves RENAME TO 'steadfast_x'", "are the engine's"),
        ("CREATE TABLE x (a REFERENCES /* - */ 'steadfast_runs')", "are the engine's"),
    ] {
        let said = sql(&engine, text).await.unwrap_err().to_string();
        assert!(said.contains(why), "{text}: {said}");
    }
    sql(&engine, "CREATE TABLE x (a DEFAULT 'steadfast_a')").await.unwrap();
    sql(&engine, "ALTER TABLE x ADD COLUMN b DEFAULT 'steadfast_b'").await.unwrap();
    sql(&engine, "ALTER TABLE x RENAME TO y").await.unwrap();
}
