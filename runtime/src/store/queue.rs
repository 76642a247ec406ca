//! The limits of queues.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// The limits of a queue, for all engines together. `None` is no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct QueueLimits {
    /// How many of its tasks run at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u32>,
    /// How many of its tasks with the same key run at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_key: Option<u32>,
    /// How many of its tasks start in a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// Whether a run keeps its room until it ends, and not only while it is at work.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
    /// How many tasks of a key start in its turn; of one that is not named, 1.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub weights: BTreeMap<String, u32>,
}

/// How many tasks of a queue start in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// The number of starts.
    pub starts: u32,
    /// The time, in milliseconds.
    pub millis: u32,
}

impl Rate {
    /// One start, in the unit in which starts are counted.
    pub(super) const START: i64 = 1_000_000_000;

    /// Creates a rate; `None` unless the time is from 1 ms to 49 days.
    pub(crate) fn within(starts: u32, time: Duration) -> Option<Self> {
        let millis = u32::try_from(time.as_millis()).ok().filter(|millis| *millis > 0)?;
        Some(Self { starts, millis })
    }

    /// Returns the most starts, in billionths, that are saved up while nothing waits: those of a tenth of the time, and
    /// at least one.
    pub(super) fn most(self) -> i64 {
        (i64::from(self.starts) * Self::START / 10).max(Self::START)
    }

    /// Returns the starts, in billionths, that so many milliseconds add.
    pub(super) fn refilled(self, millis: i64) -> i64 {
        let came = i128::from(millis.max(0)) * i128::from(self.starts) * i128::from(Self::START);
        i64::try_from(came / i128::from(self.millis.max(1))).unwrap_or(i64::MAX)
    }
}

/// The state of a declared queue, which all engines share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueState {
    /// The queue's name.
    pub queue: String,
    /// The limits that the code declares.
    pub declared: QueueLimits,
    /// The limits that were set since, in place of those that the code declares.
    pub set: Option<QueueLimits>,
    /// Whether its tasks have keys. Those without one then have the empty key.
    pub has_keys: bool,
    /// The reason why it is paused, if it is: then none of its tasks starts.
    pub paused: Option<String>,
    /// How many of its tasks run.
    pub running: i64,
    /// The starts that are saved up, in billionths.
    pub starts: i64,
    /// The time at which `starts` was counted, by the clock of the database, in milliseconds since 1970.
    pub counted_at: i64,
    /// The last turn that a key was given: a multiple of [`TURN`](Self::TURN).
    pub turns: i64,
}

impl QueueState {
    /// The distance of two turns, which is more than the weight of a key: between them a key counts what it has had of its
    /// turn.
    pub const TURN: i64 = 1 << 20;

    /// Creates the state of a queue that has just been declared.
    pub(super) fn new(queue: &str, declared: QueueLimits, has_keys: bool, running: i64, now: i64) -> Self {
        let starts = declared.rate.map_or(0, Rate::most);
        let queue = queue.to_owned();
        Self { queue, declared, set: None, has_keys, paused: None, running, starts, counted_at: now, turns: 0 }
    }

    /// Returns the limits that hold.
    #[must_use]
    pub fn limits(&self) -> &QueueLimits {
        self.set.as_ref().unwrap_or(&self.declared)
    }

    /// Returns the turn after all others.
    pub(super) const fn next_turn(&mut self) -> i64 {
        self.turns = (self.turns / Self::TURN + 1) * Self::TURN;
        self.turns
    }

