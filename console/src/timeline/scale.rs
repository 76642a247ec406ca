//! Where a time lies in the picture. A long stretch in which nothing begins or ends is drawn short, so that a run that
//! works for a second and waits for a day shows both.

use crate::times::between;
use std::time::{Duration, SystemTime};
use steadfast::inspect::Timeline;

/// The part of time that is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) from: SystemTime,
    pub(crate) until: SystemTime,
}

impl Window {
    pub(super) fn length(&self) -> Duration {
        between(self.from, self.until)
    }

    /// Returns one of several parts of equal length.
    pub(super) fn part(&self, number: u32, of: u32) -> Self {
        let step = |n: u32| self.from + self.length() * n / of;
        Self { from: step(number), until: step(number + 1) }
    }
}

/// The least part of a window that is drawn short, in per cent, and its least length; the width that it gets; and the most
/// such parts.
const LONG: f64 = 30.0;
const LEAST: Duration = Duration::from_millis(500);
const SHORT: f64 = 7.0;
const MOST: usize = 3;

/// A stretch of time with its place in the picture, in per cent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stretch {
    pub(super) window: Window,
    pub(super) left: f64,
    pub(super) width: f64,
    pub(super) is_short: bool,
}

/// The stretches of a window, in order and without gaps.
#[derive(Clone, Debug)]
pub(super) struct Scale(Vec<Stretch>);

impl Scale {
    /// Returns the scale of a window, by the times at which something begins or ends.
    pub(super) fn of(window: Window, timeline: &Timeline) -> Self {
        let mut times: Vec<SystemTime> = timeline.changes.iter().map(|change| change.at).collect();
        for call in &timeline.calls {
            times.push(call.called_at);
            times.extend(call.ended_at);
            times.extend(call.attempts.iter().map(|attempt| attempt.started_at));
            times.extend(call.attempts.iter().filter_map(|attempt| attempt.ended_at));
        }
        times.retain(|time| *time > window.from && *time < window.until);
        times.sort_unstable();
        times.push(window.until);
        let mut work: Vec<Window> = Vec::new();
        for attempt in timeline.calls.iter().flat_map(|call| &call.attempts) {
            work.push(Window { from: attempt.started_at, until: attempt.ended_at.unwrap_or(window.until) });
        }
        Self::between(window, &times, &work)
    }

    /// Returns a scale on which all times are as long.
    pub(super) fn even(window: Window) -> Self {
        Self(vec![Stretch { window, left: 0.0, width: 100.0, is_short: false }])
    }

    fn between(window: Window, times: &[SystemTime], work: &[Window]) -> Self {
        let whole = window.length().as_secs_f64().max(0.001);
        let share = |from, until| between(from, until).as_secs_f64() / whole * 100.0;
        let mut quiet: Vec<Window> = Vec::new();
        let mut last = window.from;
        for time in times {
            // A step that runs is something that happens.
            let is_quiet = || !work.iter().any(|work| work.from <= last && work.until >= *time);
            if share(last, *time) >= LONG && between(last, *time) >= LEAST && is_quiet() {
                quiet.push(Window { from: last, until: *time });
            }
            last = *time;
        }
        // A run in which nothing happens but one wait has nothing to make room for.
        let busy: f64 = 100.0 - quiet.iter().map(|part| share(part.from, part.until)).sum::<f64>();
        if quiet.is_empty() || quiet.len() > MOST || busy < 1e-6 {
            return Self::even(window);
        }
        #[expect(clippy::cast_precision_loss, reason = "they are few")]
        let rest = SHORT.mul_add(-(quiet.len() as f64), 100.0);
        let (mut stretches, mut from, mut left) = (Vec::new(), window.from, 0.0);
        let mut add = |part: Window, is_short: bool| {
            let width = if is_short { SHORT } else { share(part.from, part.until) / busy * rest };
            stretches.push(Stretch { window: part, left, width, is_short });
            left += width;
        };
        for part in quiet {
            if part.from > from {
                add(Window { from, until: part.from }, false);
            }
            add(part, true);
            from = part.until;
        }
        if from < window.until {
            add(Window { from, until: window.until }, false);
        }
        Self(stretches)
    }

    /// Returns the place of a time, in per cent.
    pub(super) fn place(&self, time: SystemTime) -> f64 {
        let stretch = self.0.iter().find(|stretch| time <= stretch.window.until).or_else(|| self.0.last());
        let Some(stretch) = stretch else { return 0.0 };
        let length = stretch.window.length().as_secs_f64().max(1e-9);
        let within = (between(stretch.window.from, time).as_secs_f64() / length).min(1.0);
        within.mul_add(stretch.width, stretch.left)
    }

    /// Returns the time at a place, in per cent.
    pub(super) fn at(&self, place: f64) -> SystemTime {
        let stretch = self.0.iter().find(|stretch| place <= stretch.left + stretch.width).or_else(|| self.0.last());
        stretch.map_or(SystemTime::UNIX_EPOCH, |stretch| {
            let within = ((place - stretch.left) / stretch.width.max(1e-9)).clamp(0.0, 1.0);
            stretch.window.from + stretch.window.length().mul_f64(within)
        })
    }

    /// Returns the stretches that are drawn short.
    pub(super) fn short(&self) -> impl Iterator<Item = &Stretch> {
        self.0.iter().filter(|stretch| stretch.is_short)
    }
}

#[cfg(test)]
mod tests {
    use super::{Scale, Window};
    use crate::times::moment;

    #[test]
    fn a_long_quiet_stretch_is_short_and_the_rest_keeps_its_proportions() {
        let window = Window { from: moment(0), until: moment(100_000) };
        let scale = Scale::between(window, &[100, 200, 400, 100_000].map(moment), &[]);
        let places = [0, 100, 200, 400, 100_000].map(|time| scale.place(moment(time)));
        for (place, expected) in places.iter().zip([0.0, 23.25, 46.5, 93.0, 100.0]) {
            assert!((place - expected).abs() < 0.01, "{places:?}");
        }
        assert_eq!(scale.short().count(), 1);
        assert_eq!(scale.at(23.25), moment(100));
        // Nothing but a wait, and work all the time, are drawn as they are.
        for times in [vec![100_000], (1..=100).map(|n| n * 1_000).collect()] {
            let scale = Scale::between(window, &times.into_iter().map(moment).collect::<Vec<_>>(), &[]);
            assert!((scale.place(moment(50_000)) - 50.0).abs() < 0.01);
        }
        let work = Window { from: moment(400), until: moment(100_000) };
        let scale = Scale::between(window, &[100, 200, 400, 100_000].map(moment), &[work]);
        assert_eq!(scale.short().count(), 0, "a step works all that time");
    }
}
