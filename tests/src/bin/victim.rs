//! A program that tests kill: `victim <file or postgres://..> <log> <runs> [term in ms]`.
//!
//! With `bank` as `<runs>` it moves money between two accounts in the same file, and prints `done`. With `talk` its
//! runs send messages to each other, start others and continue as new; with `listen` a run waits for messages that
//! another process sends with `say`. With `retain` it archives and deletes all runs that have ended. With `graph` it runs graphs that change their context, and shared state with
//! stored fields. With `worker` it works behind a pool, and with `client-NAME` it starts runs there, until its input is
//! closed.
//!
//! With a number it starts, or resumes, that many runs. It appends a line to the log for every attempt, and prints one
//! line for every run that has ended, then `done`.

#[path = "victim/fleet.rs"]
mod fleet;
#[path = "victim/graph.rs"]
mod graph;
#[path = "victim/talk.rs"]
mod talk;

use std::io::Write as _;
use std::sync::OnceLock;
use steadfast::prelude::*;
use steadfast::sql::params;
use steadfast::{EngineBuilder, Retention, RunFilter};

static LOG: OnceLock<String> = OnceLock::new();

fn log(what: &str) {
    let current = steadfast::current().expect("a step");
    let step = current.step().expect("a step");
    let (run, position, attempt) = (current.run_id(), step.position, step.attempt);
    let line = format!("{run} {position} {attempt} {} {what}\n", step.idempotency_key());
    let path = LOG.get().expect("set first");
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path).expect("the log");
    // One write, so that lines of several processes do not mix.
    file.write_all(line.as_bytes()).expect("the log");
}

/// The sum so far.
#[derive(StepContext, Clone, Debug)]
struct Ledger {
    #[context(default)]
    sum: u64,
}

#[step]
async fn work(ctx: &Ledger, n: u64) -> Result<u64> {
    log("work");
    tokio::time::sleep(Duration::from_millis(5 + n % 10)).await;
    Ok(ctx.sum + n)
}

#[step(retry(attempts = 3, backoff = "5ms"))]
async fn shaky(n: u64) -> Result<u64> {
    log("shaky");
    let attempt = steadfast::current().and_then(|current| current.step().map(|step| step.attempt));
    if attempt == Some(1) { Err(steadfast::Error::msg("first")) } else { Ok(n) }
}

/// Runs steps one after the other and at once, with retries, updates and short sleeps.
#[workflow(context = Ledger)]
async fn job(flow: &mut Flow<Ledger>, n: u64) -> Result<u64> {
    for round in 0..8 {
        let sum = work(flow, n + round).await?;
        flow.update(|c| c.sum(sum)).await?;
    }
    let (left, right, shaken) = try_join!(work(flow, 1), work(flow, 2), async { shaky(flow, 3).await })?;
    flow.sleep(Duration::from_millis(10)).await?;
    flow.update(|c| c.sum(left + right + shaken)).await?;
    Ok(flow.sum)
}

/// Returns the expected result of `job`.
fn expected(n: u64) -> u64 {
    let sum: u64 = (0..8).map(|round| n + round).sum();
    (sum + 1) + (sum + 2) + 3
}

/// Ends the process, if `n` is not zero.
#[step]
async fn poison(n: u64) -> Result<u64> {
    log("poison");
    if n > 0 {
        std::process::exit(86);
    }
    Ok(n)
}

#[workflow]
async fn poisoned(flow: &mut Flow, n: u64) -> Result<u64> {
    Ok(poison(flow, n).await?)
}

/// Moves money between two accounts, in the commit of its result. It waits for the rows of a process that was stopped
/// in its commit until the server ends that.
#[transaction(time_limit = "20s")]
fn move_cents(tx: &mut Tx<'_>, from: String, to: String, cents: i64) -> Result<i64> {
    let change = "UPDATE accounts SET cents = cents + ?2, moves = moves + 1 WHERE name = ?1";
    tx.execute(change, params![from, -cents])?;
    tx.execute(change, params![to, cents])?;
    let run = steadfast::current().map(|current| current.run_id().to_owned());
    tx.execute("INSERT INTO moves (run, cents) VALUES (?1, ?2)", params![run, cents])?;
    Ok(tx.query_row("SELECT count(*) FROM moves WHERE run = ?1", [run], |row| row.get(0))?)
}

#[workflow]
async fn moving(flow: &mut Flow, n: u64) -> Result<i64> {
    for _ in 0..5 {
        let there = move_cents(flow, "a".into(), "b".into(), 1);
        let back = move_cents(flow, "b".into(), "a".into(), 2);
        let work = async { work_alone(flow, n).await };
        try_join!(there, back, work)?;
    }
    Ok(move_cents(flow, "a".into(), "b".into(), 5).await?)
}

