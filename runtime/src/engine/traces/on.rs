//! The runs whose journals have grown, and the task that exports their spans.

use super::exporter::TraceExporter;
use super::round::Exports;
use crate::engine::core::Core;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The interval between two exports.
const INTERVAL: Duration = Duration::from_secs(1);

/// The longest interval after an export that failed.
const LONGEST: Duration = Duration::from_secs(30);

/// The interval at which spans are looked for that nobody has exported.
pub(super) const LOOK: Duration = Duration::from_secs(10);

/// The time that a shutdown gives to the last export.
const FINISH: Duration = Duration::from_secs(5);

/// The spans that are to be exported.
#[derive(Default)]
pub(crate) struct Traces {
    pub(super) exporter: TraceExporter,
    noted: Mutex<Noted>,
    exports: tokio::sync::Mutex<Exports>,
}

/// What has happened since the last export.
#[derive(Default)]
pub(super) struct Noted {
    /// The runs whose journals have grown.
    pub(super) runs: BTreeSet<i64>,
    /// The leases that were taken: the journals of their runs may have grown under another engine.
    pub(super) leases: Vec<i64>,
}

impl Traces {
    pub(crate) fn new(exporter: &TraceExporter) -> Self {
        Self { exporter: exporter.clone(), ..Self::default() }
    }

    /// Returns whether this engine exports spans: it then owes those of the runs that it drives.
    pub(crate) const fn is_on(&self) -> bool {
        self.exporter.is_some()
    }

    /// Notes a run whose journal may have grown.
    pub(crate) fn note(&self, run: i64) {
        if self.is_on() {
            self.noted().runs.insert(run);
        }
    }

    /// Notes a lease that was taken, or whose runs may have grown unnoticed.
    pub(crate) fn taken(&self, lease: i64) {
        if self.is_on() {
            self.noted().leases.push(lease);
        }
    }

    pub(super) fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take_noted(&self) -> Noted {
        std::mem::take(&mut *self.noted())
    }
}

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
