//! The nominal times of a schedule, one after the other, as the wall clocks of its time zone show them.
//!
//! A fixed time that a zone skips when its clocks go forward is the first instant after the gap, and one that it repeats
//! when they go back is its first pass. Times with wildcards are left out in the gap, and are there in both passes.

#[cfg(test)]
mod tests;

use super::calendar::Calendar;
use super::cron::CronRule;
use super::zone;
use jiff::civil::{Date, DateTime, time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// The years after which a rule without a time is given up: a 29 February that is a Monday comes after 40 at most.
const YEARS: i16 = 41;

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
        let mut moment = self.start.map_or(moment, |start| moment.max(start.saturating_sub(1)));
        for _ in 0..EXCLUDED {
            let found = self.any_after(moment).filter(|found| self.end.is_none_or(|end| *found < end))?;
            match self.excluded_until(found) {
                None => return Some(found),
                Some(until) => moment = until,
            }
        }
        None
    }

    /// Returns the time from which a nominal time starts its run.
    pub(crate) fn due(&self, nominal: i64) -> i64 {
        nominal.saturating_add(self.delay)
    }

    /// Returns the last nominal time that is due, of those after a moment; `None` if there is none.
    pub(crate) fn last_due(&self, after: i64, now: i64) -> Option<i64> {
        let until = now.saturating_sub(self.delay);
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

    fn any_after(&self, moment: i64) -> Option<i64> {
        match &self.rule {
            Rule::Every { every, phase } => {
                let since = moment.checked_sub(*phase)?;
                since.div_euclid(*every).checked_add(1)?.checked_mul(*every)?.checked_add(*phase)
            }
            Rule::Cron(cron) if !cron.is_fixed => self.every_after(moment),
            Rule::Cron(_) | Rule::Calendar(_) => self.fixed_after(moment),
        }
    }

    /// Returns the first fixed time after a moment. Later times of the wall clock are no earlier instants, so the search
    /// begins at what the clock shows at that moment.
    fn fixed_after(&self, moment: i64) -> Option<i64> {
        let after = Timestamp::from_millisecond(moment).ok()?;
        let mut local = self.zone.to_datetime(after);
        loop {
            local = self.next_local(local, false)?;
            let instant = zone::first_instant(&self.zone, local)?;
            if instant > after {
                return Some(instant.as_millisecond());
            }
        }
    }

    /// Returns the first time with wildcards after a moment: between two changes of its offset, a zone shows each time
    /// of the wall clock once.
    fn every_after(&self, moment: i64) -> Option<i64> {
        let mut from = Timestamp::from_millisecond(moment).ok()?;
        let last = from.as_millisecond().saturating_add(i64::from(YEARS) * 366 * 86_400_000);
        let mut includes = false;
        loop {
            let change = self.zone.following(from).next().map(|change| change.timestamp());
            let offset = self.zone.to_offset(from);
            let local = self.next_local(offset.to_datetime(from), includes);
            let instant = local.and_then(|local| offset.to_timestamp(local).ok());
            match (instant, change) {
                (Some(instant), Some(change)) if instant < change => return Some(instant.as_millisecond()),
                (Some(instant), None) => return Some(instant.as_millisecond()),
                (_, Some(change)) if change.as_millisecond() <= last => (from, includes) = (change, true),
                _ => return None,
            }
        }
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

    /// Returns the end of what excludes a time: itself, or the last moment of its day.
    fn excluded_until(&self, nominal: i64) -> Option<i64> {
        if self.except.is_empty() {
            return None;
        }
        let local = self.zone.to_datetime(Timestamp::from_millisecond(nominal).ok()?);
        let of_day = || self.except.iter().filter(|except| except.takes_date(local.date()));
        if of_day().any(|except| !except.has_times()) {
            let next = local.date().checked_add(1.day()).ok()?.to_datetime(time(0, 0, 0, 0));
            let next = zone::first_instant(&self.zone, next)?.as_millisecond();
            return Some(nominal.max(next - 1));
        }
        of_day().any(|except| except.has_time(seconds(local))).then_some(nominal)
    }
}

/// Returns the seconds since midnight.
fn seconds(local: DateTime) -> u32 {
    let part = |part: i8| u32::from(part.unsigned_abs());
    part(local.hour()) * 3600 + part(local.minute()) * 60 + part(local.second())
}
