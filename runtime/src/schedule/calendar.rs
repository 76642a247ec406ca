//! Days and times, as a builder: without a text to be parsed.

use jiff::civil::{Date, Weekday as Day};
use serde::{Deserialize, Serialize};

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    /// Monday.
    Monday,
    /// Tuesday.
    Tuesday,
    /// Wednesday.
    Wednesday,
    /// Thursday.
    Thursday,
    /// Friday.
    Friday,
    /// Saturday.
    Saturday,
    /// Sunday.
    Sunday,
}

impl Weekday {
    const fn day(self) -> Day {
        match self {
            Self::Monday => Day::Monday,
            Self::Tuesday => Day::Tuesday,
            Self::Wednesday => Day::Wednesday,
            Self::Thursday => Day::Thursday,
            Self::Friday => Day::Friday,
            Self::Saturday => Day::Saturday,
            Self::Sunday => Day::Sunday,
        }
    }
}

/// Days and times of a [`Schedule`](crate::Schedule), or days that it leaves out.
///
/// Each method narrows the days, and its values are alternatives: `.months([6]).days([1, -1])` is the first and the last
/// day of June. Without a method, it is every day. Without [`at`](Self::at), a schedule fires at midnight, and an
/// exclusion leaves out the whole day.
///
/// ```
/// use steadfast::{Calendar, Schedule, Weekday};
///
/// let payday = Calendar::new().days([-1]).at(9, 0);
/// let review = Calendar::new().nth_weekday(2, Weekday::Tuesday).months([3, 6, 9, 12]).at(10, 30);
/// let christmas = Calendar::new().date(2026, 12, 25);
/// let schedule = Schedule::calendar(review).zone("Europe/Berlin").except(christmas);
/// # let _ = (payday, schedule);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Calendar {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    months: Vec<i8>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    days: Vec<i8>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    weekdays: Vec<(Weekday, i8)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dates: Vec<(i16, i8, i8)>,
    /// Seconds since midnight, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    times: Vec<u32>,
    #[serde(skip)]
    flaw: Option<String>,
}

impl Calendar {
    /// Creates a calendar of all days.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes only these months, from 1 to 12.
    #[must_use]
    pub fn months(mut self, months: impl IntoIterator<Item = i8>) -> Self {
        self.months.extend(months);
        let wrong = self.months.iter().copied().find(|month| !(1..=12).contains(month));
        self.refuse(wrong.map(|month| format!("a month is from 1 to 12, not {month}")))
    }

    /// Takes only these days of a month: from 1 to 31, and from -1, the last one, to -31. A month that lacks a day is
    /// passed over.
    #[must_use]
    pub fn days(mut self, days: impl IntoIterator<Item = i8>) -> Self {
        self.days.extend(days);
        let wrong = self.days.iter().copied().find(|day| *day == 0 || !(-31..=31).contains(day));
        self.refuse(wrong.map(|day| format!("a day of a month is from 1 to 31 or from -1 to -31, not {day}")))
    }

    /// Takes only these days of the week.
    #[must_use]
    pub fn weekdays(mut self, days: impl IntoIterator<Item = Weekday>) -> Self {
        self.weekdays.extend(days.into_iter().map(|day| (day, 0)));
        self
    }

    /// Takes only this occurrence of a day of the week in a month: from 1 to 5, and from -1, the last one, to -5.
    #[must_use]
    pub fn nth_weekday(mut self, nth: i8, day: Weekday) -> Self {
        let wrong = nth == 0 || !(-5..=5).contains(&nth);
        self.weekdays.push((day, nth));
        self.refuse(wrong.then(|| format!("an occurrence in a month is from 1 to 5 or from -1 to -5, not {nth}")))
    }

    /// Takes only this date, and others that are named so.
    #[must_use]
    pub fn date(mut self, year: i16, month: i8, day: i8) -> Self {
        let wrong = Date::new(year, month, day).is_err();
        self.dates.push((year, month, day));
        self.refuse(wrong.then(|| format!("there is no date {year}-{month:02}-{day:02}")))
    }

    /// Adds a time of these days: hours from 0 to 23, minutes from 0 to 59.
    #[must_use]
    pub fn at(mut self, hour: u8, minute: u8) -> Self {
        let wrong = hour > 23 || minute > 59;
        self.times.push(u32::from(hour) * 3600 + u32::from(minute) * 60);
        self.times.sort_unstable();
        self.times.dedup();
        self.refuse(wrong.then(|| format!("a time is from 0:00 to 23:59, not {hour}:{minute:02}")))
    }

    fn refuse(mut self, flaw: Option<String>) -> Self {
        self.flaw = self.flaw.or(flaw);
        self
    }

    pub(super) fn flaw(&self) -> Option<&str> {
        self.flaw.as_deref()
    }

    /// Returns whether a date of this month can match.
    pub(super) fn takes_month(&self, month: i8) -> bool {
        self.months.is_empty() || self.months.contains(&month)
    }

    pub(super) fn takes_date(&self, date: Date) -> bool {
        let (day, last) = (date.day(), date.days_in_month());
        let weekday = |(of, nth): &(Weekday, i8)| {
            let from_end = (last - day) / 7 + 1;
            date.weekday() == of.day() && (*nth == 0 || *nth == (day - 1) / 7 + 1 || *nth == -from_end)
        };
        self.takes_month(date.month())
            && (self.days.is_empty() || self.days.contains(&day) || self.days.contains(&(day - last - 1)))
            && (self.weekdays.is_empty() || self.weekdays.iter().any(weekday))
            && (self.dates.is_empty() || self.dates.contains(&(date.year(), date.month(), day)))
    }

    /// Returns the first time of a day from this second on.
    pub(super) fn time_from(&self, second: u32) -> Option<u32> {
        if self.times.is_empty() {
            return (second == 0).then_some(0);
        }
        self.times.iter().copied().find(|time| *time >= second)
    }

    /// Returns whether it has times of its own.
    pub(super) fn has_times(&self) -> bool {
        !self.times.is_empty()
    }

    pub(super) fn has_time(&self, second: u32) -> bool {
        self.times.contains(&second)
    }
}
