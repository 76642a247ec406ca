//! Users' transactions: the same source text as on SQLite, and what is Postgres' own.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use steadfast::EngineError;
use steadfast::prelude::*;
use steadfast::sql::params;
use steadfast::sql::types::SqlValue;
use throwaway_postgres::{Cluster, Database};

/// A limit that is long for everything expected, and short for a test that hangs.
const LONG: Duration = Duration::from_mins(1);

fn database() -> Option<Database> {
    Cluster::shared().map(|cluster| cluster.database("transactions"))
}

async fn engine(database: &Database) -> Engine {
    let engine = Engine::builder().postgres(database.url()).workflow(booking).workflow(refused).workflow(slow);
    let engine = engine.start().await.expect("an engine");
    let tables = engine.transaction(|tx| {
        tx.execute(
            "CREATE TABLE seats (name TEXT PRIMARY KEY, cents BIGINT NOT NULL CHECK (cents > 0), run TEXT)",
            (),
        )?;
        Ok(())
    });
    tables.await.expect("the table is created");
    engine
}

/// Books a seat, and returns what all cost together.
#[transaction]
fn book(tx: &mut Tx<'_>, seat: String, cents: i64) -> Result<i64> {
    let run = steadfast::current().map(|current| current.run_id().to_owned());
    tx.execute("INSERT INTO seats (name, cents, run) VALUES (?1, ?2, ?3)", params![seat, cents, run])?;
    Ok(tx.query_row("SELECT sum(cents) FROM seats", (), |row| row.get(0))?)
}

#[workflow]
async fn booking(flow: &mut Flow, seats: Vec<String>) -> Result<i64> {
    let mut sum = 0;
    for seat in seats {
        sum = book(flow, seat, 100).await?;
    }
    Ok(sum)
}

/// A statement that fails is taken back alone; then everything is, because the code ends with an error.
#[transaction]
fn book_wrongly(tx: &mut Tx<'_>) -> Result<()> {
    tx.execute("INSERT INTO seats (name, cents) VALUES (?1, ?2)", ("9Z", 5))?;
    let again = tx.execute("INSERT INTO seats (name, cents) VALUES (?1, ?2)", ("9Z", 5));
    assert!(again.expect_err("it is taken").is_constraint());
    let count: i64 = tx.query_row("SELECT count(*) FROM seats WHERE name = ?", ["9Z"], |row| row.get(0))?;
    assert_eq!(count, 1, "the first statement stays");
    tx.execute("INSERT INTO seats (name, cents) VALUES ('8Z', -1)", ())?;
    Ok(())
}

#[workflow]
async fn refused(flow: &mut Flow) -> Result<String> {
    Ok(book_wrongly(flow).await.expect_err("a check fails").to_string())
}

#[transaction(time_limit = "200ms")]
fn sleep(tx: &mut Tx<'_>) -> Result<()> {
    tx.execute("INSERT INTO seats (name, cents) VALUES ('slow', 1)", ())?;
    tx.query_optional("SELECT pg_sleep(20)::text", (), |_| Ok(()))?;
    Ok(())
}

#[workflow]
async fn slow(flow: &mut Flow) -> Result<String> {
    let error = sleep(flow).await.expect_err("it takes too long");
    Ok(error.to_string())
}

