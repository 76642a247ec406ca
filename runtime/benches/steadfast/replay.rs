//! (c) Replay of long histories.

use crate::table::{Table, median};
use crate::workflows::sequence_then_wait;
use std::path::Path;
use std::time::Instant;
use steadfast::{Engine, Run};
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
        let run = engine.start(sequence_then_wait, steps).id("long").await.expect("a start");
        wait_for_entries(&run, 2 * steps + 2).await;
        drop((run, engine));
        let mut millis = Vec::new();
        for restart in 1..=5 {
            let start = Instant::now();
            let engine = open().await;
            let run = engine.run("long").await.expect("the run");
            wait_for_entries(&run, 2 * steps + 2 + restart).await;
            millis.push(start.elapsed().as_secs_f64() * 1e3);
        }
        median(millis)
    })
}

async fn wait_for_entries(run: &Run, entries: u64) {
    while run.status().await.expect("a status").entries < entries {
        // A sleep would round up to a millisecond.
        tokio::task::yield_now().await;
    }
}
