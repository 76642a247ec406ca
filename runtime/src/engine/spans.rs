//! The exporter of spans, and the runs whose journals have grown since it was called last.

#[cfg(feature = "otel")]
mod exporter;
#[cfg(feature = "otel")]
mod followed;
#[cfg(feature = "otel")]
mod noted;
#[cfg(not(feature = "otel"))]
mod off;

#[cfg(feature = "otel")]
pub(crate) use exporter::TraceExporter;
#[cfg(feature = "otel")]
pub(super) use followed::{Exports, Followed};
#[cfg(feature = "otel")]
pub(super) use noted::Noted;
#[cfg(feature = "otel")]
pub(crate) use noted::Traces;
#[cfg(not(feature = "otel"))]
pub(crate) use off::{TraceExporter, Traces};
