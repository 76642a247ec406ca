//! A program that tests kill, with remote steps: `far <file or postgres://..> <log> <term in ms> starts <runs>` starts
//! or resumes that many runs, and prints `done` once all have ended; `far <..> <log> <term> serves <slots>` runs their
//! steps. `fans` and `limits` are the same with a queue that has limits: a step that begins beside too many others logs
//! `exceeds`. `lines` and `rooms` are the same with runs that wait in a queue, in the order of a key.

use std::io::Write as _;
use std::sync::OnceLock;
use steadfast::prelude::*;
use steadfast::{EngineBuilder, Queue, Status};

static LOG: OnceLock<String> = OnceLock::new();

fn log(scope: &StepScope, what: &str) {
    let line = format!("{} {} {} {} {what}\n", scope.run_id(), scope.position, scope.attempt, scope.idempotency_key());
    let path = LOG.get().expect("set first");
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path).expect("the log");
    // One write, so that lines of several processes do not mix.
    file.write_all(line.as_bytes()).expect("the log");
}

/// The sum so far.
#[derive(StepContext, Clone, Debug)]
struct Sum {
    #[context(default)]
    sum: u64,
}

#[step(queue = "far")]
async fn add(ctx: &Sum, scope: &StepScope, n: u64) -> Result<u64> {
    log(scope, "begins");
    let written = steadfast::stream("sums").write(&(ctx.sum + n));
    tokio::time::sleep(Duration::from_millis(5 + n % 20)).await;
    written.await?;
    log(scope, "ends");
    Ok(ctx.sum + n)
}

#[step(queue = "far", retry(attempts = 3, backoff = "5ms"))]
async fn shaky(scope: &StepScope, n: u64) -> Result<u64> {
    log(scope, "begins");
    // The first attempt of all has an outcome, unless its engine is killed.
    if scope.attempt == 1 { Err(Error::msg("first")) } else { Ok(n) }
}

#[step]
async fn near(scope: &StepScope, n: u64) -> Result<u64> {
    log(scope, "begins");
    Ok(n)
}

#[workflow(context = Sum)]
async fn adding(flow: &mut Flow<Sum>, n: u64) -> Result<u64> {
    for round in 0..6 {
        let sum = add(flow, n + round).await?;
        flow.update(|c| c.sum(sum)).await?;
        let (one, two, three) = try_join!(shaky(flow, 1), add(flow, 2), near(flow, 3))?;
        assert_eq!((one, two, three), (1, sum + 2, 3));
        if round % 3 == 0 {
            flow.sleep(Duration::from_millis(20)).await?;
        }
    }
    Ok(flow.sum)
}

/// Holds one of so many files while the step runs; the system frees those of a process that is killed.
fn hold(scope: &StepScope, name: &str, count: u32) -> Option<std::fs::File> {
    let folder = std::path::Path::new(LOG.get().expect("set first")).parent().expect("a folder");
    let free = (0..count).find_map(|n| {
        let file = std::fs::File::create(folder.join(format!("{name}-{n}"))).expect("a file");
        file.try_lock().is_ok().then_some(file)
    });
    if free.is_none() {
        log(scope, "exceeds");
    }
    free
}

#[step(queue = "few")]
async fn few(scope: &StepScope, key: String, n: u64) -> Result<u64> {
    log(scope, "begins");
    let held = (hold(scope, "all", 4), hold(scope, &key, 2));
    tokio::time::sleep(Duration::from_millis(3 + n % 15)).await;
    drop(held);
    Ok(n)
}

#[workflow]
async fn fanning(flow: &mut Flow, n: u64) -> Result<u64> {
    let flow = &*flow;
    let calls = (0..16).map(|call| few(flow, format!("key{}", (n + call) % 3), call));
    futures_util::future::try_join_all(calls).await?;
    Ok(n)
}

/// The queue of the step above.
fn few_at_once() -> Queue {
    Queue::new("few").total(4).key(|(key, _): &(String, u64)| key.clone()).per_key(2)
}

