//! Rows and results: both are committed or neither, whichever of them fails.

use super::{Bank, text, transfer};
use futures_util::future::try_join_all;
use limits::Soon as _;
use std::sync::atomic::{AtomicU32, Ordering};
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::sql::params;
use steadfast::{AttemptCause, Current};

#[tokio::test]
async fn rows_and_result_are_one_commit() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder()).await;
    let run = engine.start(transfer, 300).id("t").await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 300);
    assert_eq!(bank.count("SELECT cents FROM accounts WHERE name = 'b'"), 300);
    let kinds: Vec<Kind> = run.history().await.unwrap().iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [Kind::RunStarted, Kind::StepStarted, Kind::StepCompleted, Kind::RunCompleted]);
    assert_eq!(engine.start(transfer, 300).id("t").await.unwrap().result().soon().await.unwrap(), 300);
    assert_eq!(bank.moves(), 1);
}

static TRIES: AtomicU32 = AtomicU32::new(0);

#[transaction(retry(attempts = 5, backoff = "1ms"))]
fn third_time(tx: &mut Tx<'_>) -> Result<u32> {
    tx.execute("INSERT INTO moves (note) VALUES ('third')", [])?;
    match TRIES.fetch_add(1, Ordering::SeqCst) {
        0 => Err(steadfast::Error::msg("not yet")),
        1 => panic!("not now"),
        tries => Ok(tries + 1),
    }
}

#[workflow]
async fn patient(flow: &mut Flow) -> Result<u32> {
    Ok(third_time(flow).await?)
}

#[tokio::test]
async fn a_failed_attempt_and_a_panic_leave_no_row_and_are_tried_again() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder().workflow(patient)).await;
    let run = engine.start(patient, ()).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 3);
    assert_eq!(bank.moves(), 1);
    let history = run.history().await.unwrap();
    let failed: Vec<String> = history
        .iter()
        .filter(|entry| entry.kind == Kind::AttemptFailed)
        .map(|entry| entry.value.as_ref().unwrap().to_string())
        .collect();
    assert!(failed.len() == 2 && failed[0].contains("not yet") && failed[1].contains("panicked"), "{failed:?}");
}

#[transaction(time_limit = "50ms")]
fn endless(tx: &mut Tx<'_>, write: bool) -> Result<i64> {
    tx.execute("INSERT INTO moves (note) VALUES ('endless')", [])?;
    let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)";
    if write {
        tx.execute(&format!("INSERT INTO moves (cents) {rows} SELECT i FROM n"), [])?;
    }
    Ok(tx.query_row(&format!("{rows} SELECT max(i) FROM n"), [], |row| row.get(0))?)
}

#[workflow]
async fn never(flow: &mut Flow, write: bool) -> Result<i64> {
    match endless(flow, write).await {
        Err(StepError::TimedOut(attempts)) => {
            assert_eq!(attempts.failures[0].cause, AttemptCause::TimedOut);
            Err(steadfast::Error::msg(attempts.failures[0].message.clone()))
        }
        other => Ok(other?),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_takes_too_long_is_rolled_back_and_harms_nobody_else() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder().workflow(never)).await;
    let others = (0..20).map(async |n| engine.start(transfer, 1).id(format!("o{n}")).await);
    for write in [false, true] {
        let run = engine.start(never, write).await.unwrap();
        let others = try_join_all((0..20).map(|n| engine.start(transfer, 1).id(format!("{write}{n}")).into_future()));
        let said = text(run.result().soon().await);
        assert!(said.contains("the time limit of the transaction, 50ms, was reached"), "{said}");
        for other in others.await.unwrap() {
            other.result().soon().await.unwrap();
        }
    }
    drop(others);
    assert_eq!(bank.moves(), 40);
}

#[transaction]
fn orphan(tx: &mut Tx<'_>, parent: String) -> Result<()> {
    tx.execute("INSERT INTO children (parent) VALUES (?1)", params![parent])?;
    Ok(())
}

#[workflow]
async fn adopting(flow: &mut Flow, parent: String) -> Result<()> {
    match orphan(flow, parent).await {
        Err(StepError::RolledBack(why, _)) => Err(steadfast::Error::msg(why)),
        other => Ok(other?),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_constraint_that_fails_at_the_commit_fails_its_own_run_only() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder().workflow(adopting)).await;
    let bad = try_join_all((0..5).map(|n| engine.start(adopting, format!("nobody {n}")).into_future()));
    let good = try_join_all((0..5).map(|_| engine.start(adopting, "a".to_owned()).into_future()));
    let plain = try_join_all((0..5).map(|_| engine.start(transfer, 2).into_future()));
    let (bad, good, plain) = futures_util::try_join!(bad, good, plain).unwrap();
    for run in bad {
        let said = text(run.result().soon().await);
        assert!(said.contains("FOREIGN KEY constraint failed"), "{said}");
    }
    for run in good {
        run.result().soon().await.unwrap();
    }
    for run in plain {
        run.result().soon().await.unwrap();
    }
    assert_eq!((bank.count("SELECT count(*) FROM children"), bank.moves()), (5, 5));
}

