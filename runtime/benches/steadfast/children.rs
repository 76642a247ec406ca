//! (l) A run that starts 1,000 others and waits for them.

use crate::raw;
use crate::table::{Table, median};
use crate::workflows::{fans_out, leaf};
use std::path::Path;
use std::time::Instant;
use steadfast::Engine;
use tokio::runtime::Runtime;

const ROUNDS: usize = 5;
const CHILDREN: u32 = 1_000;

/// Against bare transactions of 100 rows: a child is a run of its own, with at least six rows.
pub(crate) fn thousand(runtime: &Runtime, folder: &Path, table: &mut Table) {
    let (mut children, mut rows) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        rows.push(raw::hundred_row_commits(&folder.join(format!("raw-{round}.db")), 500));
        children.push(runtime.block_on(async {
            let path = folder.join(format!("children-{round}.db"));
            let builder = Engine::builder().sqlite(path).workflow(fans_out).workflow(leaf);
            let engine = builder.start().await.expect("an engine");
            let start = Instant::now();
            engine.start(fans_out, CHILDREN).await.expect("a start").result().await.expect("a result");
            f64::from(CHILDREN) / start.elapsed().as_secs_f64()
        }));
    }
    table.against("(l) children of one run, 1,000 at once", median(children), "runs/s", median(rows), "");
}