    /// Applies a change.
    pub(super) fn change(&mut self, change: &QueueChange) {
        let declared = self.declared.clone();
        let set = &mut self.set;
        match change {
            QueueChange::Declare { limits, has_keys } => {
                self.declared = limits.clone();
                // Engines that are older, or only serve it, may declare it without: keys that are there still count.
                self.has_keys |= has_keys;
            }
            QueueChange::Total(total) => set.get_or_insert(declared).total = *total,
            QueueChange::PerKey(per_key) => set.get_or_insert(declared).per_key = *per_key,
            QueueChange::Rate(rate) => set.get_or_insert(declared).rate = *rate,
            QueueChange::Weight { key, weight } => {
                let weights = &mut set.get_or_insert(declared).weights;
                match weight {
                    Some(weight) => weights.insert(key.clone(), *weight),
                    None => weights.remove(key),
                };
            }
            QueueChange::Reset => *set = None,
            QueueChange::Pause(why) => self.paused.clone_from(why),
        }
    }

    /// Adds the starts of the time since the last count.
    pub(super) fn refill(&mut self, now: i64) {
        if let Some(rate) = self.limits().rate {
            let came = rate.refilled(now.saturating_sub(self.counted_at));
            self.starts = self.starts.saturating_add(came).min(rate.most());
        }
        self.counted_at = now.max(self.counted_at);
    }

    /// Returns how many of `wanted` tasks may start now, apart from the rate: the starts that time has added are
    /// unknown.
    #[must_use]
    pub(crate) fn may_start(&self, wanted: usize) -> usize {
        let unrated = Self { declared: QueueLimits { rate: None, ..self.limits().clone() }, set: None, ..self.clone() };
        unrated.room(wanted)
    }

    /// Returns how many of `wanted` tasks may start now.
    pub(super) fn room(&self, wanted: usize) -> usize {
        let limits = self.limits();
        if self.paused.is_some() {
            return 0;
        }
        let total = limits.total.map_or(i64::MAX, |total| i64::from(total) - self.running);
        let rate = limits.rate.map_or(i64::MAX, |_| self.starts / Rate::START);
        wanted.min(usize::try_from(total.min(rate).max(0)).unwrap_or(usize::MAX))
    }
}

/// A change of a queue by a person or a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueueChange {
    /// Declares it. A queue that was declared before keeps the limits that were set since, and its keys.
    Declare {
        /// The limits.
        limits: QueueLimits,
        /// Whether its tasks have keys; those that are there without one get the empty key.
        has_keys: bool,
    },
    /// Sets the limit of all tasks; `None` removes it.
    Total(Option<u32>),
    /// Sets the limit of the tasks of a key; `None` removes it.
    PerKey(Option<u32>),
    /// Sets the rate; `None` removes it.
    Rate(Option<Rate>),
    /// Sets how many tasks of a key start in its turn; `None` is 1.
    Weight {
        /// The key.
        key: String,
        /// The number.
        weight: Option<u32>,
    },
    /// Returns to the limits that the code declares.
    Reset,
    /// Pauses it for this reason; `None` resumes it.
    Pause(Option<String>),
}

#[cfg(test)]
mod tests {
    use super::{QueueLimits, QueueState, Rate};

    const HOUR: i64 = 3_600_000;

    /// Returns how many starts a rate lets happen in little more than ten hours, looked at ten times a second.
    fn starts(starts: u32, millis: u32) -> i64 {
        let limits = QueueLimits { rate: Some(Rate { starts, millis }), ..QueueLimits::default() };
        let mut state = QueueState::new("q", limits, false, 0, 0);
        let mut started = 0;
        for now in (0..=10 * HOUR + 2_000).step_by(100) {
            state.refill(now);
            let room = i64::try_from(state.room(1_000)).unwrap_or_default();
            state.starts -= room * Rate::START;
            started += room;
        }
        started
    }

    #[test]
    fn slow_and_fast_rates_start_what_they_say() {
        assert_eq!(starts(1, 3_600_000), 11, "one at once, and ten in ten hours");
        assert_eq!(starts(7, 3_600_000), 71);
        assert_eq!(starts(3, 2 * 3_600_000), 16);
        assert_eq!(starts(u32::MAX, 1), 1_000 * 360_021, "the most that is asked for");
    }
}