fn rows(database: &Database, sql: &str) -> Vec<String> {
    let rows = database.execute(sql).expect("the rows are read");
    rows.into_iter().map(|row| row.into_iter().next().flatten().unwrap_or_default()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_and_its_rows_are_one_commit() {
    let Some(database) = database() else { return };
    let engine = engine(&database).await;
    let seats = ["1A", "1B", "1C"].map(str::to_owned).to_vec();
    assert_eq!(engine.start(booking, seats).id("trip").await.expect("a start").result().await.expect("a sum"), 300);
    assert_eq!(rows(&database, "SELECT name || ' ' || run FROM seats ORDER BY 1"), ["1A trip", "1B trip", "1C trip"]);
    let error = engine.start(refused, ()).await.expect("a start").result().await.expect("a text");
    assert!(error.contains("seats_cents_check"), "{error}");
    let error = engine.start(slow, ()).await.expect("a start").result().await.expect("a text");
    assert!(error.contains("timed out"), "{error}");
    assert_eq!(rows(&database, "SELECT count(*)::text FROM seats"), ["3"]);
    engine.shutdown(LONG).await.expect("an orderly end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_and_a_start_are_one_commit() {
    let Some(database) = database() else { return };
    let engine = engine(&database).await;
    let begun = engine.transaction(|tx| {
        tx.execute("INSERT INTO seats (name, cents) VALUES ('5E', 7)", ())?;
        tx.start(booking, vec!["5F".to_owned()]).id("with-row").begin()?;
        Ok(())
    });
    begun.await.expect("committed");
    let run = engine.handle(booking, "with-row").await.expect("the run is there");
    assert_eq!(tokio::time::timeout(LONG, run.result()).await.expect("in time").expect("a sum"), 107);
    let undone = engine.transaction(|tx| -> Result<()> {
        tx.execute("INSERT INTO seats (name, cents) VALUES ('6E', 7)", ())?;
        tx.start(booking, vec!["6F".to_owned()]).id("without-row").begin()?;
        Err(steadfast::Error::msg("no"))
    });
    assert!(matches!(undone.await, Err(EngineError::RolledBack(_))));
    assert!(engine.run("without-row").await.is_err());
    assert_eq!(rows(&database, "SELECT name FROM seats ORDER BY 1"), ["5E", "5F"]);
    engine.shutdown(LONG).await.expect("an orderly end");
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_each_type_come_back() {
    let Some(database) = database() else { return };
    let engine = engine(&database).await;
    let read = engine.transaction(|tx| {
        tx.execute(
            "CREATE TABLE kinds (small SMALLINT, whole INTEGER, id UUID, at TIMESTAMPTZ, doc JSONB, part REAL, yes BOOLEAN, \
             raw BYTEA, exact NUMERIC(12, 2))",
            (),
        )?;
        let id = "6f1c2b9e-0d1f-4f0a-9d55-9b1a6f2d7c10";
        let values = params![3, 4, id, "2026-11-30T00:00:00Z", r#"{"a": 1}"#, 0.5, true, &[0_u8, 255][..], "12.50"];
        tx.execute("INSERT INTO kinds VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)", values)?;
        let row = tx.query_row("SELECT *, at = '2026-11-30'::timestamptz AS same FROM kinds WHERE id = ?1", [id], |row| {
            assert_eq!(row.get::<i64>("small")? + row.get::<i64>("whole")?, 7);
            assert!((row.get::<f64>("part")? - 0.5).abs() < 1e-9);
            assert!(row.get::<bool>("yes")? && row.get::<bool>("same")?);
            assert_eq!(row.get::<Vec<u8>>("raw")?, [0, 255]);
            assert_eq!(row.get::<String>("exact")?, "12.50");
            assert_eq!(row.get::<SqlValue>("doc")?, SqlValue::Text(r#"{"a": 1}"#.into()));
            let error = row.get::<String>("at").expect_err("no type for it").to_string();
            assert!(error.contains("::text"), "{error}");
            row.get::<String>("id")
        })?;
        Ok(row)
    });
    assert_eq!(read.await.expect("read"), "6f1c2b9e-0d1f-4f0a-9d55-9b1a6f2d7c10");
    engine.shutdown(LONG).await.expect("an orderly end");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_the_engines_is_refused_and_the_connection_stays_usable() {
    let Some(database) = database() else { return };
    let engine = engine(&database).await;
    for (statement, word) in [
        ("COMMIT", "by hand"),
        ("DELETE FROM steadfast_runs", "the engine's"),
        ("SET statement_timeout = 0", "settings"),
        ("CREATE TEMP TABLE a (b INT)", "temporary"),
        ("SELECT 1; SELECT 2", "more than one statement"),
        ("SELECT 1", "it gives rows"),
        ("SELECT ?1", "1 parameters"),
        ("SELEC 1", "syntax error"),
    ] {
        let refused = engine.transaction(move |tx| Ok(tx.execute(statement, ()).map(drop)?)).await;
        let error = refused.expect_err("refused").to_string();
        assert!(error.contains(word), "{statement}: {error}");
    }
    let deferred = engine.transaction(|tx| {
        tx.execute("CREATE TABLE parts (of TEXT REFERENCES seats DEFERRABLE INITIALLY DEFERRED)", ())?;
        Ok(())
    });
    deferred.await.expect("created");
    let broken = engine.transaction(|tx| Ok(tx.execute("INSERT INTO parts VALUES ('nowhere')", ()).map(drop)?)).await;
    let error = broken.expect_err("the commit fails").to_string();
    assert!(error.contains("foreign key"), "{error}");
    let fine = engine.transaction(|tx| Ok(tx.execute("INSERT INTO seats (name, cents) VALUES ('2A', 1)", ())?)).await;
    assert_eq!(fine.expect("committed"), 1);
    engine.shutdown(LONG).await.expect("an orderly end");
}

/// Counts its runs outside of the database.
static TRIES: AtomicU32 = AtomicU32::new(0);

#[transaction(time_limit = "20s")]
fn raise(tx: &mut Tx<'_>) -> Result<i64> {
    TRIES.fetch_add(1, Ordering::SeqCst);
    tx.execute("UPDATE seats SET cents = cents + 1 WHERE name = '1A'", ())?;
    Ok(tx.query_row("SELECT cents FROM seats WHERE name = '1A'", (), |row| row.get(0))?)
}

#[workflow]
async fn raising(flow: &mut Flow) -> Result<i64> {
    Ok(raise(flow).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_waits_for_the_row_of_another_session_is_tried_again_and_a_refusal_to_wait_is_its_own() {
    let Some(database) = database() else { return };
    let engine = engine(&database).await;
    let other = Engine::builder().postgres(database.url()).workflow(raising).start().await.expect("an engine");
    let mut session = database.session().expect("a session");
    for statement in ["INSERT INTO seats VALUES ('1A', 1, NULL)", "BEGIN", "SELECT * FROM seats FOR UPDATE"] {
        session.execute(statement).expect("executed");
    }
    let refused = engine.transaction(|tx| {
        let error = tx.query_row("SELECT cents FROM seats FOR UPDATE NOWAIT", (), |row| row.get::<i64>(0));
        Ok(error.expect_err("another session has the row").to_string())
    });
    let error = refused.await.expect("the code has handled it");
    assert!(error.contains("could not obtain lock"), "{error}");
    let run = other.start(raising, ()).await.expect("a start");
    // Longer than a statement of the engine waits for a lock.
    tokio::time::sleep(Duration::from_secs(5)).await;
    session.execute("COMMIT").expect("the lock goes");
    assert_eq!(tokio::time::timeout(LONG, run.result()).await.expect("in time").expect("a price"), 2);
    assert!(TRIES.load(Ordering::SeqCst) > 1, "others were written meanwhile");
    for engine in [engine, other] {
        engine.shutdown(LONG).await.expect("an orderly end");
    }
}
