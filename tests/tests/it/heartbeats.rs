//! A live engine renews its lease, however long commits take, and no other engine takes over its runs meanwhile.

use crate::flows::{Tally, deed};
use futures_util::future::join_all;
use std::time::Instant;
use steadfast::prelude::*;

const TERM: Duration = Duration::from_secs(2);

/// Blocks the database, as a user's transaction may.
#[transaction]
fn holds_up(tx: &mut Tx<'_>, tally: String) -> Result<()> {
    deed(&tally, "held up");
    std::thread::sleep(Duration::from_millis(150));
    tx.execute("INSERT INTO held VALUES (1)", [])?;
    Ok(())
}

#[step]
async fn in_flight(tally: String, scope: &StepScope) -> Result<u32> {
    deed(&tally, "begun");
    while Tally::named(&tally).count("let go") == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(scope.attempt)
}

#[workflow]
async fn waiting(flow: &mut Flow, tally: String) -> Result<u32> {
    Ok(in_flight(flow, tally).await?)
}

#[workflow]
async fn holding_up(flow: &mut Flow, tally: String) -> Result<()> {
    holds_up(flow, tally).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn commits_that_take_longer_than_the_term_lose_no_lease() {
    let tally = Tally::new("held-up");
    let folder = tempfile::tempdir().unwrap();
    let start = async || {
        let builder = Engine::builder().sqlite(folder.path().join("runs.db")).lease_term(TERM);
        builder.workflow(waiting).workflow(holding_up).start().await.unwrap()
    };
    let (engine, other) = (start().await, start().await);
    engine.transaction(|tx| Ok(tx.execute("CREATE TABLE held (n)", [])?)).await.unwrap();
    let run = engine.start(waiting, tally.name().to_owned()).id("in-flight").await.unwrap();
    crate::steps::until(|| tally.count("begun") == 1).await;

    // Together they take three times the lease term, all at once in the queue of one committer.
    let begun = Instant::now();
    let all: Vec<_> = (0..40).map(|_| engine.start(holding_up, tally.name().to_owned()).into_future()).collect();
    let all: Vec<_> = join_all(all).await.into_iter().map(|run| run.unwrap()).collect();
    for run in all {
        tokio::time::timeout(Duration::from_mins(1), run.result()).await.expect("in a minute").unwrap();
    }
    assert!(begun.elapsed() > 2 * TERM, "they took {:?}", begun.elapsed());
    deed(tally.name(), "let go");
    let attempt = tokio::time::timeout(Duration::from_mins(1), run.result()).await.expect("in a minute").unwrap();
    assert_eq!(attempt, 1, "nobody took over the run in flight");
    drop(other);
}
