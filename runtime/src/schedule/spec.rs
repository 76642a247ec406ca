//! What a schedule is, as its row has it.

use super::Missed;
use super::calendar::Calendar;
use super::cron::CronRule;
use super::times::{Rule, Times};
use super::zone;
use crate::store::Overlap;
use hmac_sha256::Hash;
use serde::{Deserialize, Serialize};

/// What a schedule is. An older version that does not know a field leaves the schedule to others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spec {
    pub(super) when: When,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) zone: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) except: Vec<Calendar>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) start: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) end: Option<i64>,
    /// The longest delay, in milliseconds.
    #[serde(default)]
    pub(super) jitter: i64,
    #[serde(default)]
    pub(crate) overlap: Overlap,
    #[serde(default)]
    pub(crate) missed: Missed,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<u64>,
    /// Where the input has its `Tick`.
    #[serde(default)]
    pub(crate) takes: Takes,
}

/// The times of a schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum When {
    Cron(String),
    Calendar(Calendar),
    /// Milliseconds.
    Every {
        every: i64,
        phase: i64,
    },
}

/// Where the input of a workflow has its `Tick`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Takes {
    /// It has none.
    #[default]
    Value,
    /// It is one.
    Tick,
    /// It is a pair of one and another value.
    Both,
}

impl Spec {
    /// Reads it for a schedule of this name.
    ///
    /// # Errors
    /// A part of it says nothing that can happen; the message names it.
    pub(crate) fn times(&self, name: &str) -> Result<Times, String> {
        let rule = match &self.when {
            When::Cron(text) => Rule::Cron(Box::new(CronRule::parse(text)?)),
            When::Calendar(calendar) => Rule::Calendar(calendar.clone()),
            When::Every { every, .. } if *every < 1 => {
                return Err("the interval is shorter than 1 ms, so that it would fire without end".to_owned());
            }
            When::Every { every, phase } => Rule::Every { every: *every, phase: *phase },
        };
        let calendars = match &self.when {
            When::Calendar(calendar) => Some(calendar),
            _ => None,
        };
        if let Some(flaw) = calendars.into_iter().chain(&self.except).find_map(Calendar::flaw) {
            return Err(format!("in its calendar, {flaw}"));
        }
        let zone = zone::find(self.zone.as_deref().unwrap_or("UTC"))?;
        let delay = if self.jitter > 0 { stable(name, self.jitter) } else { 0 };
        let Self { start, end, except, .. } = self.clone();
        Ok(Times { rule, zone, except, start, end, delay })
    }

    /// Checks it at its creation.
    ///
    /// # Errors
    /// It can never fire, or a part of it says nothing that can happen.
    pub(crate) fn check(&self, name: &str, now: i64) -> Result<Times, String> {
        let times = self.times(name)?;
        if let (Some(start), Some(end)) = (self.start, self.end)
            && start >= end
        {
            let [start, end] = [start, end].map(shown);
            return Err(format!("its start, {start}, is not before its end, {end}"));
        }
        if self.limit == Some(0) {
            return Err("a limit of 0 runs lets it start none; pause it instead, or leave the limit out".to_owned());
        }
        if times.after(now.min(self.start.unwrap_or(now))).is_none() {
            let until = self.end.map_or_else(String::new, |end| format!(" before its end, {}", shown(end)));
            return Err(format!("it never fires: {} has no time{until} that is not excluded", self.when));
        }
        Ok(times)
    }

    /// Returns whether its nominal times are those of another one.
    pub(crate) fn has_times_of(&self, other: &Self) -> bool {
        (&self.when, &self.zone, &self.except, self.start, self.end)
            == (&other.when, &other.zone, &other.except, other.start, other.end)
    }

    /// Returns whether its limit of runs is reached, of which so many times have been fired.
    pub(crate) fn is_over(&self, fired: u64) -> bool {
        self.limit.is_some_and(|limit| fired >= limit)
    }

    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers are JSON")
    }
}

/// Returns a number below another that depends on the name alone, so that engines and restarts agree on it.
fn stable(name: &str, below: i64) -> i64 {
    let hash = Hash::hash(name.as_bytes());
    let number = hash.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    i64::try_from(number % below.unsigned_abs().max(1)).unwrap_or_default()
}

/// Returns a moment as people read it.
pub(crate) fn shown(moment: i64) -> String {
    jiff::Timestamp::from_millisecond(moment).map_or_else(|_| moment.to_string(), |moment| moment.to_string())
}

/// Shows the times, as `cron 0 3 * * * in Europe/Berlin`.
impl std::fmt::Display for Spec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.when, &self.zone) {
            (When::Every { .. }, _) | (_, None) => write!(f, "{}", self.when),
            (_, Some(zone)) => write!(f, "{} in {zone}", self.when),
        }
    }
}

impl std::fmt::Display for When {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Cron(text) => write!(f, "cron `{text}`"),
            Self::Calendar(calendar) => {
                write!(f, "calendar {}", serde_json::to_string(calendar).unwrap_or_default())
            }
            Self::Every { every, phase } => {
                let [every, phase] =
                    [*every, *phase].map(|millis| std::time::Duration::from_millis(millis.unsigned_abs()));
                write!(f, "every {every:?}")?;
                if phase.is_zero() { Ok(()) } else { write!(f, " from {phase:?} on") }
            }
        }
    }
}
