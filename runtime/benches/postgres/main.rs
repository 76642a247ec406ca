//! The benchmark on Postgres: a server on this machine, thrown away afterwards, that waits for the disk at each commit.
//!
//! `cargo bench -p steadfast --features postgres --bench postgres`, with the programs of a server as
//! `tests/postgres/src/lib.rs` has it; with the features `schedules` and `conformance` also (w) and (y). Each line stands
//! beside the raw limit measured in the same run. A table follows, of an engine beside a snapshot that is held open
//! (`snapshot.rs`): for 5 minutes with `STEADFAST_BENCH_SECONDS=300` and `c`.

#[path = "../steadfast/backlog.rs"]
mod backlog;
mod fleet;
mod raw;
#[path = "../steadfast/remote.rs"]
mod remote;
#[cfg(feature = "schedules")]
#[path = "../steadfast/schedules.rs"]
mod schedules;
mod snapshot;
#[path = "../steadfast/table.rs"]
mod table;

use futures_util::future::try_join_all;
use std::time::Instant;
use steadfast::prelude::*;
use steadfast::{EngineBuilder, EngineError};
use table::{Table, median};
use throwaway_postgres::{Cluster, Database};
use tokio::runtime::Runtime;

const ROUNDS: usize = 5;

#[derive(serde::Serialize, serde::Deserialize, Debug, Clone, PartialEq, Default)]
struct Small {
    id: u64,
    name: String,
}

#[step]
async fn small(id: u64) -> Result<Small> {
    Ok(Small { id, name: "a small struct".into() })
}

/// So many steps, one after the other.
#[workflow]
async fn sequence(flow: &mut Flow, steps: u64) -> Result<u64> {
    let mut sum = 0;
    for id in 0..steps {
        sum += small(flow, id).await?.id;
    }
    Ok(sum)
}

/// One line of the table, or a few.
type Line = fn(&Runtime, &Cluster, &mut Table);

/// An engine on a database, for the processes of [`remote`].
fn engine_on(url: &str) -> EngineBuilder {
    Engine::builder().postgres(url)
}

fn main() {
    if remote::is_worker() {
        return remote::work();
    }
    if fleet::is_worker() {
        return fleet::work();
    }
    let Some(cluster) = Cluster::shared() else { return };
    // Cargo passes `--bench`; a name restricts the lines.
    let only = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let runtime = Runtime::new().expect("a runtime");
    let mut table = Table::new();
    let lines: [(&str, Line); 7] = [
        ("a", sequential),
        ("b", many_runs),
        ("c", fleet::several_workers),
        ("d", remote_steps),
        ("w", schedules_due),
        ("x", starts_on_a_queue),
        ("y", claims),
    ];
    for (name, line) in lines {
        if only.as_deref().is_none_or(|only| only == name) {
            line(&runtime, cluster, &mut table);
        }
    }
    table.print();
    if only.as_deref().is_none_or(|only| only == "c") {
        snapshot::beside_a_snapshot(&runtime, cluster);
    }
}

async fn engine(database: &Database) -> Engine {
    let engine = Engine::builder().postgres(database.url()).workflow(sequence).start().await.expect("an engine");
    engine.start(sequence, 10).await.expect("a start").result().await.expect("a warm-up");
    engine
}

/// (a) One run of 1,000 sequential steps, against a bare loop of commits of one row.
fn sequential(runtime: &Runtime, cluster: &Cluster, table: &mut Table) {
    let (mut steps, mut commits) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let database = cluster.database("steps");
        commits.push(raw::one_row_commits(&database, 1_000));
        steps.push(runtime.block_on(async {
            let engine = engine(&database).await;
            let start = Instant::now();
            engine.start(sequence, 1_000).await.expect("a start").result().await.expect("a result");
            1_000.0 / start.elapsed().as_secs_f64()
        }));
    }
    table.against("(a) sequential steps of one run", median(steps), "steps/s", median(commits), "ratio 0.6");
}

/// (b) 1,000 runs of 5 steps, 100 at once, against bare transactions of 100 rows.
fn many_runs(runtime: &Runtime, cluster: &Cluster, table: &mut Table) {
    let (mut runs, mut rows) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let database = cluster.database("runs");
        rows.push(raw::hundred_row_commits(&database, 300));
        runs.push(runtime.block_on(async {
            let engine = engine(&database).await;
            let start = Instant::now();
            let lanes = (0..100).map(|_| {
                let engine = engine.clone();
                async move {
                    for _ in 0..10 {
                        engine.start(sequence, 5).await?.result().await.expect("a result");
                    }
                    Ok::<_, EngineError>(())
                }
            });
            let lanes = lanes.map(|lane| async { tokio::spawn(lane).await.expect("a lane") });
            try_join_all(lanes).await.expect("the starts");
            1_000.0 / start.elapsed().as_secs_f64()
        }));
    }
    // A run has 12 entries: its start and end, and two for each step.
    let limit = median(rows);
    let (runs, entries) = (median(runs.clone()), median(runs) * 12.0);
    table.alone("(b) runs of 5 steps, 100 at once", runs, "runs/s", "5,000 runs/s");
    table.against("(b) the same, entries", entries, "rows/s", limit, "ratio 0.3");
}

#[cfg(not(feature = "schedules"))]
fn schedules_due(_: &Runtime, _: &Cluster, _: &mut Table) {}

/// (w) 10,000 schedules that are due at the same moment.
#[cfg(feature = "schedules")]
fn schedules_due(runtime: &Runtime, cluster: &Cluster, table: &mut Table) {
    let mut databases = Vec::new();
    let engine = || {
        databases.push(cluster.database("schedules"));
        Engine::builder().postgres(databases.last().expect("just made").url())
    };
    let raw = || raw::starts_of_runs(&cluster.database("rows"), schedules::SCHEDULES);
    schedules::due_at_once(runtime, 3, engine, raw, table);
}

/// (x) Runs that are started in bulk on a queue.
fn starts_on_a_queue(runtime: &Runtime, cluster: &Cluster, table: &mut Table) {
    let mut databases = Vec::new();
    let engine = || {
        databases.push(cluster.database("queue"));
        Engine::builder().postgres(databases.last().expect("just made").url())
    };
    let raw = || raw::queued_runs(&cluster.database("rows"), backlog::STARTED);
    backlog::started(runtime, 3, engine, raw, table);
}

#[cfg(not(feature = "conformance"))]
fn claims(_: &Runtime, _: &Cluster, _: &mut Table) {}

/// (y) Claims beside a million tasks that wait.
#[cfg(feature = "conformance")]
fn claims(runtime: &Runtime, cluster: &Cluster, table: &mut Table) {
    let mut databases = Vec::new();
    let place = || {
        databases.push(cluster.database("backlog"));
        databases.last().expect("just made").url().to_owned()
    };
    let open = |url: &str| {
        let options = steadfast::store::PgOptions::new(url).expect("options");
        options.open().expect("a store")
    };
    backlog::claimed(runtime, place, engine_on, open, table);
}

/// (u), (v) Remote steps in another process.
fn remote_steps(runtime: &Runtime, cluster: &Cluster, table: &mut Table) {
    let mut databases = Vec::new();
    let place = || {
        databases.push(cluster.database("remote"));
        databases.last().expect("just made").url().to_owned()
    };
    let raw = || raw::claims_and_completions(&cluster.database("claims"), 60, remote::BATCH);
    remote::many(runtime, 3, place, raw, table);
    remote::latency(runtime, cluster.database("latency").url(), table);
}
