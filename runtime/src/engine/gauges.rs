//! Looks at an interval for the metrics that no event of this engine changes: what is in the database, and how long the
//! leases are held.

use super::core::Core;
use super::error::EngineError;
use crate::metrics::{self, Gauges, Seen};
use std::sync::Arc;
use std::time::Duration;

/// The interval between two looks.
const INTERVAL: Duration = Duration::from_secs(10);

/// The most runs of a status that are counted.
const COUNTED: usize = 1_000;

/// Gives the recorder the descriptions of the metrics, and starts to look. Without a recorder nothing is read.
pub(super) fn watch(core: &Arc<Core>) {
    metrics::describe();
    // A clock that skips sleeps is that of a test.
    if !metrics::IS_ON || core.clock.skips() {
        return;
    }
    let of = Arc::downgrade(core);
    core.runtime.spawn(async move {
        let mut gauges = Gauges::default();
        while let Some(core) = of.upgrade().filter(|core| !core.is_draining()) {
            if metrics::is_recording() {
                // Also while the database does not answer: then the margin matters most.
                gauges.set_own(core.active_count(), core.leases.margin_left());
                match tokio::time::timeout(INTERVAL, look(&core)).await {
                    Ok(Ok(seen)) => gauges.set(seen),
                    Ok(Err(error)) => tracing::warn!(%error, "the database cannot be read for metrics now"),
                    Err(_) => tracing::warn!("the database does not answer reads for metrics now"),
                }
            }
            drop(core);
            tokio::time::sleep(INTERVAL).await;
        }
    });
}

/// Reads the database: one statement, and a few more for queues if this engine declares or serves any.
async fn look(core: &Arc<Core>) -> Result<Seen, EngineError> {
    let has_queues = !core.options.queues.is_empty() || !core.options.declared.0.is_empty();
    let read = core.ask(move |store| {
        let queues = if has_queues { store.queues()? } else { Vec::new() };
        Ok((store.run_counts(COUNTED)?, queues))
    });
    let (runs, queues) = read.await?;
    Ok(Seen { runs, queues, now: core.now() })
}
