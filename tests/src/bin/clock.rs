//! A program whose wall clock is set while its runs wait: `clock DATABASE SECONDS MODE`, under the library built from
//! `clock.c`. `set` sets the clock 300 ms after the start and prints the end of each run, and its time. `restart` does
//! the same and exits 1.2 s after the start without waiting; `resume` prints the end of its run.

use serde::{Deserialize, Serialize};
use std::time::{Instant, SystemTime};
use steadfast::prelude::*;
use steadfast::{Message, Run};

#[derive(Message, Serialize, Deserialize)]
struct Nothing;

#[step(timeout = "4s")]
async fn in_time() -> Result<()> {
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    Ok(())
}

#[step(timeout = "800ms")]
async fn too_long() -> Result<()> {
    tokio::time::sleep(Duration::from_mins(1)).await;
    Ok(())
}

#[step(retry(attempts = 2, backoff = "800ms", jitter = 0.0))]
async fn again(scope: &StepScope) -> Result<()> {
    if scope.attempt == 1 { Err(Error::msg("no")) } else { Ok(()) }
}

#[workflow]
async fn waits(flow: &mut Flow, which: String) -> Result<()> {
    match which.as_str() {
        "step" => in_time(flow).await?,
        "timeout" => too_long(flow).await?,
        "backoff" => again(flow).await?,
        "sleep" => flow.sleep(Duration::from_millis(800)).await?,
        "within" => {
            flow.receive::<Nothing>().within(Duration::from_millis(800)).await?;
        }
        "child" => {
            flow.start(waits, "limit".to_owned()).await.await?;
        }
        "moment" => flow.sleep_until(flow.now() + Duration::from_mins(10)).await?,
        "long" => flow.sleep(Duration::from_secs(4)).await?,
        _ => flow.sleep(Duration::from_mins(10)).await?,
    }
    Ok(())
}

const ALL: [&str; 9] = ["step", "timeout", "backoff", "sleep", "within", "limit", "child", "moment", "deadline"];

fn set_clock(seconds: &str) -> std::io::Result<()> {
    std::fs::write(std::env::var("CLOCK_FILE").unwrap_or_default(), seconds)
}

async fn end(run: &Run) -> String {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(20) {
        match run.status().await {
            Ok(info) if info.status.is_final() => return info.status.to_string(),
            _ => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
    "waits".to_owned()
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().unwrap_or_default();
    let (database, seconds, mode) = (next(), next(), next());
    let builder = Engine::builder().workflow(waits);
    let builder = match database.as_str() {
        "memory" => builder.in_memory().evict_after(Duration::from_hours(1)),
        // Waiting runs are evicted at once.
        path => builder.sqlite(path).evict_after(Duration::from_millis(1)),
    };
    let engine = builder.start().await?;
    let begun = Instant::now();
    if mode == "resume" {
        let run = engine.handle(waits, "long").await?;
        let status = end(&run).await;
        println!("long {} {status}", begun.elapsed().as_millis());
        std::process::exit(0);
    }
    if mode == "restart" {
        engine.start(waits, "long".to_owned()).id("long").await?;
        tokio::time::sleep(Duration::from_millis(300)).await;
        set_clock(&seconds)?;
        tokio::time::sleep(Duration::from_millis(900)).await;
        std::process::exit(0);
    }
    let mut tasks = vec![];
    for which in ALL {
        let call = engine.start(waits, which.to_owned());
        let call = match which {
            "limit" | "child" => call.time_limit(Duration::from_millis(1_500)),
            "deadline" => call.deadline(SystemTime::now() + Duration::from_mins(10)),
            _ => call,
        };
        let run = call.await?;
        tasks.push(tokio::spawn(async move {
            let status = end(&run).await;
            println!("{which} {} {status}", begun.elapsed().as_millis());
        }));
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    set_clock(&seconds)?;
    for task in tasks {
        task.await?;
    }
    std::process::exit(0)
}
