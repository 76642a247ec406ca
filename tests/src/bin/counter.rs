//! A program that tests kill: `counter <database> <log> <what>`.
//!
//! `many` runs 20 steps at once, each of which changes the shared state in two edits. `two` has a step that edits and
//! then blocks, and another that has read the edit. Each attempt appends a line to the log.

use std::io::Write as _;
use std::sync::OnceLock;
use steadfast::prelude::*;

static LOG: OnceLock<String> = OnceLock::new();

fn log(scope: &StepScope) {
    let mut file =
        std::fs::OpenOptions::new().append(true).create(true).open(LOG.get().expect("set")).expect("the log");
    file.write_all(format!("{} {} {}\n", scope.name, scope.position, scope.attempt).as_bytes()).expect("the log");
}

/// The shared state of the steps.
#[derive(StepContext, Clone)]
struct Counted {
    #[context(default)]
    begun: u64,
    #[context(default)]
    sum: u64,
}

#[step]
async fn add(state: &State<Counted>, scope: &StepScope, n: u64) -> Result<u64> {
    log(scope);
    state.edit(|s| s.begun += 1).await?;
    tokio::time::sleep(Duration::from_millis(2 + n % 7)).await;
    let seen = state
        .edit(|s| {
            s.sum += 1;
            s.sum
        })
        .await?;
    tokio::time::sleep(Duration::from_millis(2 + n % 5)).await;
    Ok(seen)
}

/// Runs ten rounds of 20 steps at once. No two steps have read the same sum.
#[workflow(state = Counted)]
async fn many(flow: &Flow) -> Result<(u64, u64, usize)> {
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..10 {
        seen.extend(futures_util::future::try_join_all((0..20).map(|n| add(flow, n))).await?);
    }
    let state = flow.state::<Counted>();
    Ok((state.begun, state.sum, seen.len()))
}

/// Edits the state. The first attempt then blocks until its process is killed.
#[step]
async fn first(state: &State<Counted>, scope: &StepScope) -> Result<u64> {
    log(scope);
    let seen = state
        .edit(|s| {
            s.sum += 1;
            s.sum
        })
        .await?;
    if scope.attempt == 1 {
        tokio::time::sleep(Duration::from_mins(10)).await;
    }
    Ok(seen)
}

#[step]
async fn second(state: &State<Counted>, scope: &StepScope) -> Result<u64> {
    log(scope);
    loop {
        let sum = state.read().await?.sum;
        if sum > 0 {
            println!("seen");
            return Ok(sum);
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[workflow(state = Counted)]
async fn two(flow: &Flow) -> Result<(u64, u64, u64)> {
    let (own, other) = try_join!(first(flow), second(flow))?;
    Ok((own, other, flow.state::<Counted>().sum))
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    LOG.set(args[1].clone()).expect("set once");
    let engine = steadfast_tests::database::on(&args[0]).workflow(many).workflow(two).start().await?;
    match args[2].as_str() {
        "many" => println!("{:?}", engine.start(many, ()).id("many").await?.result().await?),
        _ => println!("{:?}", engine.start(two, ()).id("two").await?.result().await?),
    }
    engine.shutdown(Duration::from_secs(5)).await?;
    Ok(())
}
