//! Spans as OTLP in JSON, which every collector reads: ids in hexadecimal digits, numbers of 64 bits as texts.

use super::span::{Attribute, Link, RELATION, Span, SpanStatus};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};

/// A millisecond, in nanoseconds.
const MILLI: i128 = 1_000_000;

/// The flags that say whether the parent is a span of another program.
const KNOWS_REMOTE: u32 = 0x100;
const IS_REMOTE: u32 = 0x200;

/// Returns one request of an exporter, without a line break.
pub(super) fn request(service: &str, spans: &[Span]) -> String {
    let resource = json!({ "attributes": [attribute("service.name", &Attribute::Text(service.to_owned()))] });
    let scope = json!({ "name": "steadfast", "version": env!("CARGO_PKG_VERSION") });
    let spans: Vec<Value> = spans.iter().map(span).collect();
    json!({ "resourceSpans": [{ "resource": resource, "scopeSpans": [{ "scope": scope, "spans": spans }] }] })
        .to_string()
}

fn span(span: &Span) -> Value {
    let remote = if span.has_remote_parent { IS_REMOTE } else { 0 };
    let status = match span.status {
        SpanStatus::Unset => json!({}),
        SpanStatus::Ok => json!({ "code": 1 }),
        SpanStatus::Error(class) => json!({ "code": 2, "message": class }),
    };
    json!({
        "traceId": HEXLOWER.encode(&span.trace),
        "spanId": HEXLOWER.encode(&span.id),
        "parentSpanId": span.parent.map_or_else(String::new, |parent| HEXLOWER.encode(&parent)),
        "flags": u32::from(span.flags) | KNOWS_REMOTE | remote,
        "name": span.name,
        "kind": 1,
        "startTimeUnixNano": nanos(span.start),
        "endTimeUnixNano": nanos(span.end),
        "attributes": attributes(&span.attributes),
        "links": span.links.iter().map(link).collect::<Vec<_>>(),
        "status": status,
    })
}

fn link(link: &Link) -> Value {
    json!({
        "traceId": HEXLOWER.encode(&link.trace),
        "spanId": HEXLOWER.encode(&link.span),
        "attributes": [attribute(RELATION, &Attribute::Text(link.relation.to_owned()))],
    })
}

fn attributes(attributes: &[(&'static str, Attribute)]) -> Vec<Value> {
    attributes.iter().map(|(name, value)| attribute(name, value)).collect()
}

fn attribute(name: &str, value: &Attribute) -> Value {
    let value = match value {
        Attribute::Text(text) => json!({ "stringValue": text }),
        Attribute::Number(number) => json!({ "intValue": number.to_string() }),
    };
    json!({ "key": name, "value": value })
}

fn nanos(millis: i64) -> String {
    (i128::from(millis) * MILLI).max(0).to_string()
}