#[step]
async fn work_alone(n: u64) -> Result<u64> {
    tokio::time::sleep(Duration::from_millis(n % 3)).await;
    Ok(n)
}

/// Starts each run in the commit of its own row, and waits for all.
async fn bank(engine: &Engine) -> std::result::Result<(), Box<dyn std::error::Error>> {
    engine
        .transaction(|tx| {
            let accounts = "CREATE TABLE IF NOT EXISTS accounts (name TEXT PRIMARY KEY, cents INTEGER, moves INTEGER)";
            tx.execute(accounts, [])?;
            tx.execute("CREATE TABLE IF NOT EXISTS moves (run TEXT, cents INTEGER)", [])?;
            tx.execute("CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY)", [])?;
            tx.execute("INSERT INTO accounts VALUES ('a', 1000, 0), ('b', 1000, 0) ON CONFLICT DO NOTHING", [])?;
            Ok(())
        })
        .await?;
    for n in 0..20 {
        engine
            .transaction(move |tx| {
                let id = format!("move-{n}");
                if tx.execute("INSERT INTO orders (id) VALUES (?1) ON CONFLICT DO NOTHING", params![id])? > 0 {
                    tx.start(moving, n).id(id).begin()?;
                }
                Ok(())
            })
            .await?;
    }
    println!("started");
    for n in 0..20 {
        engine.handle(moving, &format!("move-{n}")).await?.result().await?;
    }
    Ok(())
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    LOG.set(args[1].clone()).expect("set once");
    let term = args.get(3).map_or(Ok(5_000), |term| term.parse())?;
    if args[2] == "worker" || args[2].starts_with("client") {
        let term = Duration::from_millis(term);
        return fleet::takes_part(&args[0], &args[2], term).await.map_err(|error| error as _);
    }
    let builder = steadfast_tests::database::on(&args[0]).lease_term(Duration::from_millis(term));
    if args[2] == "retain" {
        return retain(builder, &args[1]).await;
    }
    let builder = if args[2] == "graph" { graph::workflows(builder, &args[1]) } else { builder };
    let engine = talk::workflows(builder).workflow(job).workflow(poisoned).workflow(moving).start().await?;
    if args[2] == "poison" {
        engine.start(poisoned, 0).id("before").await?.result().await?;
        let run = engine.start(poisoned, 1).id("poisoned").await?;
        println!("poisoned {:?}", run.result().await);
        println!("after {:?}", engine.start(poisoned, 0).await?.result().await);
        for dead in engine.dead().await? {
            println!("dead {}", dead.id);
        }
        return Ok(());
    }
    if args[2] == "bank" {
        bank(&engine).await?;
        println!("done");
        engine.shutdown(Duration::from_secs(5)).await?;
        return Ok(());
    }
    match args[2].as_str() {
        "graph" => graph::graphs(&engine).await?,
        "talk" => talk::talk(&engine).await?,
        "listen" => talk::listen(&engine, false).await?,
        "say" => talk::listen(&engine, true).await?,
        runs => jobs(&engine, runs.parse()?).await?,
    }
    println!("done");
    engine.shutdown(Duration::from_secs(5)).await?;
    Ok(())
}

/// Archives and deletes all runs that have ended, and ends once there are none.
async fn retain(builder: EngineBuilder, log: &str) -> std::result::Result<(), Box<dyn std::error::Error>> {
    let folder = std::path::Path::new(log).with_file_name("archive");
    let rule = Retention::older_than(Duration::ZERO).archive(folder);
    let engine = builder.retention(rule).retention_every(Duration::from_millis(1)).start().await?;
    while !engine.list(RunFilter::all().limit(1)).await?.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    println!("done");
    engine.shutdown(Duration::from_secs(5)).await?;
    Ok(())
}

async fn jobs(engine: &Engine, jobs: u64) -> std::result::Result<(), Box<dyn std::error::Error>> {
    let mut runs = Vec::new();
    for n in 0..jobs {
        let mut run = engine.start(job, n).id(format!("job-{n}")).await;
        // The caller may repeat a start that the database has lost.
        while let Err(steadfast::EngineError::Store(error)) = run {
            println!("again {n}: {error}");
            tokio::time::sleep(Duration::from_millis(50)).await;
            run = engine.start(job, n).id(format!("job-{n}")).await;
        }
        runs.push((n, run?));
    }
    println!("started");
    for (n, run) in runs {
        assert_eq!(run.result().await?, expected(n));
        println!("ended {n}");
    }
    Ok(())
}
