//! Follows a run's journal, entry by entry, and makes a span of whatever has ended.

use super::calls::{Attempt, Call, Calls, What};
use super::span::{Attribute, Link, Span, SpanStatus, names};
use crate::error::{class_of_attempt, class_of_step};
use crate::record::{End, Kind, RunScope, SAMPLED, SpanOf, Traceparent};
use crate::store::{EntryRow, RunRow, Status};

/// The spans of a run, up to an entry of its journal. The same journal gives the same spans in every process.
#[derive(Clone, Debug)]
pub(crate) struct Follow {
    pub(super) number: i64,
    id: String,
    workflow: String,
    version: u32,
    execution: [u8; 16],
    queue: Option<String>,
    cause: Option<Traceparent>,
    /// The run with whose history or context this one begins.
    pub(super) forked_from: Option<i64>,
    /// Whether it begins with the history of another run.
    pub(super) is_copy: bool,
    /// The runs with whose history or context this one begins.
    pub(super) links: Vec<Link>,
    /// What has ended up to this entry gives no span: it was exported, or belongs to the run that was copied.
    pub(super) exported: u64,
    /// The last entry of the history that was copied from another run.
    copied: u64,
    /// The last entry that was followed.
    pub(super) seq: u64,
    started_at: i64,
    /// Whether the run may wait for room in a queue yet.
    waits_for_room: bool,
    /// Whether the last entry was followed.
    has_ended: bool,
    calls: Calls,
}

impl Follow {
    /// Follows a run from its first entry.
    pub(crate) fn new(row: &RunRow) -> Self {
        Self {
            number: row.number,
            id: row.id_at_work().to_owned(),
            workflow: row.workflow.clone(),
            version: row.version,
            execution: row.execution,
            queue: row.queue.clone(),
            cause: None,
            forked_from: row.forked_from,
            // A copy draws the same random numbers.
            is_copy: row.seed != row.execution,
            links: Vec::new(),
            exported: 0,
            copied: 0,
            seq: 0,
            started_at: row.created_at,
            waits_for_room: row.queue.is_some(),
            has_ended: false,
            calls: Calls::default(),
        }
    }

    /// Ends a run whose journal does not: another one took over its id by a rewind.
    pub(crate) fn close(&mut self, row: &RunRow, spans: &mut Vec<Span>) {
        if !self.has_ended && row.status == Status::Replaced && self.is_sampled() {
            self.end(row.updated_at, row.status, spans);
        }
    }

    /// Returns whether spans are recorded: a caller that does not record its trace has none of ours recorded.
    fn is_sampled(&self) -> bool {
        self.cause.is_none_or(|cause| cause.is_sampled())
    }

    /// Returns the last entry that was followed.
    #[cfg(feature = "otel")]
    pub(crate) const fn seq(&self) -> u64 {
        self.seq
    }

    /// Returns the trace of the run, and the span of the run in it.
    pub(super) fn identity(&self) -> ([u8; 16], [u8; 8]) {
        (self.trace(), SpanOf::Run.id(self.execution))
    }

    fn trace(&self) -> [u8; 16] {
        self.cause.map_or(self.execution, |cause| cause.trace)
    }

    /// Learns that the spans up to an entry were exported.
    #[cfg(feature = "otel")]
    pub(crate) fn exported_to(&mut self, seq: u64) {
        self.exported = self.exported.max(seq);
    }

    /// Learns how much of the history was copied: what ended there, gives no span.
    pub(super) fn begin_after(&mut self, copied: u64) {
        self.copied = copied;
        self.exported = self.exported.max(copied);
    }

    /// Learns the scope of the run, before anything of it ends.
    pub(super) fn learn(&mut self, scope: &RunScope) {
        self.cause = scope.caused_by();
    }

    /// Returns the call that waits for the child whose end an entry is, if it gives a span.
    pub(super) fn open_child(&self, entry: &EntryRow) -> Option<&Call> {
        self.calls.at(entry.position?).filter(|call| call.what == What::Child && entry.seq > self.exported)
    }

