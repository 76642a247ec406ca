//! `crash_everywhere` with transactions: each row is written once, despite any crash.

use futures_util::select_biased;
use std::sync::atomic::{AtomicU32, Ordering};
use steadfast::prelude::*;
use steadfast::testing::crash_everywhere;

#[transaction(retry(attempts = 2, backoff = "1s"))]
fn note(tx: &mut Tx<'_>, text: String) -> Result<i64> {
    tx.execute("INSERT INTO notes (text) VALUES (?1)", [&text])?;
    if text == "refused" {
        return Err(steadfast::Error::msg("refused"));
    }
    Ok(tx.query_row("SELECT count(*) FROM notes WHERE text = ?1", [&text], |row| row.get(0))?)
}

#[step]
async fn two(n: i64) -> Result<i64> {
    Ok(2 * n)
}

#[derive(StepContext, Clone)]
struct Sum {
    #[context(default)]
    sum: i64,
}

#[workflow(context = Sum)]
async fn notes(flow: &mut Flow<Sum>, rounds: i64) -> Result<i64> {
    for round in 0..rounds {
        let (a, b, c) = try_join!(note(flow, format!("a{round}")), two(flow, round), note(flow, format!("b{round}")))?;
        flow.update(|sum| sum.sum(sum.sum + a + b + c)).await?;
    }
    if note(flow, "refused".into()).await.is_ok() {
        return Err(steadfast::Error::msg("not refused"));
    }
    flow.sleep(Duration::from_mins(1)).await?;
    Ok(note(flow, "last".into()).await? + flow.sum)
}

#[tokio::test]
async fn rows_are_written_once_with_every_fault_at_every_commit() {
    let report = crash_everywhere(notes, 1).orders(2).sql("CREATE TABLE notes (text TEXT NOT NULL UNIQUE)").await;
    assert_eq!(report.results, 1);
    println!("{report:?}");
}

#[workflow]
async fn dropping(flow: &mut Flow) -> Result<i64> {
    let mut first = note(flow, "first".into());
    let mut second = note(flow, "second".into());
    let done = select_biased! { first = first => first?, second = second => second? };
    drop(second);
    flow.sleep(Duration::from_secs(1)).await?;
    Ok(done)
}

#[tokio::test]
async fn a_transaction_that_is_dropped_before_it_begins_leaves_no_row() {
    crash_everywhere(dropping, ()).sql("CREATE TABLE notes (text TEXT NOT NULL UNIQUE)").await;
}

static ROWS: AtomicU32 = AtomicU32::new(0);

#[transaction]
fn more_each_time(tx: &mut Tx<'_>) -> Result<()> {
    for _ in 0..ROWS.fetch_add(1, Ordering::SeqCst) {
        tx.execute("INSERT INTO notes (text) VALUES ('again')", [])?;
    }
    Ok(())
}

#[workflow]
async fn growing(flow: &mut Flow) -> Result<()> {
    more_each_time(flow).await?;
    Ok(())
}

#[tokio::test]
#[should_panic(expected = "came out differently")]
async fn rows_that_differ_are_found_out() {
    crash_everywhere(growing, ()).orders(1).sql("CREATE TABLE notes (text TEXT NOT NULL)").await;
}