/// One of the runs of a line: it works, waits, and works again.
#[workflow]
async fn lined(flow: &mut Flow, (line, n): (String, u64)) -> Result<u64> {
    one_of_a_line(flow, line.clone(), n).await?;
    flow.sleep(Duration::from_millis(n % 3)).await?;
    Ok(one_of_a_line(flow, line, n).await?)
}

#[step]
async fn one_of_a_line(scope: &StepScope, line: String, n: u64) -> Result<u64> {
    log(scope, &format!("{line} {n} works"));
    let held = (hold(scope, "rooms", 4), hold(scope, &line, 1));
    tokio::time::sleep(Duration::from_millis(2 + n % 7)).await;
    drop(held);
    Ok(n)
}

/// Starts the runs of a line in their order.
#[workflow]
async fn lining(flow: &mut Flow, line: String) -> Result<u64> {
    let mut runs = Vec::new();
    for n in 0..8 {
        runs.push(flow.start(lined, (line.clone(), n)).queue("rooms").await);
    }
    let mut sum = 0;
    for run in runs {
        sum += run.await?;
    }
    Ok(sum)
}

/// The queue of the runs above.
fn rooms() -> Queue {
    Queue::new("rooms").total(4).key(|(line, _): &(String, u64)| line.clone()).in_order()
}

fn builder(place: &str, term: &str) -> EngineBuilder {
    let builder = if place.starts_with("postgres:") {
        Engine::builder().postgres(place)
    } else {
        Engine::builder().sqlite(place)
    };
    let term = Duration::from_millis(term.parse().expect("milliseconds"));
    builder.lease_term(term).evict_after(Duration::from_millis(50))
}

/// Waits for the ends of all runs, and says of each that it has ended.
async fn all_end(
    runs: Vec<steadfast::RunHandle<u64>>,
    check: impl Fn(u64),
) -> std::result::Result<(), Box<dyn std::error::Error>> {
    for run in runs {
        check(run.result().await?);
        println!("one has ended");
    }
    println!("done");
    Ok(())
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [place, log, term, role, number] = &arguments[..] else { return Err("five arguments".into()) };
    LOG.set(log.clone()).expect("set once");
    let number: usize = number.parse()?;
    if role == "limits" {
        let _engine = builder(place, term).queue(few_at_once()).serve("few", 3).step::<few>().start().await?;
        println!("serves");
        std::future::pending::<()>().await;
    }
    if role == "rooms" {
        let _engine = builder(place, term).queue(rooms()).workflow(lined).serve("rooms", 3).start().await?;
        println!("serves");
        std::future::pending::<()>().await;
    }
    if role == "lines" {
        let engine = builder(place, term).queue(rooms()).workflow(lining).start().await?;
        let mut runs = Vec::new();
        for n in 0..number {
            runs.push(engine.start(lining, format!("line-{n}")).id(format!("run-{n}")).await?);
        }
        println!("started");
        return all_end(runs, |sum| assert_eq!(sum, 28)).await;
    }
    if role == "fans" {
        let engine = builder(place, term).queue(few_at_once()).workflow(fanning).start().await?;
        let mut runs = Vec::new();
        for n in 0..number as u64 {
            runs.push(engine.start(fanning, n).id(format!("run-{n}")).await?);
        }
        println!("started");
        return all_end(runs, |_| {}).await;
    }
    if role == "serves" {
        let _engine = builder(place, term).serve("far", number).step::<add>().step::<shaky>().start().await?;
        println!("serves");
        std::future::pending::<()>().await;
    }
    let engine = builder(place, term).workflow(adding).start().await?;
    let mut runs = Vec::new();
    for n in 0..number {
        runs.push(engine.start(adding, n as u64).id(format!("run-{n}")).await?);
    }
    println!("started");
    for (n, run) in runs.into_iter().enumerate() {
        let n = n as u64;
        assert_eq!(run.result().await?, 6 * n + 15);
        assert_eq!(run.status().await?.status, Status::Completed);
        println!("one has ended");
    }
    println!("done");
    Ok(())
}
