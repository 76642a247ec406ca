//! Schedules: when runs of a workflow start, in which time zone, and what happens if one still runs or was missed.

mod calendar;
mod cron;
mod plan;
mod spec;
mod tick;
mod times;
mod zone;

pub use calendar::{Calendar, Weekday};
pub(crate) use plan::{Plan, plan, read};
pub use spec::Takes;
pub(crate) use spec::{Spec, shown};
pub use tick::{ScheduleInput, Tick};
pub(crate) use times::Times;

use crate::store::Overlap;
use serde::{Deserialize, Serialize};
use spec::When;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The times at which runs of a workflow start; see [`Engine::schedule`](crate::Engine::schedule).
///
/// Times are of UTC unless a [`zone`](Self::zone) is named. When the clocks of the zone go forward, a fixed time that
/// they skip is the first instant after the gap; when they go back, it is once, in the first pass. A cron text that has
/// `*` or `/` in its second, minute or hour is left out in the gap, and is there in both passes. Zones are those of the
/// system's IANA database (`/usr/share/zoneinfo`); where the system has none, of the one that was compiled in.
///
/// ```
/// use steadfast::{Missed, Overlap, Schedule};
/// use std::time::Duration;
///
/// let nightly = Schedule::cron("0 3 * * MON-FRI").zone("Europe/Berlin").jitter(Duration::from_secs(600));
/// let often = Schedule::every(Duration::from_secs(90)).overlap(Overlap::BufferOne).missed(Missed::Skip);
/// # let _ = (nightly, often);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    pub(crate) spec: Spec,
}

/// What becomes of nominal times at which no engine was there: of those that are late by more than a minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missed {
    /// The latest one starts its run.
    #[default]
    Latest,
    /// None starts a run.
    Skip,
    /// Each starts its run that is not older than this.
    Within(Duration),
}

impl Schedule {
    fn new(when: When) -> Self {
        let spec = Spec {
            when,
            zone: None,
            except: Vec::new(),
            start: None,
            end: None,
            jitter: 0,
            overlap: Overlap::default(),
            missed: Missed::default(),
            limit: None,
            takes: Takes::default(),
        };
        Self { spec }
    }

    /// Fires at the times of a cron text: minute, hour, day of the month, month, day of the week; or six fields, with
    /// the second first. `L` is the last day of a month, `15W` the working day next to the 15th, `FRI#2` the second
    /// Friday of a month, `FRI#L` the last one. If both days are given, a time matches with one of them.
    ///
    /// The text is checked when the schedule is created.
    #[must_use]
    pub fn cron(text: impl Into<String>) -> Self {
        Self::new(When::Cron(text.into()))
    }

    /// Fires at the times of a calendar.
    #[must_use]
    pub fn calendar(calendar: Calendar) -> Self {
        Self::new(When::Calendar(calendar))
    }

    /// Fires at all multiples of an interval since 1970, whatever the wall clocks of a zone show: an interval of an hour
    /// fires at each full hour of UTC. Intervals have milliseconds.
    #[must_use]
    pub fn every(interval: Duration) -> Self {
        Self::new(When::Every { every: whole(interval), phase: 0 })
    }

    /// Moves the times of an interval: by 5 minutes, one of an hour fires 5 minutes after each full hour. Changes
    /// nothing of a cron text or a calendar.
    #[must_use]
    pub fn phase(mut self, by: Duration) -> Self {
        if let When::Every { every, phase } = &mut self.spec.when {
            *phase = whole(by).checked_rem(*every).unwrap_or_default();
        }
        self
    }

    /// Reads cron texts and calendars in a time zone, by its name in the IANA database, such as `Europe/Berlin`.
    #[must_use]
    pub fn zone(mut self, name: impl Into<String>) -> Self {
        self.spec.zone = Some(name.into());
        self
    }

    /// Leaves out the days of a calendar, or its times of these days, if it has some: as the wall clock of the zone shows
    /// them. A fixed time that the zone skips is left out by the time that was written, not by the instant after the gap.
    #[must_use]
    pub fn except(mut self, calendar: Calendar) -> Self {
        self.spec.except.push(calendar);
        self
    }

    /// Leaves out all times before this one.
    #[must_use]
    pub fn start(mut self, moment: SystemTime) -> Self {
        self.spec.start = Some(millis(moment));
        self
    }

    /// Leaves out this time and all later ones.
    #[must_use]
    pub fn end(mut self, moment: SystemTime) -> Self {
        self.spec.end = Some(millis(moment));
        self
    }

    /// Starts each run later than its nominal time, by a delay below this which depends on the name of the schedule
    /// alone. So schedules of the same time spread over it, each always with the same delay.
    #[must_use]
    pub fn jitter(mut self, most: Duration) -> Self {
        self.spec.jitter = whole(most);
        self
    }

    /// Sets what happens while the run before has not ended; [`Overlap::Skip`] unless chosen otherwise.
    #[must_use]
    pub fn overlap(mut self, overlap: Overlap) -> Self {
        self.spec.overlap = overlap;
        self
    }

    /// Sets what becomes of times at which no engine was there; [`Missed::Latest`] unless chosen otherwise.
    #[must_use]
    pub fn missed(mut self, missed: Missed) -> Self {
        self.spec.missed = missed;
        self
    }

    /// Sets how many times start a run when they are due, before the schedule is over. Runs that are
    /// [triggered](crate::ScheduleHandle::trigger) or [backfilled](crate::ScheduleHandle::backfill) do not count.
    #[must_use]
    pub fn limit(mut self, runs: u64) -> Self {
        self.spec.limit = Some(runs);
        self
    }
}

fn whole(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Returns a moment in milliseconds since 1970, rounded up.
pub(crate) fn millis(moment: SystemTime) -> i64 {
    match moment.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |millis| -millis),
    }
}
