//! The runs whose journals have grown.

use super::exporter::TraceExporter;
use super::followed::Exports;
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The spans that are to be exported.
#[derive(Default)]
pub(crate) struct Traces {
    pub(in crate::engine) exporter: TraceExporter,
    noted: Mutex<Noted>,
    /// Held by the export that is under way.
    pub(in crate::engine) exports: tokio::sync::Mutex<Exports>,
}

/// What has happened since the last export.
#[derive(Default)]
pub(in crate::engine) struct Noted {
    /// The runs whose journals have grown.
    pub(in crate::engine) runs: BTreeSet<i64>,
    /// The leases that were taken: the journals of their runs may have grown under another engine.
    pub(in crate::engine) leases: Vec<i64>,
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

    pub(in crate::engine) fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::engine) fn take_noted(&self) -> Noted {
        std::mem::take(&mut *self.noted())
    }
}
