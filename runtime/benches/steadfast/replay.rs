//! (c) Replay of long histories.

use crate::table::{Table, median};
use crate::workflows::sequence_then_wait;
use std::path::Path;
use std::time::{Duration, Instant};
use steadfast::{Engine, Run};
use tokio::runtime::Runtime;

/// From the start of the engine until the run has been replayed and its unfinished step is started again.
pub(crate) fn long_histories(runtime: &Runtime, folder: &Path, table: &mut Table) {
    for (steps, name, aim) in
        [(1_000, "(c) replay of 1,000 steps", "5 ms"), (100_000, "(c) replay of 100,000 steps", "300 ms")]
    {
        let path = folder.join(format!("{steps}.db"));
        let millis = runtime.block_on(async {
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
        });
        table.alone(name, millis, "ms", aim);
    }
}

async fn wait_for_entries(run: &Run, entries: u64) {
    while run.status().await.expect("a status").entries < entries {
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
}
