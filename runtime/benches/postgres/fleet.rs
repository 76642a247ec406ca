//! Several worker processes on one database: this program, started again.

use super::{ROUNDS, raw, sequence};
use crate::table::{Table, median};
use std::process::{Child, Command, Stdio};
use steadfast::prelude::*;
use throwaway_postgres::{Cluster, Database};
use tokio::runtime::Runtime;

/// The variable with the database of a worker.
const DATABASE: &str = "STEADFAST_BENCH_DATABASE";

const RUNS: u32 = 3_000;

pub(crate) fn is_worker() -> bool {
    std::env::var_os(DATABASE).is_some()
}

/// Works until standard input is closed.
pub(crate) fn work() {
    let url = std::env::var(DATABASE).expect("a database");
    Runtime::new().expect("a runtime").block_on(async {
        let engine = Engine::builder().postgres(url).workflow(sequence).start().await.expect("an engine");
        tokio::task::spawn_blocking(|| std::io::read_to_string(std::io::stdin()))
            .await
            .expect("a thread")
            .expect("standard input");
        engine.shutdown(Duration::from_secs(10)).await.expect("an orderly end");
    });
}

/// (c) Runs of 5 steps that a client has started, by one worker process and by three.
pub(crate) fn several_workers(runtime: &Runtime, cluster: &Cluster, table: &mut Table) {
    let rate = |workers: usize| {
        median((0..ROUNDS).map(|_| measure(runtime, &cluster.database("fleet"), workers)).collect::<Vec<_>>())
    };
    let (one, three) = (rate(1), rate(3));
    table.alone("(c) runs of 5 steps of a client, one worker process", one, "runs/s", "");
    table.against("(c) the same, three worker processes", three, "runs/s", one, "against one");
}

/// Returns how many runs end per second once the first has ended.
fn measure(runtime: &Runtime, database: &Database, workers: usize) -> f64 {
    runtime.block_on(async {
        let client = Engine::builder().postgres(database.url()).client().start().await.expect("a client");
        let starts = (0..RUNS).map(|_| client.start(sequence, 5).into_future());
        let runs = futures_util::future::try_join_all(starts).await.expect("the starts");
        let mut workers: Vec<_> = (0..workers).map(|_| worker(database)).collect();
        for run in &runs {
            run.result().await.expect("a result");
        }
        for worker in &mut workers {
            drop(worker.stdin.take());
            worker.wait().expect("a worker");
        }
    });
    f64::from(RUNS) / raw::seconds_of_ends(database)
}

fn worker(database: &Database) -> Child {
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new(program);
    command.env(DATABASE, database.url()).stdin(Stdio::piped()).spawn().expect("a worker")
}
