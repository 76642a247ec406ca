//! An exporter of OpenTelemetry, which gets spans as plain data.

use crate::inspect::trace::{Attribute, RELATION, Span, SpanStatus};
use crate::record::millis::moment;
use opentelemetry::trace::{Link, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanExporter, SpanLinks};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

/// The exporter of an engine, if it has one.
#[derive(Clone, Default)]
pub(crate) struct TraceExporter(Option<Arc<Exporting>>);

struct Exporting {
    export: Box<dyn Fn(Vec<SpanData>) -> Result<(), String> + Send + Sync>,
    shutdown: Box<dyn Fn() -> Result<(), String> + Send + Sync>,
    /// An exporter is never called twice at once.
    turn: Mutex<()>,
}

impl TraceExporter {
    pub(crate) fn new(exporter: impl SpanExporter + 'static) -> Self {
        let exporter = Arc::new(exporter);
        let of = exporter.clone();
        Self(Some(Arc::new(Exporting {
            export: Box::new(move |batch| block_on(of.export(batch)).map_err(|error| error.to_string())),
            shutdown: Box::new(move || exporter.shutdown().map_err(|error| error.to_string())),
            turn: Mutex::default(),
        })))
    }

    pub(crate) const fn is_some(&self) -> bool {
        self.0.is_some()
    }

    /// Exports spans; the calling thread waits. An exporter may need a thread that may block, or the runtime of the caller.
    pub(in crate::engine) fn export(&self, spans: &[Span]) -> Result<(), String> {
        let Some(exporting) = &self.0 else { return Ok(()) };
        let scope = InstrumentationScope::builder("steadfast").with_version(env!("CARGO_PKG_VERSION")).build();
        let batch = spans.iter().map(|span| data(span, &scope)).collect();
        exporting.call(|| (exporting.export)(batch))
    }

    pub(in crate::engine) fn shutdown(&self) -> Result<(), String> {
        let Some(exporting) = &self.0 else { return Ok(()) };
        exporting.call(|| (exporting.shutdown)())
    }
}

impl Exporting {
    fn call(&self, call: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| Err("the exporter has panicked".to_owned()))
    }
}

fn data(span: &Span, scope: &InstrumentationScope) -> SpanData {
    let context = |trace, id, is_remote| {
        let (trace, id) = (TraceId::from_bytes(trace), SpanId::from_bytes(id));
        SpanContext::new(trace, id, TraceFlags::new(span.flags), is_remote, TraceState::default())
    };
    let mut links = SpanLinks::default();
    links.links.extend(span.links.iter().map(|link| {
        let relation = KeyValue::new(RELATION, link.relation);
        Link::new(context(link.trace, link.span, true), vec![relation], 0)
    }));
    let attributes = span.attributes.iter().map(|(name, value)| match value {
        Attribute::Text(text) => KeyValue::new(*name, text.clone()),
        Attribute::Number(number) => KeyValue::new(*name, *number),
    });
    SpanData {
        span_context: context(span.trace, span.id, false),
        parent_span_id: span.parent.map_or(SpanId::INVALID, SpanId::from_bytes),
        parent_span_is_remote: span.has_remote_parent,
        span_kind: SpanKind::Internal,
        name: span.name.clone().into(),
        start_time: moment(span.start),
        end_time: moment(span.end),
        attributes: attributes.collect(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links,
        status: match span.status {
            SpanStatus::Unset => Status::Unset,
            SpanStatus::Ok => Status::Ok,
            SpanStatus::Error(class) => Status::error(class),
        },
        instrumentation_scope: scope.clone(),
    }
}

/// Drives the future of an exporter on this thread, as the SDK does on its own: some block it.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}