    /// Takes the next entry, and adds the spans that end with it; `child` is the run whose end it is.
    pub(super) fn take(&mut self, entry: &EntryRow, child: Option<Link>, spans: &mut Vec<Span>) {
        self.seq = entry.seq;
        let mut ended = Vec::new();
        self.room(entry, &mut ended);
        match entry.kind {
            Kind::RunStarted if self.copied == 0 => self.started_at = entry.at,
            Kind::MessageKept => self.calls.keep(entry.name.clone().unwrap_or_default()),
            Kind::MessageTried if entry.attempt == Some(1) => {
                self.calls.take_kept(entry.name.as_deref().unwrap_or_default());
            }
            Kind::AttemptStarted | Kind::AttemptFailed => self.attempt(entry, &mut ended),
            _ => {
                if let Some((position, call)) = self.calls.begin(entry) {
                    ended.push(self.wait(position, &call, entry.at, "completed", SpanStatus::Ok));
                }
                if let Some((position, call)) = self.calls.end(entry) {
                    self.ended(position, &call, entry, &mut ended);
                    if let Some(span) = ended.last_mut() {
                        span.links.extend(child);
                    }
                }
            }
        }
        // A run that was moved goes on in another database, with the same ids.
        if let Some(status) = Status::ended_by(entry.kind).filter(|_| entry.kind.end() != End::Moved) {
            self.end(entry.at, status, &mut ended);
        }
        if entry.seq > self.exported && self.is_sampled() {
            spans.append(&mut ended);
        }
    }

    /// Ends the wait for room with the first thing that the run does.
    fn room(&mut self, entry: &EntryRow, ended: &mut Vec<Span>) {
        let is_opening = entry.kind == Kind::RunStarted || entry.kind.about() == crate::record::About::Opening;
        if is_opening || !std::mem::take(&mut self.waits_for_room) {
            return;
        }
        let mut span = self.span(SpanOf::Room, "queue", "queue", (self.started_at, entry.at));
        span.attributes.extend(self.queue.clone().map(|queue| (names::QUEUE, Attribute::Text(queue))));
        ended.push(span);
    }

    /// Follows an attempt that is started, or has failed and is followed by another.
    fn attempt(&mut self, entry: &EntryRow, ended: &mut Vec<Span>) {
        let Some((position, call)) = self.calls.step(entry) else { return };
        let before = call.attempt.take();
        let is_start = entry.kind == Kind::AttemptStarted;
        if is_start {
            call.attempt = Some(Attempt::started(entry));
            call.attempts += 1;
        }
        let call = call.clone();
        // One that runs in the original run is not lost because a fork begins another.
        let Some(attempt) = before.filter(|attempt| attempt.seq > self.copied) else { return };
        let (outcome, status) = if is_start {
            // Its process died or stopped: nobody recorded its end, and the next one begins where it was found.
            ("lost", SpanStatus::Error("lost"))
        } else {
            ("failed", SpanStatus::Error(class_of_attempt(entry.value.as_ref().map(|value| &*value.bytes))))
        };
        ended.push(self.of_attempt(position, &call, attempt, entry.at, (outcome, status)));
    }

    /// Adds the span of a call that has ended, after that of its last attempt.
    fn ended(&self, position: u64, call: &Call, entry: &EntryRow, ended: &mut Vec<Span>) {
        let end = match entry.kind {
            Kind::StepFailed => {
                let class = class_of_step(entry.value.as_ref().map(|value| &*value.bytes));
                ("failed", SpanStatus::Error(class))
            }
            Kind::CallAbandoned => ("abandoned", SpanStatus::Unset),
            Kind::MessageRefused => ("refused", SpanStatus::Error("refused")),
            Kind::RequestExpired => ("expired", SpanStatus::Unset),
            // Without a status the run never started.
            Kind::ChildEnded => match entry.name.as_deref().map(Status::parse) {
                None => ("refused", SpanStatus::Error("refused")),
                Some(Some(Status::Completed)) => ("completed", SpanStatus::Ok),
                Some(status) => {
                    let word = status.map_or("failed", Status::as_str);
                    (word, SpanStatus::Error(word))
                }
            },
            Kind::TimerFired if call.what != What::Sleep => ("expired", SpanStatus::Unset),
            _ => ("completed", SpanStatus::Ok),
        };
        self.end_call(position, call, entry.at, end, ended);
    }

