//! The current span of OpenTelemetry, which causes the runs that are started here.

use crate::record::Traceparent;
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt as _;

/// Returns the header of the current span. Code of a run has the span of its run or attempt instead, which is recorded.
pub(super) fn current() -> Option<String> {
    if super::ambient(|_| ()).is_some() {
        return None;
    }
    Context::map_current(|context| {
        let span = context.span();
        let context = span.span_context();
        let (trace, span) = (context.trace_id().to_bytes(), context.span_id().to_bytes());
        let flags = context.trace_flags().to_u8();
        context.is_valid().then(|| Traceparent { trace, span, flags }.to_string())
    })
}