#[transaction]
fn replace_all(tx: &mut Tx<'_>) -> Result<()> {
    tx.execute("INSERT INTO moves (note) VALUES ('one')", [])?;
    // SQLite rolls back the whole transaction, and not only the statement.
    let gone = tx.execute("INSERT OR ROLLBACK INTO moves (note) VALUES ('one')", []);
    assert!(gone.unwrap_err().is_constraint());
    let nothing = tx.execute("INSERT INTO moves (note) VALUES ('two')", []).unwrap_err().to_string();
    assert!(nothing.contains("has rolled this transaction back"), "{nothing}");
    Ok(())
}

#[workflow]
async fn destructive(flow: &mut Flow) -> Result<()> {
    Ok(replace_all(flow).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_rolls_back_everything_costs_the_others_nothing() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder().workflow(destructive)).await;
    let bad = try_join_all((0..3).map(|_| engine.start(destructive, ()).into_future()));
    let plain = try_join_all((0..10).map(|_| engine.start(transfer, 2).into_future()));
    let (bad, plain) = futures_util::try_join!(bad, plain).unwrap();
    for run in bad {
        assert!(text(run.result().soon().await).contains("roll back everything"));
    }
    for run in plain {
        run.result().soon().await.unwrap();
    }
    assert_eq!(bank.moves(), 10);
}

/// What the engine writes after the database has rolled everything back would be committed by itself.
#[tokio::test]
async fn nothing_is_started_in_a_transaction_that_was_rolled_back() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder()).await;
    let lost = engine.transaction(|tx| {
        tx.execute("INSERT INTO moves (note) VALUES ('one')", [])?;
        tx.execute("INSERT OR ROLLBACK INTO moves (note) VALUES ('one')", []).unwrap_err();
        tx.start(transfer, 5).id("never").begin()?;
        Ok(())
    });
    let why = lost.await.unwrap_err().to_string();
    assert!(why.contains("has rolled this transaction back"), "{why}");
    assert!(engine.run("never").await.is_err());
    assert_eq!(bank.moves(), 0);
}

/// Combines in one run two transactions, a step, a sleep, and a transaction that is dropped.
#[workflow]
async fn busy(flow: &mut Flow, cents: i64) -> Result<i64> {
    for _ in 0..3 {
        try_join!(super::move_cents(flow, cents), super::move_cents(flow, cents), inc(flow, 1))?;
        flow.sleep(Duration::from_millis(1)).await?;
    }
    drop(super::move_cents(flow, 1_000_000));
    Ok(super::move_cents(flow, 0).await?)
}

#[step]
async fn inc(n: u64) -> Result<u64> {
    Ok(n + 1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_runs_with_many_transactions_leave_exact_sums() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder().workflow(busy)).await;
    let second = bank.builder().workflow(busy).start().await.unwrap();
    let start = |engine: Engine, n: u32| async move { engine.start(busy, 1).id(format!("{n}")).await };
    let runs = (0..20).map(|n| start(if n % 2 == 0 { engine.clone() } else { second.clone() }, n));
    for run in try_join_all(runs).await.unwrap() {
        run.result().soon().await.unwrap();
    }
    assert_eq!(bank.moves(), 20 * 7);
    assert_eq!(bank.count("SELECT cents FROM accounts WHERE name = 'b'"), 20 * 6);
    assert_eq!(bank.count("SELECT sum(cents) FROM accounts"), 1_000);
}

#[derive(StepContext, Clone)]
struct Named {
    account: String,
    #[context(transient)]
    cache: Vec<u32>,
}

#[transaction]
fn spend(tx: &mut Tx<'_>, ctx: &NamedStored, cents: i64) -> Result<(String, u32)> {
    tx.execute("UPDATE accounts SET cents = cents - ?2 WHERE name = ?1", params![ctx.account, cents])?;
    let Some(Current::Transaction(scope)) = steadfast::current() else { return Err(steadfast::Error::msg("which?")) };
    assert_eq!(steadfast::context::<NamedStored>().unwrap().account, ctx.account);
    Ok((scope.name.clone(), scope.attempt))
}

#[step]
async fn cached(ctx: &Named) -> Result<usize> {
    Ok(ctx.cache.len())
}

#[workflow(context = Named)]
async fn spending(start: Start<Named>, cents: i64) -> Result<(String, u32)> {
    let flow = start.with(Named::builder().account("a").build()).await?;
    cached(&flow).await?;
    match spend(&flow, 10_000).await {
        Err(StepError::Failed(error, _)) if error.to_string().contains("CHECK constraint failed") => {}
        other => return Err(steadfast::Error::msg(format!("{other:?}"))),
    }
    Ok(spend(&flow, cents).await?)
}

#[tokio::test]
async fn the_stored_context_is_read_and_the_scope_says_that_it_is_a_transaction() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder().workflow(spending)).await;
    let run = engine.start(spending, 100).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), ("spend".to_owned(), 1));
    assert_eq!(bank.count("SELECT cents FROM accounts WHERE name = 'a'"), 900);
}
