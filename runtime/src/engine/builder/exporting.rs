//! The exporter of an engine's spans.

use super::EngineBuilder;
use crate::engine::spans::TraceExporter;
use opentelemetry_sdk::trace::SpanExporter;

impl EngineBuilder {
    /// Exports the spans of the runs that this engine drives: of each run, and of its steps, attempts and waits, with the
    /// times of the journal. Any exporter of OpenTelemetry will do, for example that of `opentelemetry-otlp`; its resource
    /// (`service.name`) is set on it before.
    ///
    /// The spans are made of the journals, about once a second, after the commits. What a process had not exported when it
    /// died is exported by the engine that takes its runs over, and an attempt that was lost with it is marked as lost. A
    /// replay exports nothing. Every export of a span has the same id. It is exported once, unless a process dies, or
    /// the database fails, between the export and the mark of it: then it is exported again, as the same span.
    ///
    /// All engines that drive runs of a database need an exporter: an engine without one does not note what is owed.
    #[cfg_attr(docsrs, doc(cfg(feature = "otel")))]
    pub fn traces(mut self, exporter: impl SpanExporter + 'static) -> Self {
        self.options.traces = TraceExporter::new(exporter);
        self
    }
}
