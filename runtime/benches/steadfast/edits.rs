//! (q) Edits of the shared state, by eight steps of one run at once.

use crate::graphs::{edits, edits_that_see};
use crate::raw;
use crate::table::{Table, median};
use std::path::Path;
use std::time::Instant;
use steadfast::Engine;
use tokio::runtime::Runtime;

const ROUNDS: usize = 5;
const EACH: u32 = 2_000;

/// Edits per second that give nothing, and that give a value, which waits until it is durable.
async fn measure(engine: &Engine, each: u32) -> [f64; 2] {
    let speed = |start: Instant| f64::from(8 * each) / start.elapsed().as_secs_f64();
    let start = Instant::now();
    engine.start(edits, u64::from(each)).await.expect("a start").result().await.expect("a result");
    let quiet = speed(start);
    let start = Instant::now();
    engine.start(edits_that_see, u64::from(each)).await.expect("a start").result().await.expect("a result");
    [quiet, speed(start)]
}

/// In memory and on SQLite, against bare transactions of 100 rows: an edit is two rows, an entry and a field.
pub(crate) fn of_eight_steps(runtime: &Runtime, folder: &Path, table: &mut Table) {
    let (mut memory, mut disk, mut rows) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()], Vec::new());
    for round in 0..ROUNDS {
        rows.push(raw::hundred_row_commits(&folder.join(format!("raw-{round}.db")), 1_000));
        let path = folder.join(format!("edits-{round}.db"));
        for (builder, all) in
            [(Engine::builder().in_memory(), &mut memory), (Engine::builder().sqlite(path), &mut disk)]
        {
            let speeds = runtime.block_on(async {
                let builder = builder.workflow(edits).workflow(edits_that_see);
                let engine = builder.start().await.expect("an engine");
                measure(&engine, 10).await;
                measure(&engine, EACH).await
            });
            all.iter_mut().zip(speeds).for_each(|(all, speed)| all.push(speed));
        }
    }
    let ([quiet, seen], [quiet_disk, seen_disk], limit) = (memory.map(median), disk.map(median), median(rows));
    table.alone("(q) edits of the state by 8 steps, in memory", quiet, "edits/s", "");
    table.alone("(q) the same, each with a value", seen, "edits/s", "");
    table.against("(q) edits of the state by 8 steps, SQLite", quiet_disk, "edits/s", limit, "");
    table.against("(q) the same, each with a value", seen_disk, "edits/s", limit, "");
}
