//! How long the tool takes for each answer over 1,000,000 runs and a run of 10,000 steps, from the start of its process to
//! its end: `cargo bench -p steadfast-cli`. Medians of 7; to reach 200 ms.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use steadfast::prelude::*;
use throwaway_postgres::Cluster;

const ROUNDS: usize = 7;
const STEPS: u64 = 10_000;

/// What is measured; `Failed` ones are one in twenty, parked ones one in a thousand.
const COMMANDS: &[&str] = &[
    "runs",
    "runs --oldest-first",
    "runs --status parked",
    "runs --status parked,failed --workflow rare",
    "runs --label tenant=t42",
    "runs --text=-9999",
    "runs --count",
    "top --json",
    "show long-1",
    "history long-1",
    "history long-1 --all",
    "steps long-1",
    "steps long-1 --all",
    "context long-1",
    "context long-1 --at 5000",
    "diff long-1@100 @last",
];

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

fn median(name: &str, line: &str) -> Duration {
    let mut times: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            let mut command = Command::new(env!("CARGO_BIN_EXE_steadfast"));
            command.args(["--db", name]).args(line.split(' ')).stdout(Stdio::null()).stderr(Stdio::null());
            let status = command.status().expect("it is started");
            // A parked run ends `show` with 4.
            assert!(status.code().is_some_and(|code| code == 0), "{line}: {status}");
            begun.elapsed()
        })
        .collect();
    times.sort();
    times[ROUNDS / 2]
}

async fn run_of_many_steps(builder: steadfast::EngineBuilder) {
    let engine = builder.workflow(long).start().await.expect("an engine");
    let run = engine.start(long, STEPS).id("long-1").await.expect("a start");
    run.result().await.expect("a result");
    engine.shutdown(Duration::from_secs(10)).await.expect("an orderly end");
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let file = folder.path().join("large.db");
    run_of_many_steps(Engine::builder().sqlite(&file)).await;
    let series = "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 1000000) SELECT n FROM s)";
    let connection = rusqlite::Connection::open(&file).expect("the file is opened");
    for statement in filling(series, "printf('%032x', n)") {
        connection.execute(&statement, []).expect("it is filled");
    }
    drop(connection);
    let file = Path::display(&file).to_string();
    let postgres = Cluster::shared().map(|cluster| cluster.database("large"));
    if let Some(postgres) = &postgres {
        run_of_many_steps(Engine::builder().postgres(postgres.url())).await;
        for statement in filling("generate_series(1, 1000000) AS s(n)", "lpad(to_hex(n), 32, '0')") {
            postgres.execute(&statement).expect("it is filled");
        }
        postgres.execute("ANALYZE steadfast_runs").expect("the server counts");
    }
    println!("| command | SQLite | Postgres |\n|---|---|---|");
    for line in COMMANDS {
        let in_file = median(&file, line);
        let in_postgres = postgres.as_ref().map(|postgres| median(postgres.url(), line));
        let shown = |time: Duration| format!("{:.0} ms", time.as_secs_f64() * 1_000.0);
        println!("| `{line}` | {} | {} |", shown(in_file), in_postgres.map_or("no server".to_owned(), shown));
    }
}
