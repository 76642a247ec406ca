//! A session that holds a snapshot open while an engine works: no dead version of a row can be removed then.

use crate::work::ENDING;
use limits::Soon as _;
use std::time::Duration;
use steadfast::prelude::*;
use steadfast::{Scope, scoped};
use throwaway_postgres::{Cluster, Database};

#[step]
async fn count(n: u64) -> Result<u64> {
    Ok(n + 1)
}

#[workflow]
async fn counting(flow: &mut Flow, steps: u64) -> Result<u64> {
    let mut n = 0;
    while n < steps {
        n = count(flow, n).await?;
    }
    Ok(n)
}

/// Returns what the server has counted of a table since it was created.
fn counted(database: &Database, column: &str, table: &str) -> u64 {
    let query = format!("SELECT {column} FROM pg_stat_user_tables WHERE relname = '{table}'");
    let rows = database.execute(&query).expect("the counts are read");
    rows[0][0].as_deref().expect("a number").parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_leaves_no_dead_row_of_the_log_and_scans_no_runs() {
    const ROUNDS: u64 = 12;
    const AT_ONCE: u64 = 25;
    const STEPS: u64 = 8;
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database("snapshots");
    let engine = Engine::builder().postgres(database.url()).workflow(counting).start().soon().await.expect("an engine");
    let mut snapshot = database.session().expect("a session");
    for statement in ["BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT count(*) FROM pg_class"] {
        snapshot.execute(statement).expect("executed");
    }
    for _ in 0..ROUNDS {
        let mut runs = Vec::new();
        for _ in 0..AT_ONCE {
            runs.push(engine.start(counting, STEPS).soon().await.expect("a start"));
        }
        for run in runs {
            assert_eq!(run.result().soon().await.expect("a result"), STEPS);
        }
    }
    engine.shutdown(ENDING).soon().await.expect("an orderly end");
    drop(engine);
    // A session tells the server what it has done when it ends, at the latest.
    let is_told = || counted(&database, "n_tup_upd", "steadfast_runs") >= ROUNDS * AT_ONCE;
    limits::until(async || is_told()).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let [inserted, updated, dead] =
        ["n_tup_ins", "n_tup_upd", "n_dead_tup"].map(|of| counted(&database, of, "steadfast_log"));
    let scanned = counted(&database, "seq_tup_read", "steadfast_runs");
    println!("{inserted} rows of the log, {updated} changed, {dead} dead; {scanned} runs scanned");
    assert!(inserted >= ROUNDS * AT_ONCE * STEPS);
    assert_eq!((updated, dead), (0, 0), "the log has dead rows");
    // Rare looks may scan a table of a few pages, once the server has counted it. One scan a run would read 45,000.
    assert!(scanned < 10 * ROUNDS * AT_ONCE, "runs are found by scans");
    drop(snapshot);
}

#[workflow]
async fn nothing(_flow: &Flow, _n: u64) -> Result<()> {
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_reads_the_head_of_its_queue_though_the_server_has_counted_nothing() {
    const WAITING: u64 = 3_000;
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database("heads");
    let builder = || Engine::builder().postgres(database.url()).workflow(nothing);
    let client = builder().start().soon().await.expect("an engine");
    database.execute("ALTER TABLE steadfast_tasks SET (autovacuum_enabled = off)").expect("altered");
    let queue = Scope::new().queue("heads");
    let runs = (0..WAITING).map(|n| (format!("run-{n}"), n));
    scoped(queue, client.start_all(nothing, runs)).soon().await.expect("the starts");
    let worker = builder().serve("heads", 4).start().soon().await.expect("an engine");
    for n in 0..40 {
        let run = worker.handle(nothing, &format!("run-{n}")).soon().await.expect("a run");
        run.result().soon().await.expect("a result");
    }
    worker.shutdown(ENDING).soon().await.expect("an orderly end");
    client.shutdown(ENDING).soon().await.expect("an orderly end");
    drop((worker, client));
    let waiting = "SELECT sum(idx_scan), sum(idx_tup_read) FROM pg_stat_user_indexes WHERE indexrelname = 'steadfast_tasks_waiting'";
    let read = || {
        let rows = database.execute(waiting).expect("the counts are read");
        let number = |column: usize| rows[0][column].as_deref().expect("a number").parse::<u64>().expect("a number");
        (number(0), number(1))
    };
    limits::until(async || read().0 >= 10).await;
    let (scans, entries) = read();
    println!("{scans} scans read {entries} entries");
    assert!(entries < scans * WAITING / 10, "claims read their whole queue: {entries} entries in {scans} scans");
}
