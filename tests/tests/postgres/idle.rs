//! A fleet with nothing to do: how much it asks of the server.

use crate::work::{ENDING, doubling};
use limits::Soon as _;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use steadfast::prelude::*;
use throwaway_postgres::{Cluster, ClusterOptions, available};

/// The number of engines, each with the connections of a process.
const PROCESSES: u32 = 10;

/// The most statements of one process in a second.
const MOST: f64 = 3.0;

/// The time for which statements are counted: several heartbeats, and looks at the leases of others.
const WATCHED: Duration = Duration::from_secs(12);

/// Returns the texts of the statements that the server has logged, without their parameters.
fn statements(log: &str) -> Vec<&str> {
    let text = |line: &'static str| move |log: &str| log.find(line).map(|at| at + line.len());
    let (simple, extended) = (text("LOG:  statement: "), text("LOG:  execute "));
    log.lines().filter_map(|line| simple(line).or_else(|| extended(line)).map(|at| &line[at..])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_idle_processes_execute_at_most_three_statements_a_second_each() {
    let settings = vec![("log_statement", "all".to_owned())];
    let own = ClusterOptions { settings, ..ClusterOptions::default() };
    let Some(cluster) = available(Cluster::start_with(&own)) else { return };
    let database = cluster.database("idle");
    let mut engines = Vec::new();
    for _ in 0..PROCESSES {
        // As a program has it that chooses nothing: the term, the poll, and notifications.
        let builder = Engine::builder().postgres(database.url()).workflow(doubling);
        engines.push(builder.start().soon().await.expect("an engine"));
    }
    // A run that waits for a message is no work either.
    let run = engines[0].start(doubling, ()).soon().await.expect("a start");
    limits::until(async || run.status().await.is_ok_and(|info| info.status == steadfast::Status::Sleeping)).await;
    let (before, begun) = (cluster.log().len(), Instant::now());
    tokio::time::sleep(WATCHED).await;
    let (log, seconds) = (cluster.log(), begun.elapsed().as_secs_f64());
    let mut kinds: BTreeMap<&str, u32> = BTreeMap::new();
    let all = statements(&log[before..]);
    for text in &all {
        *kinds.entry(text.get(..90).unwrap_or(text)).or_default() += 1;
    }
    let count = u32::try_from(all.len()).expect("a small number");
    let each = f64::from(count) / seconds / f64::from(PROCESSES);
    println!("{count} statements in {seconds:.1} s: {each:.2} a second and process");
    for (text, count) in &kinds {
        println!("{count:>6}  {text}");
    }
    assert!(count >= PROCESSES * 2, "nothing was counted: {log}");
    assert!(each <= MOST, "{each:.2} statements a second and process: {kinds:?}");
    for engine in engines {
        engine.shutdown(ENDING).soon().await.expect("an orderly end");
    }
}
