//! (n) to (p), (r) Event-driven workflows. An event is counted when a step takes it: that is two rows, the call of the step
//! and its result.

use crate::graphs::{Fan, Round, Ticks};
use crate::raw;
use crate::table::{Table, median};
use std::path::{Path, PathBuf};
use std::time::Instant;
use steadfast::Engine;
use tokio::runtime::Runtime;

const ROUNDS: usize = 5;
const PARTS: u32 = 10_000;

async fn engine(path: Option<PathBuf>) -> Engine {
    let builder = match path {
        Some(path) => Engine::builder().sqlite(path),
        None => Engine::builder().in_memory(),
    };
    builder.workflow(Round).workflow(Fan).workflow(Ticks).start().await.expect("an engine")
}

/// So many events of one run, one after the other, per second.
async fn one_run(engine: &Engine, events: u32) -> f64 {
    let start = Instant::now();
    engine.start(Round, u64::from(events)).await.expect("a start").result().await.expect("a result");
    f64::from(events) / start.elapsed().as_secs_f64()
}

/// The events per second of 100 runs at once, so many times one after the other.
async fn hundred_runs(engine: &Engine, times: u32, events: u32) -> f64 {
    let start = Instant::now();
    let lanes = (0..100).map(|_| {
        let engine = engine.clone();
        tokio::spawn(async move {
            for _ in 0..times {
                engine.start(Round, u64::from(events)).await.expect("a start").result().await.expect("a result");
            }
        })
    });
    for lane in lanes.collect::<Vec<_>>() {
        lane.await.expect("a lane");
    }
    f64::from(100 * times * events) / start.elapsed().as_secs_f64()
}

/// The seconds of a fan-out and its fan-in.
async fn fan(engine: &Engine, parts: u32) -> f64 {
    let start = Instant::now();
    engine.start(Fan, u64::from(parts)).await.expect("a start").result().await.expect("a result");
    start.elapsed().as_secs_f64()
}

/// (n) Events through three steps with the in-memory store: of one run, of 100 at once, and of runs that end after three.
pub(crate) fn in_memory(runtime: &Runtime, _: &Path, table: &mut Table) {
    let (mut alone, mut hundred, mut short) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        runtime.block_on(async {
            let engine = engine(None).await;
            one_run(&engine, 1_001).await;
            alone.push(one_run(&engine, 30_001).await);
            hundred.push(hundred_runs(&engine, 1, 301).await);
            short.push(hundred_runs(&engine, 100, 3).await);
        });
    }
    table.alone("(n) events through three steps, in memory", median(alone), "events/s", "60,000 events/s");
    table.alone("(n) the same, 100 runs at once", median(hundred), "events/s", "60,000 events/s");
    table.alone("(n) the same, runs of three events with start and end", median(short), "events/s", "");
}

/// (o) The same on SQLite, 100 runs at once, against bare transactions of 100 rows.
pub(crate) fn on_a_disk(runtime: &Runtime, folder: &Path, table: &mut Table) {
    let (mut long, mut short, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        rows.push(raw::hundred_row_commits(&folder.join(format!("raw-{round}.db")), 1_000));
        runtime.block_on(async {
            let engine = engine(Some(folder.join(format!("events-{round}.db")))).await;
            one_run(&engine, 11).await;
            long.push(hundred_runs(&engine, 1, 201).await);
            short.push(hundred_runs(&engine, 20, 3).await);
        });
    }
    let limit = median(rows);
    let aim = "10,000 events/s or 0.33";
    table.against("(o) events through three steps, 100 runs at once", median(long), "events/s", limit, aim);
    table.against("(o) the same, runs of three with start and end", median(short), "events/s", limit, "");
}

/// (p) A fan-out of 10,000 events, a step for each, and the fan-in of what they return.
pub(crate) fn ten_thousand(runtime: &Runtime, folder: &Path, table: &mut Table) {
    let (mut memory, mut disk, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        runtime.block_on(async {
            let engine = engine(None).await;
            fan(&engine, 100).await;
            memory.push(fan(&engine, PARTS).await);
        });
        rows.push(raw::hundred_row_commits(&folder.join(format!("raw-{round}.db")), 1_000));
        runtime.block_on(async {
            let engine = engine(Some(folder.join(format!("fan-{round}.db")))).await;
            fan(&engine, 100).await;
            disk.push(fan(&engine, PARTS).await);
        });
    }
    let (memory, disk, parts) = (median(memory), median(disk), f64::from(PARTS));
    table.alone("(p) fan-out and fan-in of 10,000, in memory", memory * 1e3, "ms", "");
    table.alone("(p) the same, a second", parts / memory, "events/s", "");
    table.alone("(p) fan-out and fan-in of 10,000, SQLite", disk * 1e3, "ms", "");
    table.against("(p) the same, a second", parts / disk, "events/s", median(rows), "");
}

/// (r) The cost of an event in a run of 100,000 against that in runs of 1,000, as many altogether: of an event that goes
/// round, and of a fan-out.
pub(crate) fn flat(runtime: &Runtime, _: &Path, table: &mut Table) {
    const MANY: u32 = 100_000;
    const FEW: u32 = 1_000;
    let (mut round, mut wide) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for _ in 0..ROUNDS {
        for (which, events) in [FEW, MANY].into_iter().enumerate() {
            runtime.block_on(async {
                let engine = engine(None).await;
                let start = Instant::now();
                for _ in 0..MANY / events {
                    engine.start(Ticks, u64::from(events)).await.expect("a start").result().await.expect("a result");
                }
                round[which].push(start.elapsed().as_secs_f64() * 1e6 / f64::from(MANY));
            });
            runtime.block_on(async {
                let engine = engine(None).await;
                let mut seconds = 0.0;
                for _ in 0..MANY / events {
                    seconds += fan(&engine, events).await;
                }
                wide[which].push(seconds * 1e6 / f64::from(MANY));
            });
        }
    }
    let ([few, many], [few_wide, many_wide]) = (round.map(median), wide.map(median));
    table.against("(r) one of 100,000 events, against one of 1,000", many, "us", few, "ratio 1.2");
    table.against("(r) one of a fan-out of 100,000, against 1,000", many_wide, "us", few_wide, "ratio 1.2");
}
