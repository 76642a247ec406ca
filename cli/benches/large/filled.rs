//! 1,000,000 runs, and `long-1` of 10,000 steps, in a file and on Postgres. The benchmark of the console looks at them too.

use std::path::{Path, PathBuf};
use steadfast::prelude::*;
use throwaway_postgres::{Cluster, Database};

const STEPS: u64 = 10_000;

#[derive(StepContext, Clone)]
struct Counter {
    #[context(default)]
    n: u64,
}

#[step]
async fn add(ctx: &Counter, by: u64) -> Result<u64> {
    Ok(ctx.n + by)
}

/// Updates its context in every tenth step.
#[workflow(context = Counter)]
async fn long(flow: &mut Flow<Counter>, steps: u64) -> Result<u64> {
    for step in 0..steps {
        let n = add(flow, 1).await?;
        if step % 10 == 0 {
            flow.update(|c| c.n(n)).await?;
        }
    }
    Ok(flow.n)
}

/// Returns the statements that add the runs and their labels.
fn filling(series: &str, pad: &str) -> [String; 2] {
    let runs = format!(
        "INSERT INTO steadfast_runs (id, workflow, status, seq, loads, incarnation, created_at, updated_at, parent)
            SELECT 'run-' || n, CASE WHEN n % 100 = 0 THEN 'rare' ELSE 'order' END,
                CASE WHEN n % 1000 = 7 THEN 'parked' WHEN n % 20 = 0 THEN 'failed' ELSE 'completed' END,
                0, 0, {pad}, n * 1000, n * 1000 + 5, CASE WHEN n % 10 = 0 THEN 1 ELSE NULL END FROM {series}"
    );
    let labels = "INSERT INTO steadfast_labels (run, name, value)
        SELECT number, 'tenant', 't' || (number % 5000) FROM steadfast_runs WHERE workflow <> 'long'";
    [runs, labels.to_owned()]
}

async fn run_of_many_steps(builder: steadfast::EngineBuilder) {
    let engine = builder.workflow(long).start().await.expect("an engine");
    let run = engine.start(long, STEPS).id("long-1").await.expect("a start");
    run.result().await.expect("a result");
    engine.shutdown(Duration::from_secs(10)).await.expect("an orderly end");
}

/// Fills a file in this folder, and a database of Postgres if this machine has a server.
pub(crate) async fn filled(folder: &Path) -> (PathBuf, Option<Database>) {
    let file = folder.join("large.db");
    run_of_many_steps(Engine::builder().sqlite(&file)).await;
    let series = "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 1000000) SELECT n FROM s)";
    let connection = rusqlite::Connection::open(&file).expect("the file is opened");
    for statement in filling(series, "printf('%032x', n)") {
        connection.execute(&statement, []).expect("it is filled");
    }
    let postgres = Cluster::shared().map(|cluster| cluster.database("large"));
    if let Some(postgres) = &postgres {
        run_of_many_steps(Engine::builder().postgres(postgres.url())).await;
        for statement in filling("generate_series(1, 1000000) AS s(n)", "lpad(to_hex(n), 32, '0')") {
            postgres.execute(&statement).expect("it is filled");
        }
        postgres.execute("ANALYZE steadfast_runs").expect("the server counts");
    }
    (file, postgres)
}
