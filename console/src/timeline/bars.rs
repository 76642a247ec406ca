//! Rows of single calls: bars for attempts, outlines for waits.

use super::{Drawing, percent};
use crate::links::Link;
use crate::pages::step_word;
use crate::times::{between, exact, length};
use maud::{Markup, html};
use std::time::SystemTime;
use steadfast::history::Kind;
use steadfast::inspect::{Attempt, StepStatus, TimelineCall};

/// The height of a row's picture.
const HEIGHT: u32 = 22;

impl Drawing<'_> {
    /// Draws the row of a call.
    pub(super) fn row(&self, call: &TimelineCall) -> Markup {
        let until = self.end(call);
        let history = Link::to("history").with("id", &self.timeline.run).with("after", call.called.saturating_sub(1));
        let name = name(call);
        html! {
            li.row data-key=(call.position) {
                a.name href=(history.with("limit", 50)) title=(name) {
                    (sign(call.kind)) span.word { (name) } " " span.quiet { "#" (call.position) }
                }
                svg.bar width="100%" height=(HEIGHT) role="img" aria-label=(described(call)) {
                    title { (described(call)) }
                    (self.breaks(HEIGHT))
                    @if call.attempts.is_empty() {
                        (self.wait(call, call.called_at, until))
                    } @else {
                        (self.span("gap", call.called_at, until, 10, 2))
                        @for attempt in &call.attempts { (self.attempt(call, attempt)) }
                    }
                }
                span.length { (length(between(call.called_at, until))) @if call.attempts.len() > 1 { " ×" (call.attempts.len()) } }
            }
        }
    }

    /// Returns where a call ends in the picture.
    fn end(&self, call: &TimelineCall) -> SystemTime {
        call.ended_at.unwrap_or_else(|| {
            if self.is_over { self.timeline.until.unwrap_or(self.asked.now) } else { self.asked.now }
        })
    }

    fn wait(&self, call: &TimelineCall, from: SystemTime, until: SystemTime) -> Markup {
        let state = match call.status {
            StepStatus::Failed => "wait failed",
            StepStatus::Abandoned => "wait abandoned",
            StepStatus::Completed => "wait",
            _ => "wait open",
        };
        self.span(state, from, until, 5, 12)
    }

    fn attempt(&self, call: &TimelineCall, attempt: &Attempt) -> Markup {
        let until = attempt.ended_at.unwrap_or_else(|| self.end(call));
        let state = match (has_failed(call, attempt), attempt.lost, call.status) {
            (true, ..) => "attempt failed",
            (_, true, _) => "attempt lost",
            (_, _, StepStatus::Abandoned) => "attempt abandoned",
            _ if attempt.ended_at.is_none() => "attempt open",
            _ => "attempt",
        };
        html! {
            (self.span(state, attempt.started_at, until, 4, 14))
            // A failure is a cross too, whatever its color looks like.
            @if has_failed(call, attempt) || attempt.lost {
                svg x=(percent(self.scale.place(until))) overflow="visible" { path.cross d="M-4 7l8 8M4 7l-8 8" {} }
            }
        }
    }

    /// Draws a span of time, at least as wide as can be seen.
    fn span(&self, class: &str, from: SystemTime, until: SystemTime, y: u32, height: u32) -> Markup {
        let (from, until) = (self.scale.place(from), self.scale.place(until));
        let width = (until - from).max(0.35);
        html! { rect class=(class) x=(percent(from.min(99.65))) width=(percent(width)) y=(y) height=(height) rx="2" {} }
    }
}

/// Says in words what a row shows.
fn described(call: &TimelineCall) -> String {
    let (what, word) = (word(call.kind), step_word(call.status));
    let name = if call.name.is_empty() { String::new() } else { format!(" {}", call.name) };
    let mut text = format!("{what}{name}, {word}, from {}", exact(call.called_at));
    if let Some(ended) = call.ended_at {
        text.extend([" for ", &length(between(call.called_at, ended))]);
    }
    let failed = call.attempts.iter().filter(|attempt| has_failed(call, attempt) || attempt.lost).count();
    if call.attempts.len() > 1 || failed > 0 {
        text.extend(["; ", &call.attempts.len().to_string(), " attempts, ", &failed.to_string(), " failed"]);
    }
    text
}

/// Returns whether an attempt has failed: another was to follow it, or the step failed with it.
fn has_failed(call: &TimelineCall, attempt: &Attempt) -> bool {
    let is_last = call.attempts.last() == Some(attempt);
    let has_ended = attempt.ended_at.is_some();
    has_ended && (!is_last || matches!(call.status, StepStatus::Failed | StepStatus::Retrying))
}

/// Returns the name of a call; a sleep has none of its own.
pub(super) fn name(call: &TimelineCall) -> &str {
    if call.name.is_empty() { word(call.kind) } else { &call.name }
}

/// Returns the word for what a call waits for, by the kind of its entry.
pub(super) const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::StepStarted => "step",
        Kind::TimerSet => "sleep",
        Kind::ReceiveStarted => "message",
        Kind::MessageSent => "send",
        Kind::RequestOpened => "request",
        Kind::ChildStarted => "child",
        other => other.as_str(),
    }
}

/// The sign of what a call waits for.
pub(super) fn sign(kind: Kind) -> Markup {
    let path = match kind {
        Kind::StepStarted => "M3 3h10v10H3z",
        Kind::TimerSet => "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M8 4.5V8l2.5 1.8",
        Kind::ReceiveStarted => "M2 4h12v8H2zM2 4l6 5 6-5",
        Kind::MessageSent => "M2 8h11M9 4l4 4-4 4",
        Kind::RequestOpened => "M5.5 5.5a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M8 12v.5",
        _ => "M4 3v5a3 3 0 0 0 3 3h5M9 8l3 3-3 3",
    };
    html! { svg.sign viewBox="0 0 16 16" width="12" height="12" aria-hidden="true" focusable="false" { path d=(path) {} } }
}
