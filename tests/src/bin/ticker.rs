//! A program that tests kill, with a schedule: `ticker <file or postgres://..> <log> <term in ms> <count>` declares the
//! schedule `often`, which fires that many times, and drives its runs. Each run logs its nominal time. It prints `done`
//! once all runs have ended. `ticker <..> <log> <term> moved`, under the library built from `clock.c`, has a schedule of
//! an hour while the wall clock is set forward and back, and prints how many runs it has started each time.

use std::io::Write as _;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};
use steadfast::prelude::*;
use steadfast::{Missed, Overlap, RunFilter, Schedule, Status, Tick};

static LOG: OnceLock<String> = OnceLock::new();

fn millis(moment: SystemTime) -> u128 {
    moment.duration_since(UNIX_EPOCH).expect("after 1970").as_millis()
}

#[step]
async fn note(scope: &StepScope, tick: Tick) -> Result<()> {
    let line = format!("{} {}\n", scope.run_id(), millis(tick.nominal));
    let path = LOG.get().expect("set first");
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path).expect("the log");
    // One write, so that lines of several processes do not mix.
    file.write_all(line.as_bytes()).expect("the log");
    Ok(())
}

#[workflow]
async fn ticking(flow: &mut Flow, tick: Tick) -> Result<()> {
    note(flow, tick).await?;
    flow.sleep(Duration::from_millis(20)).await?;
    Ok(())
}

/// Sets the clock forward by an hour, back, and forward again, and then by a year and back, after which it resumes the
/// schedule.
async fn moved(engine: &Engine) -> std::result::Result<(), Box<dyn std::error::Error>> {
    let hour = Duration::from_hours(1);
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    // The next time is half an hour away.
    let phase = Duration::from_millis(u64::try_from((now + hour / 2).as_millis())? % 3_600_000);
    let hourly = engine.schedule("hourly");
    hourly.set(Schedule::every(hour).phase(phase).missed(Missed::Within(hour)), ticking, ()).await?;
    for (seconds, expected) in
        [("0", 0), ("3600", 1), ("0", 1), ("3600", 1), ("7200", 2), ("31536000", 3), ("7200", 3), ("10800", 4)]
    {
        if seconds == "10800" {
            hourly.pause("the clock was a year ahead").await?;
            hourly.resume().await?;
        }
        std::fs::write(std::env::var("CLOCK_FILE")?, seconds)?;
        let set = std::time::Instant::now();
        // What is expected comes soon; what is not would come as soon.
        while set.elapsed() < Duration::from_secs(20) && hourly.info().await?.started < expected
            || set.elapsed() < Duration::from_secs(1)
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        println!("{seconds} {}", hourly.info().await?.started);
    }
    std::process::exit(0)
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [database, log, term, count] = &arguments[..] else { return Err("four arguments".into()) };
    LOG.set(log.clone()).expect("set once");
    let builder = match database.strip_prefix("postgres://") {
        Some(_) => Engine::builder().postgres(database.as_str()),
        None => Engine::builder().sqlite(database),
    };
    let engine = builder.workflow(ticking).lease_term(Duration::from_millis(term.parse()?)).start().await?;
    if count == "moved" {
        return moved(&engine).await;
    }
    let count = count.parse()?;
    let often = Schedule::every(Duration::from_millis(100)).limit(count);
    let often = often.overlap(Overlap::Allow).missed(Missed::Within(Duration::from_hours(1)));
    engine.schedule("often").set(often, ticking, ()).await?;
    let ended = RunFilter::all().status(Status::Completed).limit(usize::try_from(count)? + 1);
    while (engine.list(ended.clone()).await?.len() as u64) < count {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("done");
    Ok(())
}
