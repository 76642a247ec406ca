//! Many calls: a bar for each range of time, which leads into it, and a lane for each name.

use super::bars::{name, sign, word};
use super::{Drawing, has_failed, percent};
use crate::times::clock;
use crate::values::number;
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};
use steadfast::history::Kind;
use steadfast::inspect::{StepStatus, TimelineCall};

/// How many ranges of time lead into the picture, and how many a lane has.
const RANGES: u32 = 24;
const CELLS: usize = 120;

/// The most lanes.
const LANES: usize = 40;

/// The height of the bars of ranges.
const HEIGHT: u64 = 48;

/// The calls of one range of time.
#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    calls: u64,
    failed: u64,
    open: u64,
}

impl Cell {
    fn add(&mut self, call: &TimelineCall) {
        self.calls += 1;
        self.failed += u64::from(has_failed(call));
        self.open += u64::from(matches!(call.status, StepStatus::Running | StepStatus::Retrying));
    }

    fn words(self) -> String {
        let mut words = format!("{} calls", number(self.calls));
        for (count, what) in [(self.failed, "failed"), (self.open, "open")] {
            if count > 0 {
                words.extend([", ", &number(count), " ", what]);
            }
        }
        words
    }
}

/// The calls of one name.
struct Lane<'a> {
    kind: Kind,
    name: &'a str,
    all: Cell,
    cells: Vec<Cell>,
    first: SystemTime,
}

impl Drawing<'_> {
    /// Draws many calls.
    pub(super) fn lanes(&self, calls: &[&TimelineCall]) -> Markup {
        let mut lanes: Vec<Lane<'_>> = self.by_name(calls).into_values().collect();
        lanes.sort_by_key(|lane| lane.first);
        let more = lanes.len().saturating_sub(LANES);
        html! {
            (self.ranges(calls))
            ol.rows.folded { @for lane in lanes.iter().take(LANES) { (one(lane)) } }
            @if more > 0 { p.quiet { (more) " more names" } }
        }
    }

    fn by_name<'a>(&self, calls: &[&'a TimelineCall]) -> BTreeMap<(&'static str, &'a str), Lane<'a>> {
        let mut lanes = BTreeMap::new();
        for call in calls {
            let name = name(call);
            let lane = lanes.entry((word(call.kind), name)).or_insert_with(|| Lane {
                kind: call.kind,
                name,
                all: Cell::default(),
                cells: vec![Cell::default(); CELLS],
                first: call.called_at,
            });
            lane.all.add(call);
            lane.cells[self.cell(call.called_at, CELLS)].add(call);
        }
        lanes
    }

    /// Returns the number of the range in which a time lies.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place is between 0 and 100")]
    #[expect(clippy::cast_precision_loss, reason = "ranges are few")]
    fn cell(&self, time: SystemTime, of: usize) -> usize {
        ((self.scale.place(time) / 100.0 * of as f64) as usize).min(of - 1)
    }

    /// A bar for each range of time, as high as the range has calls; each leads into its range.
    fn ranges(&self, calls: &[&TimelineCall]) -> Markup {
        let mut ranges = vec![Cell::default(); RANGES as usize];
        for call in calls {
            ranges[self.cell(call.called_at, RANGES as usize)].add(call);
        }
        let most = ranges.iter().map(|range| range.calls).max().unwrap_or_default().max(1);
        let is_fine = self.window.length() < Duration::from_secs(20);
        // Below that, times are no longer apart.
        let leads = self.window.length() > Duration::from_millis(u64::from(RANGES) * 2);
        html! {
            div.row.ranges {
                span.name { "calls" }
                svg.bar width="100%" height=(HEIGHT + 2) role="group" aria-label="Calls by time; each bar leads into its part" {
                    @for (n, range) in (0..).zip(&ranges).filter(|(_, range)| range.calls > 0) {
                        @let part = self.window.part(n, RANGES);
                        @let words = format!("{}, {} to {}", range.words(), clock(part.from, is_fine), clock(part.until, is_fine));
                        @if leads { a href=(self.zoom(part)) aria-label={ (words) ": look closer" } { (bar(n, *range, most)) title { (words) } } }
                        @else { g { (bar(n, *range, most)) title { (words) } } }
                    }
                }
                span.length { (number(calls.len() as u64)) }
            }
        }
    }
}

/// Draws the lane of a name.
fn one(lane: &Lane<'_>) -> Markup {
    let most = lane.cells.iter().map(|cell| cell.calls).max().unwrap_or_default().max(1);
    let each = 100.0 / 120.0;
    let words = format!("{} {}: {}", word(lane.kind), lane.name, lane.all.words());
    html! {
        li.row {
            span.name title=(lane.name) { (sign(lane.kind)) span.word { (lane.name) } }
            svg.bar width="100%" height="22" role="img" aria-label=(words) {
                title { (words) }
                @for (n, cell) in (0_u32..).zip(&lane.cells).filter(|(_, cell)| cell.calls > 0) {
                    @let x = percent(f64::from(n) * each);
                    rect class={ "cell level-" (level(cell.calls, most)) } x=(x) width=(percent(each)) y="4" height="14" {}
                    @if cell.failed > 0 { rect.cell.failed x=(x) width=(percent(each)) y="0" height="7" {} }
                    @if cell.open > 0 { rect.cell.open x=(x) width=(percent(each)) y="18" height="4" {} }
                }
            }
            span.length {
                (number(lane.all.calls))
                @if lane.all.failed > 0 { " " span.bad { (number(lane.all.failed)) " failed" } }
            }
        }
    }
}

fn bar(n: u32, range: Cell, most: u64) -> Markup {
    let height = |count: u64| if count == 0 { 0 } else { (count * HEIGHT / most).max(2) };
    let each = 100.0 / f64::from(RANGES);
    let (x, width) = (percent(f64::from(n).mul_add(each, 0.15)), percent(each - 0.3));
    let (all, failed) = (height(range.calls), height(range.failed));
    html! {
        rect.hit x=(x) width=(width) y="0" height=(HEIGHT + 2) {}
        rect.range x=(x) width=(width) y=(HEIGHT + 1 - all) height=(all) rx="2" {}
        @if failed > 0 { rect.range.failed x=(x) width=(width) y=(HEIGHT + 1 - failed) height=(failed) rx="2" {} }
    }
}

/// Returns how dark a cell is, from 1 to 4.
const fn level(calls: u64, most: u64) -> u64 {
    let level = calls * 4 / most;
    if level == 0 { 1 } else { level }
}

#[cfg(test)]
mod tests {
    use super::level;

    #[test]
    fn a_cell_is_as_dark_as_it_has_calls() {
        assert_eq!([level(1, 100), level(50, 100), level(100, 100)], [1, 2, 4]);
    }
}
