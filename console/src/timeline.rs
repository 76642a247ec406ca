//! The timeline of a run as a picture: a row for each call while they are few, lanes of counts while they are many.
//!
//! Rows are HTML, and only bars are drawn, in per cent of their row: so text keeps its size on a phone and at 200 %, and no
//! style is written into the page.

mod bars;
mod lanes;
mod scale;

use crate::asked::Asked;
use crate::links::{self, Link};
use crate::times::{clock, exact, length, millis, moment};
use crate::values::{counted, number};
use maud::{Markup, html};
use scale::{Scale, Window};
use std::time::{Duration, SystemTime};
use steadfast::history::Kind;
use steadfast::inspect::{Entry, StepStatus, Timeline, TimelineCall};

/// The most calls that have a row of their own.
const ROWS: usize = 60;

/// The most marks of changes.
const MARKS: usize = 200;

/// Returns whether an entry is the refusal of a change.
fn is_refused(change: &Entry) -> bool {
    change.kind == Kind::ContextRefused
}

/// Returns whether a call had an attempt that did not complete it.
pub(crate) fn has_failed(call: &TimelineCall) -> bool {
    call.status == StepStatus::Failed || call.status == StepStatus::Retrying || call.attempts.len() > 1
}

/// Writes a place as an attribute of a picture.
fn percent(place: f64) -> String {
    format!("{place:.2}%")
}

/// Draws a timeline, of which the address may choose a part.
pub(crate) fn draw(asked: &Asked, timeline: &Timeline, is_over: bool) -> Markup {
    let Some(whole) = whole(asked, timeline, is_over) else {
        return html! { p.quiet { "Nothing has happened yet." } };
    };
    let window = chosen(asked, whole);
    let is_within =
        |call: &&TimelineCall| call.called_at <= window.until && call.ended_at.unwrap_or(whole.until) >= window.from;
    let calls: Vec<&TimelineCall> = timeline.calls.iter().filter(is_within).collect();
    let is_folded = calls.len() > ROWS;
    // Many calls are counted by time, which needs an even scale.
    let scale = if is_folded { Scale::even(window) } else { Scale::of(window, timeline) };
    let drawing = Drawing { asked, timeline, window, scale, is_over };
    html! {
        (drawing.head(whole, calls.len()))
        div.timeline {
            (drawing.axis())
            (drawing.contexts())
            @if calls.is_empty() {
                p.quiet { "No calls " @if window == whole { "yet." } @else { "in this part." } }
            } @else if is_folded {
                (drawing.lanes(&calls))
            } @else {
                ol.rows { @for call in &calls { (drawing.row(call)) } }
            }
        }
        @if let Some(next) = timeline.next {
            p.quiet { "The history goes on after entry " (number(next)) ": the picture has the first calls only." }
        }
    }
}

/// Returns the time that the timeline covers: up to now, unless the run is over.
fn whole(asked: &Asked, timeline: &Timeline, is_over: bool) -> Option<Window> {
    let (from, last) = (timeline.from?, timeline.until?);
    let until = if is_over || timeline.next.is_some() { last } else { last.max(asked.now) };
    Some(Window { from, until: until.max(from + Duration::from_millis(1)) })
}

/// Returns the part of the time that the address chooses.
fn chosen(asked: &Asked, whole: Window) -> Window {
    // A number that makes no sense chooses everything: the rest of the page is there all the same.
    let time = |name| asked.query.text(name).and_then(|text| text.parse().ok()).map(moment);
    let from = time("from").unwrap_or(whole.from).clamp(whole.from, whole.until);
    let until = time("to").unwrap_or(whole.until).clamp(whole.from, whole.until);
    if from < until { Window { from, until } } else { whole }
}

/// A timeline that is being drawn.
struct Drawing<'a> {
    asked: &'a Asked,
    timeline: &'a Timeline,
    window: Window,
    scale: Scale,
    is_over: bool,
}

impl Drawing<'_> {
    fn zoom(&self, window: Window) -> Link {
        let link = links::run(&self.timeline.run).with("from", millis(window.from)).with("to", millis(window.until));
        link.maybe("at", self.asked.query.text("at"))
    }

    fn head(&self, whole: Window, calls: usize) -> Markup {
        let half = self.window.length() / 2;
        let wider = Window {
            from: self.window.from.checked_sub(half).unwrap_or(whole.from).max(whole.from),
            until: (self.window.until + half).min(whole.until),
        };
        html! {
            p.zoom {
                span {
                    (counted(calls as u64, "call", "calls")) " in " (length(self.window.length())) ", from "
                    time title=(exact(self.window.from)) { (exact(self.window.from)) }
                }
                @if self.window != whole {
                    a.button.plain href=(self.zoom(wider)) { "Wider" }
                    a.button.plain href=(links::run(&self.timeline.run).maybe("at", self.asked.query.text("at"))) {
                        "Whole run"
                    }
                }
            }
        }
    }

    /// The times at the quarters of the picture, and the stretches that are drawn short.
    fn axis(&self) -> Markup {
        let is_fine = self.window.length() < Duration::from_secs(20) || self.scale.short().next().is_some();
        let ticks = [(0_u32, "start"), (25, "middle"), (50, "middle"), (75, "middle"), (100, "end")];
        html! {
            div.row.axis aria-hidden="true" {
                span.name {}
                svg.bar width="100%" height="18" {
                    @for (place, anchor) in ticks {
                        line.tick x1={ (place) "%" } x2={ (place) "%" } y1="14" y2="18" {}
                        text class=[matches!(place, 25 | 75).then_some("minor")] x={ (place) "%" } y="11" text-anchor=(anchor) {
                            (clock(self.scale.at(f64::from(place)), is_fine))
                        }
                    }
                }
                span.length {}
            }
            @for stretch in self.scale.short() {
                div.row.short {
                    span.name.quiet { "nothing for" }
                    svg.bar width="100%" height="14" aria-hidden="true" {
                        rect.break x=(percent(stretch.left)) width=(percent(stretch.width)) y="1" height="12" {}
                    }
                    span.length { (length(stretch.window.length())) }
                }
            }
        }
    }

    /// Marks at the stretches that are drawn short, in the row of a call.
    fn breaks(&self, height: u32) -> Markup {
        html! {
            @for stretch in self.scale.short() {
                rect.break x=(percent(stretch.left)) width=(percent(stretch.width)) y="0" height=(height) {}
            }
        }
    }

    /// The changes of the context: each leads to the context as it was then.
    fn contexts(&self) -> Markup {
        let within = |at: SystemTime| at >= self.window.from && at <= self.window.until;
        let changes: Vec<_> = self.timeline.changes.iter().filter(|change| within(change.at)).collect();
        // Of many, some: they are marks, and the slider has all.
        let every = changes.len().div_ceil(MARKS).max(1);
        html! {
            @if !changes.is_empty() {
                div.row.contexts {
                    span.name { "context" }
                    svg.bar width="100%" height="20" role="group" aria-label=(counted(changes.len() as u64, "change of the context", "changes of the context")) {
                        @for change in changes.iter().step_by(every) {
                            a href={ (links::run(&self.timeline.run).with("at", change.seq)) "#context" } tabindex="-1" {
                                svg x=(percent(self.scale.place(change.at))) overflow="visible" {
                                    path class={ "change" @if is_refused(change) { " refused" } } d="M0 3l6 7-6 7-6-7z" {}
                                    title { "context " (change.seq) ", " (exact(change.at)) @if is_refused(change) { ", refused" } }
                                }
                            }
                        }
                    }
                    span.length { (number(changes.len() as u64)) }
                }
            }
        }
    }
}
