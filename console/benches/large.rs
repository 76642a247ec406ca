//! How long the console takes for a page over 1,000,000 runs and a run of 10,000 steps, from the request to the end of the
//! answer: `cargo bench -p steadfast-console`. Medians of 7; to stay below 200 ms.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use steadfast::inspect::Inspector;
use steadfast::prelude::*;
use steadfast_console::Console;
use throwaway_postgres::Cluster;

const ROUNDS: usize = 7;
const STEPS: u64 = 10_000;
const TOKEN: &str = "bench-0123456789abcdef0123456789ab";

/// What is measured; failed runs are one in twenty, parked ones one in a thousand.
const PAGES: &[&str] = &[
    "runs",
    "runs?order=oldest",
    "runs?status=parked",
    "runs?status=parked,failed&workflow=rare",
    "runs?label=tenant%3Dt42",
    "runs?text=-9999",
    "run?id=long-1",
    "run?id=long-1&at=5000",
    "run?id=long-1&way=1",
    "run?id=run-7",
    "history?id=long-1&after=15000",
    "steps?id=long-1&after=15000",
    "reasons",
    "requests",
    "queues",
    "schedules",
    "workers",
    "jobs",
    "audit",
    "health",
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

/// Serves a console on a thread of its own.
async fn served(inspector: Inspector) -> SocketAddr {
    let console = Console::new(inspector, None).token(TOKEN);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let socket = listener.local_addr().expect("an address");
    tokio::spawn(console.serve(listener));
    socket
}

fn get(socket: SocketAddr, page: &str) -> (Duration, usize) {
    let begun = Instant::now();
    let mut stream = TcpStream::connect(socket).expect("connected");
    let head = format!("authorization: Bearer {TOKEN}\r\nconnection: close\r\nhost: localhost");
    stream.write_all(format!("GET /{page} HTTP/1.1\r\n{head}\r\n\r\n").as_bytes()).expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("read");
    let took = begun.elapsed();
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{page}: {}", String::from_utf8_lossy(&answer[..200]));
    (took, answer.len())
}

fn median(socket: SocketAddr, page: &str) -> (Duration, usize) {
    let mut times: Vec<_> = (0..ROUNDS).map(|_| get(socket, page)).collect();
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
    let in_file = served(Inspector::sqlite(&file).await.expect("opened")).await;
    let postgres = Cluster::shared().map(|cluster| cluster.database("large"));
    let mut in_postgres = None;
    if let Some(postgres) = &postgres {
        run_of_many_steps(Engine::builder().postgres(postgres.url())).await;
        for statement in filling("generate_series(1, 1000000) AS s(n)", "lpad(to_hex(n), 32, '0')") {
            postgres.execute(&statement).expect("it is filled");
        }
        postgres.execute("ANALYZE steadfast_runs").expect("the server counts");
        in_postgres = Some(served(Inspector::postgres(postgres.url()).await.expect("opened")).await);
    }
    println!("| page | SQLite | Postgres | bytes |\n|---|---|---|---|");
    for page in PAGES {
        let shown = |time: Duration| format!("{:.0} ms", time.as_secs_f64() * 1_000.0);
        // The server has threads of its own.
        let measured = |socket| tokio::task::block_in_place(|| median(socket, page));
        let (time, size) = measured(in_file);
        let other = in_postgres.map_or("no server".to_owned(), |socket| shown(measured(socket).0));
        println!("| `{page}` | {} | {other} | {size} |", shown(time));
    }
}
