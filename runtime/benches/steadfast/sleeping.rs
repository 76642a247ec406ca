//! (f) Many sleeping runs: memory, and time to start the engine.

use crate::table::{Table, median};
use crate::workflows::sleeper;
use std::path::Path;
use std::time::{Duration, Instant};
use steadfast::{Durability, Engine, RunFilter, Status};
use tokio::runtime::Runtime;

const RUNS: u64 = 100_000;

pub(crate) fn many_sleeping_runs(runtime: &Runtime, folder: &Path, table: &mut Table) {
    runtime.block_on(async {
        let path = folder.join("sleeping.db");
        let open = || async {
            let builder = Engine::builder().sqlite(&path).durability(Durability::Relaxed);
            builder.workflow(sleeper).start().await.expect("an engine")
        };
        let engine = open().await;
        let before = resident_megabytes();
        let lanes = (0..100).map(|_| {
            let engine = engine.clone();
            tokio::spawn(async move {
                for _ in 0..RUNS / 100 {
                    engine.start(sleeper, 1_000).await.expect("a start");
                }
            })
        });
        for lane in lanes.collect::<Vec<_>>() {
            lane.await.expect("a lane");
        }
        while !engine.list(RunFilter::all().status(Status::Running).limit(1)).await.expect("a list").is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        table.alone("(f) 100,000 sleeping runs, memory", resident_megabytes() - before, "MB", "30 MB");
        drop(engine);
        let mut millis = Vec::new();
        for _ in 0..5 {
            let start = Instant::now();
            let engine = open().await;
            millis.push(start.elapsed().as_secs_f64() * 1e3);
            drop(engine);
        }
        table.alone("(f) 100,000 sleeping runs, engine start", median(millis), "ms", "300 ms");
    });
}

/// The memory of this process that is in use, in megabytes: from the kernel's `statm`, in pages of 4 KiB.
fn resident_megabytes() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: f64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(f64::NAN);
    pages * 4096.0 / 1e6
}
