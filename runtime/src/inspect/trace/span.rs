//! Spans as plain data: what an exporter sends, and what OTLP has in JSON.

/// A span of a run. Its name, its attributes and its status have names of the program's code, ids, numbers and words of
/// the engine: no value of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) trace: [u8; 16],
    pub(crate) id: [u8; 8],
    pub(crate) parent: Option<[u8; 8]>,
    /// Whether the parent is a span of another program.
    pub(crate) has_remote_parent: bool,
    pub(crate) flags: u8,
    pub(crate) name: String,
    /// In milliseconds since 1970.
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) attributes: Vec<(&'static str, Attribute)>,
    pub(crate) links: Vec<Link>,
    pub(crate) status: SpanStatus,
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Attribute {
    Text(String),
    Number(i64),
}

/// A span of another run that a span is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) trace: [u8; 16],
    pub(crate) span: [u8; 8],
    /// What the other run is to this one.
    pub(crate) relation: &'static str,
}

/// The status of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpanStatus {
    Unset,
    Ok,
    /// The class of the error: a word of the engine.
    Error(&'static str),
}

/// Names of attributes.
pub(super) mod names {
    pub(in super::super) const RUN: &str = "steadfast.run.id";
    pub(in super::super) const WORKFLOW: &str = "steadfast.workflow";
    pub(in super::super) const VERSION: &str = "steadfast.workflow.version";
    pub(in super::super) const STATUS: &str = "steadfast.run.status";
    pub(in super::super) const KIND: &str = "steadfast.span.kind";
    pub(in super::super) const POSITION: &str = "steadfast.position";
    pub(in super::super) const STEP: &str = "steadfast.step";
    pub(in super::super) const ATTEMPT: &str = "steadfast.attempt";
    pub(in super::super) const ATTEMPTS: &str = "steadfast.attempts";
    pub(in super::super) const CONTEXT: &str = "steadfast.context.version";
    pub(in super::super) const OUTCOME: &str = "steadfast.outcome";
    pub(in super::super) const CHANNEL: &str = "steadfast.channel";
    pub(in super::super) const REQUEST: &str = "steadfast.request";
    pub(in super::super) const CHILD: &str = "steadfast.child.workflow";
    pub(in super::super) const QUEUE: &str = "steadfast.queue";
    /// As OpenTelemetry names it.
    pub(in super::super) const ERROR: &str = "error.type";
    pub(in super::super) const RELATION: &str = "steadfast.link";
}

pub(crate) const RELATION: &str = names::RELATION;
