//! The nominal times of a schedule, one after the other, as the wall clocks of its time zone show them.
//!
//! A fixed time that a zone skips when its clocks go forward is the first instant after the gap, and one that it repeats
//! when they go back is its first pass. Times with wildcards are left out in the gap, and are there in both passes.

#[cfg(test)]
mod tests;

use super::calendar::Calendar;
use super::cron::CronRule;
use super::zone;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time, time};
use jiff::tz::TimeZone;

/// The years after which a rule without a time is given up: a 29 February that is a Monday comes after 40 at most.
const YEARS: i16 = 41;

/// The same in milliseconds.
const MANY_YEARS: i64 = YEARS as i64 * 366 * 86_400_000;

/// The last second of a day.
const LAST: Time = time(23, 59, 59, 0);

/// The most times that are left out one after the other.
const EXCLUDED: usize = 100_000;

/// The rule of nominal times.
#[derive(Clone, Debug)]
pub(super) enum Rule {
    Cron(Box<CronRule>),
    Calendar(Calendar),
    /// Milliseconds between two times, and after 1970.
    Every {
        every: i64,
        phase: i64,
    },
}

/// The nominal times of a schedule.
#[derive(Clone, Debug)]
pub(crate) struct Times {
    pub(super) rule: Rule,
    pub(super) zone: TimeZone,
    pub(super) except: Vec<Calendar>,
    pub(super) start: Option<i64>,
    pub(super) end: Option<i64>,
    /// The milliseconds by which a run starts after its nominal time.
    pub(super) delay: i64,
}

impl Times {
    /// Returns the first nominal time after a moment, in milliseconds since 1970.
    pub(crate) fn after(&self, moment: i64) -> Option<i64> {
        let moment = self.start.map_or(moment, |start| moment.max(start.saturating_sub(1)));
        let found = match &self.rule {
            Rule::Every { every, phase } => self.interval_after(moment, *every, *phase),
            Rule::Cron(cron) if !cron.is_fixed => self.every_after(moment),
            Rule::Cron(_) | Rule::Calendar(_) => self.fixed_after(moment),
        };
        found.filter(|found| !self.is_over(*found))
    }

    /// Returns the last nominal time before a moment; `None` if there is none in many years.
    pub(crate) fn before(&self, moment: i64) -> Option<i64> {
        self.last(moment.saturating_sub(MANY_YEARS), moment.saturating_sub(1))
    }

    /// Returns the time from which a nominal time starts its run.
    pub(crate) fn due(&self, nominal: i64) -> i64 {
        nominal.saturating_add(self.delay)
    }

    /// Returns the last nominal time that is due, of those after a moment; `None` if there is none.
    pub(crate) fn last_due(&self, after: i64, now: i64) -> Option<i64> {
        self.last(after, now.saturating_sub(self.delay))
    }

