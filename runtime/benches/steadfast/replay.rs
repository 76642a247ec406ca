//! (c) Replay of long histories.

use crate::table::{Table, median};
use crate::workflows::{BEGUN, sequence_then_wait};
use std::path::Path;
use std::time::Instant;
use steadfast::Engine;
use tokio::runtime::Runtime;

/// From the start of the engine until the run has been replayed and its unfinished step is started again; the limit is
/// the same with a run of one step.
pub(crate) fn long_histories(runtime: &Runtime, folder: &Path, table: &mut Table) {
    let alone = restart_with(runtime, folder, 1);
    for (steps, name, aim) in [
        (1_000, "(c) restart, replay of 1,000 steps", "5 ms"),
        (100_000, "(c) restart, replay of 100,000 steps", "300 ms"),
    ] {
        table.against(name, restart_with(runtime, folder, steps), "ms", alone, aim);
    }
}

fn restart_with(runtime: &Runtime, folder: &Path, steps: u64) -> f64 {
    let path = folder.join(format!("{steps}.db"));
    runtime.block_on(async {
        let open = || async {
            let builder = Engine::builder().sqlite(&path).durability(steadfast::Durability::Relaxed);
            builder.workflow(sequence_then_wait).max_loads(1_000).start().await.expect("an engine")
        };
        let engine = open().await;
        engine.start(sequence_then_wait, steps).id("long").await.expect("a start");
        BEGUN.notified().await;
        drop(engine);
        let mut millis = Vec::new();
        for _ in 0..5 {
            let start = Instant::now();
            let engine = open().await;
            BEGUN.notified().await;
            millis.push(start.elapsed().as_secs_f64() * 1e3);
            drop(engine);
        }
        median(millis)
    })
}
