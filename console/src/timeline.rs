//! The timeline of a run as a picture: a row for each call while they are few, lanes of counts while they are many.
//!
//! Rows are HTML, and only bars are drawn, in per cent of their row: so text keeps its size on a phone and at 200 %, and no
//! style is written into the page.

mod bars;
mod lanes;

use crate::asked::Asked;
use crate::links::{self, Link};
use crate::times::{between, clock, exact, length, millis, moment};
use crate::values::number;
use maud::{Markup, html};
use std::time::{Duration, SystemTime};
use steadfast::inspect::{Timeline, TimelineCall};

/// The most calls that have a row of their own.
const ROWS: usize = 60;

/// The part of time that is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) from: SystemTime,
    pub(crate) until: SystemTime,
}

impl Window {
    /// Returns the place of a time, in per cent of the window.
    fn place(&self, time: SystemTime) -> f64 {
        let whole = between(self.from, self.until).as_secs_f64().max(0.001);
        (between(self.from, time).as_secs_f64() / whole * 100.0).min(100.0)
    }

    fn has(&self, call: &TimelineCall, now: SystemTime) -> bool {
        call.called_at <= self.until && call.ended_at.unwrap_or(now) >= self.from
    }

    fn length(&self) -> Duration {
        between(self.from, self.until)
    }

    /// Returns the part of the window between two fractions of it.
    fn part(&self, number: u32, of: u32) -> Self {
        let step = |n: u32| self.from + self.length() * n / of;
        Self { from: step(number), until: step(number + 1) }
    }
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
    let calls: Vec<&TimelineCall> = timeline.calls.iter().filter(|call| window.has(call, asked.now)).collect();
    let drawing = Drawing { asked, timeline, window, is_over };
    html! {
        (drawing.head(whole, calls.len()))
        div.timeline {
            (drawing.axis())
            (drawing.contexts())
            @if calls.is_empty() {
                p.quiet { "No calls " @if window == whole { "yet." } @else { "in this part." } }
            } @else if calls.len() <= ROWS {
                ol.rows { @for call in &calls { (drawing.row(call)) } }
            } @else {
                (drawing.lanes(&calls))
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
    is_over: bool,
}

impl Drawing<'_> {
    fn zoom(&self, window: Window) -> Link {
        let link = links::run(&self.timeline.run).with("from", millis(window.from)).with("to", millis(window.until));
        link.maybe("at", self.asked.query.text("at"))
    }

    fn head(&self, whole: Window, calls: usize) -> Markup {
        let wider = Window {
            from: self.window.from.checked_sub(self.window.length() / 2).unwrap_or(whole.from).max(whole.from),
            until: (self.window.until + self.window.length() / 2).min(whole.until),
        };
        html! {
            p.zoom {
                span { (number(calls as u64)) " calls in " (length(self.window.length())) ", from " time title=(exact(self.window.from)) { (exact(self.window.from)) } }
                @if self.window != whole {
                    a.button.plain href=(self.zoom(wider)) { "Wider" }
                    a.button.plain href=(links::run(&self.timeline.run).maybe("at", self.asked.query.text("at"))) { "Whole run" }
                }
            }
        }
    }

    /// The times at the quarters of the window.
    fn axis(&self) -> Markup {
        let is_fine = self.window.length() < Duration::from_secs(20);
        let at = |n: u32| self.window.from + self.window.length() * n / 4;
        html! {
            div.row.axis aria-hidden="true" {
                span.name {}
                svg.bar width="100%" height="18" {
                    @for (n, anchor) in [(0, "start"), (1, "middle"), (2, "middle"), (3, "middle"), (4, "end")] {
                        line.tick x1={ (n * 25) "%" } x2={ (n * 25) "%" } y1="14" y2="18" {}
                        text class=[matches!(n, 1 | 3).then_some("minor")] x={ (n * 25) "%" } y="11" text-anchor=(anchor) { (clock(at(n), is_fine)) }
                    }
                }
                span.length {}
            }
        }
    }

    /// The changes of the context: each leads to the context as it was then.
    fn contexts(&self) -> Markup {
        let within = |at: SystemTime| at >= self.window.from && at <= self.window.until;
        let changes: Vec<_> = self.timeline.changes.iter().filter(|change| within(change.at)).collect();
        // Of many, some: they are marks, and the slider has all.
        let every = changes.len().div_ceil(200).max(1);
        html! {
            @if !changes.is_empty() {
                div.row.contexts {
                    span.name { "context" }
                    svg.bar width="100%" height="20" role="group" aria-label={ (changes.len()) " changes of the context" } {
                        @for change in changes.iter().step_by(every) {
                            a href={ (links::run(&self.timeline.run).with("at", change.seq)) "#context" } tabindex="-1" {
                                svg x=(percent(self.window.place(change.at))) overflow="visible" {
                                    path class={ "change" @if change.refused { " refused" } } d="M0 3l6 7-6 7-6-7z" {}
                                    title { "context " (change.seq) ", " (exact(change.at)) @if change.refused { ", refused" } }
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