    fn end_call(&self, position: u64, call: &Call, at: i64, end: (&'static str, SpanStatus), ended: &mut Vec<Span>) {
        if let Some(attempt) = call.attempt.filter(|attempt| attempt.seq > self.copied) {
            ended.push(self.of_attempt(position, call, attempt, at, end));
        }
        ended.push(self.wait(position, call, at, end.0, end.1));
    }

    /// Adds the span of the run, after those of what was open when it ended.
    fn end(&mut self, at: i64, status: Status, ended: &mut Vec<Span>) {
        self.has_ended = true;
        for (position, call) in self.calls.all() {
            self.end_call(position, &call, at, ("abandoned", SpanStatus::Unset), ended);
        }
        let mut span = self.span(SpanOf::Run, &self.workflow, "run", (self.started_at, at));
        span.parent = self.cause.map(|cause| cause.span);
        span.has_remote_parent = span.parent.is_some();
        span.links.clone_from(&self.links);
        span.status = match status {
            Status::Completed => SpanStatus::Ok,
            Status::Cancelled | Status::Replaced => SpanStatus::Unset,
            status => SpanStatus::Error(Status::as_str(status)),
        };
        span.attributes.push((names::VERSION, Attribute::Number(self.version.into())));
        span.attributes.push((names::STATUS, Attribute::Text(status.as_str().to_owned())));
        with_class(&mut span);
        ended.push(span);
    }

    /// Returns the span of an attempt, within that of its step.
    fn of_attempt(
        &self,
        position: u64,
        call: &Call,
        Attempt { number: attempt, at: started, .. }: Attempt,
        at: i64,
        (outcome, status): (&'static str, SpanStatus),
    ) -> Span {
        let name = format!("{} attempt", call.name);
        let mut span = self.span(SpanOf::Attempt(position, attempt), &name, "attempt", (started, at));
        span.parent = Some(SpanOf::Call(position).id(self.execution));
        span.status = status;
        span.attributes.extend([
            (names::STEP, Attribute::Text(call.name.clone())),
            (names::POSITION, number(position)),
            (names::ATTEMPT, Attribute::Number(attempt.into())),
            (names::OUTCOME, Attribute::Text(outcome.to_owned())),
        ]);
        span.attributes.extend(call.context.map(|context| (names::CONTEXT, number(context))));
        with_class(&mut span);
        span
    }

    /// Returns the span of a call: a step, or a wait.
    fn wait(&self, position: u64, call: &Call, at: i64, outcome: &str, status: SpanStatus) -> Span {
        let kind = call.what.as_str();
        let name = if call.what == What::Step { &call.name } else { kind };
        let mut span = self.span(SpanOf::Call(position), name, kind, (call.at, at));
        span.status = status;
        let named = match call.what {
            What::Step => Some(names::STEP),
            What::Message | What::Send => Some(names::CHANNEL),
            What::Request => Some(names::REQUEST),
            What::Child => Some(names::CHILD),
            What::Sleep | What::Answer => None,
        };
        span.attributes.extend(named.map(|named| (named, Attribute::Text(call.name.clone()))));
        span.attributes
            .extend([(names::POSITION, number(position)), (names::OUTCOME, Attribute::Text(outcome.to_owned()))]);
        if call.what == What::Step {
            span.attributes.push((names::ATTEMPTS, Attribute::Number(call.attempts.into())));
            span.attributes.extend(call.context.map(|context| (names::CONTEXT, number(context))));
        }
        with_class(&mut span);
        span
    }

    /// Returns a span within that of the run.
    fn span(&self, of: SpanOf, name: &str, kind: &str, (start, end): (i64, i64)) -> Span {
        Span {
            trace: self.trace(),
            id: of.id(self.execution),
            parent: Some(SpanOf::Run.id(self.execution)),
            has_remote_parent: false,
            flags: self.cause.map_or(SAMPLED, |cause| cause.flags),
            name: name.to_owned(),
            start,
            // The wall clock may have been set back between both.
            end: end.max(start),
            attributes: vec![
                (names::KIND, Attribute::Text(kind.to_owned())),
                (names::RUN, Attribute::Text(self.id.clone())),
                (names::WORKFLOW, Attribute::Text(self.workflow.clone())),
            ],
            links: Vec::new(),
            status: SpanStatus::Unset,
        }
    }
}

fn number(number: u64) -> Attribute {
    Attribute::Number(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Adds the class of an error, by which a backend groups them.
fn with_class(span: &mut Span) {
    if let SpanStatus::Error(class) = span.status {
        span.attributes.push((names::ERROR, Attribute::Text(class.to_owned())));
    }
}
