//! (d) Updates of a small field beside a large one.

use crate::table::Table;
use crate::workflows::updates;
use std::path::Path;
use steadfast::Engine;
use tokio::runtime::Runtime;

const UPDATES: u64 = 1_000;

/// The bytes that 1,000 updates add to the database, its log written back.
pub(crate) fn beside_a_large_field(runtime: &Runtime, folder: &Path, table: &mut Table) {
    let size = |count: u64| {
        let path = folder.join(format!("{count}.db"));
        runtime.block_on(async {
            let engine = Engine::builder().sqlite(&path).workflow(updates).start().await.expect("an engine");
            engine.start(updates, count).await.expect("a start").result().await.expect("a result");
            engine.shutdown(std::time::Duration::from_secs(5)).await.expect("a shutdown");
        });
        std::fs::metadata(&path).expect("the file").len()
    };
    #[allow(clippy::cast_precision_loss, reason = "sizes below 2^52")]
    let each = (size(UPDATES) - size(0)) as f64 / UPDATES as f64;
    table.alone("(d) written per update and step, 1 MB field beside", each, "bytes", "under 1,024");
}
