//! The task that exports the spans of runs whose journals have grown.

use crate::engine::core::Core;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The interval between two exports.
const INTERVAL: Duration = Duration::from_secs(1);

/// The longest interval after an export that failed.
const LONGEST: Duration = Duration::from_secs(30);

/// The interval at which spans are looked for that no engine has exported.
pub(super) const LOOK: Duration = Duration::from_secs(10);

/// The time that a shutdown gives to the last export.
const FINISH: Duration = Duration::from_secs(5);

/// Starts the task that exports spans, if the engine has an exporter.
pub(in crate::engine) fn watch(core: &Arc<Core>) {
    if !core.traces.is_on() {
        return;
    }
    let of = Arc::downgrade(core);
    core.runtime.spawn(async move {
        let mut wait = INTERVAL;
        loop {
            tokio::time::sleep(wait).await;
            let Some(core) = of.upgrade().filter(|core| !core.is_draining()) else { return };
            wait = match export(&core).await {
                Ok(()) => INTERVAL,
                Err(error) => {
                    tracing::warn!(error, "spans cannot be exported now; they are made again of the journals");
                    (wait * 2).min(LONGEST)
                }
            };
        }
    });
}

async fn export(core: &Arc<Core>) -> Result<(), String> {
    core.traces.exports.lock().await.round(core).await
}

/// Exports what has ended, before the leases are handed back, and ends the exporter. What cannot be exported in time is owed
/// by whichever engine takes the leases.
pub(in crate::engine) async fn finish(core: &Arc<Core>) {
    if !core.traces.is_on() {
        return;
    }
    let until = Instant::now() + FINISH;
    let finished = tokio::time::timeout_at(until, async {
        let mut exports = core.traces.exports.lock().await;
        exports.look_again();
        exports.round(core).await
    });
    match finished.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(error, "the last spans are left to the next engine"),
        Err(_) => tracing::warn!("the last spans are left to the next engine: the exporter takes too long"),
    }
    let exporter = core.traces.exporter.clone();
    let ended = core.runtime.spawn_blocking(move || exporter.shutdown());
    if let Ok(Ok(Err(error))) = tokio::time::timeout_at(until, ended).await {
        tracing::warn!(error, "the exporter of spans did not end in order");
    }
}