    /// Returns the last nominal time after a moment and up to another.
    fn last(&self, after: i64, until: i64) -> Option<i64> {
        let is_there = |moment| self.after(moment).is_some_and(|found| found <= until);
        if !is_there(after) {
            return None;
        }
        // The next time after `low` has come; the next one after `high` has not.
        let (mut low, mut high) = (after, until);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if is_there(middle) { low = middle } else { high = middle }
        }
        self.after(low)
    }

    /// Returns how many nominal times lie after a moment and up to another, counted up to a limit.
    pub(crate) fn count(&self, after: i64, until: i64, limit: u64) -> u64 {
        let (mut count, mut moment) = (0, after);
        while count < limit
            && let Some(found) = self.after(moment).filter(|found| *found <= until)
        {
            (count, moment) = (count + 1, found);
        }
        count
    }

    /// Returns whether a time is not before the end.
    fn is_over(&self, nominal: i64) -> bool {
        self.end.is_some_and(|end| nominal >= end)
    }

    fn interval_after(&self, mut moment: i64, every: i64, phase: i64) -> Option<i64> {
        for _ in 0..EXCLUDED {
            let steps = moment.checked_sub(phase)?.div_euclid(every).checked_add(1)?;
            let found = steps.checked_mul(every)?.checked_add(phase)?;
            if self.except.is_empty() || self.is_over(found) {
                return Some(found);
            }
            let local = self.zone.to_datetime(Timestamp::from_millisecond(found).ok()?);
            moment = match self.left_out(local) {
                None => return Some(found),
                Some(LeftOut::Time) => found,
                Some(LeftOut::Day) => {
                    let next = local.date().tomorrow().ok()?.to_datetime(time(0, 0, 0, 0));
                    found.max(zone::first_instant(&self.zone, next)?.as_millisecond() - 1)
                }
            };
        }
        None
    }

    /// Returns the first fixed time after a moment. Later times of the wall clock are no earlier instants, so the search
    /// begins at what the clock shows at that moment. What is left out is left out by what the clock shows, also where
    /// the zone skips it.
    fn fixed_after(&self, moment: i64) -> Option<i64> {
        let after = Timestamp::from_millisecond(moment).ok()?;
        let mut local = self.zone.to_datetime(after);
        for _ in 0..EXCLUDED {
            local = self.next_local(local, false)?;
            match self.left_out(local) {
                None => {}
                Some(LeftOut::Time) => continue,
                Some(LeftOut::Day) => {
                    local = local.date().to_datetime(LAST);
                    continue;
                }
            }
            let instant = zone::first_instant(&self.zone, local)?;
            if instant > after {
                return Some(instant.as_millisecond());
            }
        }
        None
    }

    /// Returns the first time with wildcards after a moment: between two changes of its offset, a zone shows each time
    /// of the wall clock once.
    fn every_after(&self, moment: i64) -> Option<i64> {
        let mut from = Timestamp::from_millisecond(moment).ok()?;
        let last = from.as_millisecond().saturating_add(MANY_YEARS);
        let mut includes = false;
        for _ in 0..EXCLUDED {
            let change = self.zone.following(from).next().map(|change| change.timestamp());
            let offset = self.zone.to_offset(from);
            let local = self.next_local(offset.to_datetime(from), includes);
            let instant = local.and_then(|local| Some((local, offset.to_timestamp(local).ok()?)));
            match (instant, change) {
                (Some((local, instant)), change) if change.is_none_or(|change| instant < change) => {
                    let next = match self.left_out(local) {
                        None => return Some(instant.as_millisecond()),
                        Some(LeftOut::Time) => instant,
                        Some(LeftOut::Day) => offset.to_timestamp(local.date().to_datetime(LAST)).ok()?,
                    };
                    (from, includes) = match change.filter(|change| *change <= next) {
                        Some(change) => (change, true),
                        None => (next, false),
                    };
                }
                (_, Some(change)) if change.as_millisecond() <= last => (from, includes) = (change, true),
                _ => return None,
            }
        }
        None
    }

    /// Returns the first time of a wall clock after another, or from it on.
    fn next_local(&self, after: DateTime, includes: bool) -> Option<DateTime> {
        let second = seconds(after);
        let is_whole = after.subsec_nanosecond() == 0;
        let mut from = if includes && is_whole { second } else { second + 1 };
        let mut date = after.date();
        let last = after.year().saturating_add(YEARS);
        while date.year() <= last {
            if !self.takes_month(date.month()) {
                date = date.last_of_month().tomorrow().ok()?;
            } else if let Some(found) = self.time_of(date, from) {
                return Some(found);
            } else {
                date = date.tomorrow().ok()?;
            }
            from = 0;
        }
        None
    }

    fn takes_month(&self, month: i8) -> bool {
        match &self.rule {
            Rule::Cron(cron) => cron.takes_month(month),
            Rule::Calendar(calendar) => calendar.takes_month(month),
            Rule::Every { .. } => false,
        }
    }

    fn time_of(&self, date: Date, from: u32) -> Option<DateTime> {
        let found = match &self.rule {
            Rule::Cron(cron) if cron.takes_date(date) => cron.time_from(from)?,
            Rule::Calendar(calendar) if calendar.takes_date(date) => calendar.time_from(from)?,
            _ => return None,
        };
        let part = |part: u32| i8::try_from(part).ok();
        Some(date.to_datetime(time(part(found / 3600)?, part(found / 60 % 60)?, part(found % 60)?, 0)))
    }

    /// Returns what of a time of the wall clock is left out.
    fn left_out(&self, local: DateTime) -> Option<LeftOut> {
        let of_day = || self.except.iter().filter(|except| except.takes_date(local.date()));
        if of_day().any(|except| !except.has_times()) {
            return Some(LeftOut::Day);
        }
        of_day().any(|except| except.has_time(seconds(local))).then_some(LeftOut::Time)
    }
}

/// What an exclusion leaves out.
enum LeftOut {
    Time,
    Day,
}

/// Returns the seconds since midnight.
fn seconds(local: DateTime) -> u32 {
    let part = |part: i8| u32::from(part.unsigned_abs());
    part(local.hour()) * 3600 + part(local.minute()) * 60 + part(local.second())
}
