//! The monotonic clock of a run: what was given as a duration runs on it, and is recorded by the time of day as the clock
//! was when it was recorded. When the time of day is set, that is an entry, so that nothing recorded becomes wrong.

use super::Machine;
use crate::record::Kind;
use crate::store::EntryRow;
use crate::value::Value;
use std::sync::Arc;

/// Times of entries that lie further ahead than this, in milliseconds, say that the time of day was set back while nobody
/// drove the run.
pub(crate) const AHEAD: i64 = 1_000;

/// Setting the time of day by less than this, in milliseconds, goes unnoticed: the monotonic clock and the time of day differ by
/// as much in how they are read and adjusted.
pub(crate) const UNNOTICED: i64 = 500;

/// What a run knows of time.
#[derive(Default)]
pub(super) struct RunClock {
    /// The monotonic clock, as far as it is known.
    pub(super) elapsed: Option<i64>,
    /// The latest time of an entry since the oldest duration that runs was recorded.
    latest: i64,
}

impl Machine {
    /// The run is driven by this clock. `offset` added to its time gives the time of day to be recorded.
    pub(crate) fn on_clock(mut self: Box<Self>, elapsed: i64, offset: i64) -> Box<Self> {
        self.clock.elapsed = Some(elapsed);
        self.journal.state().time.offset = offset;
        self
    }

    /// When the last entry was written, by the time of day.
    pub(crate) const fn latest(&self) -> i64 {
        self.clock.latest
    }

    /// What the clock shows after the history was replayed.
    pub(crate) const fn go_on_at(&mut self, elapsed: i64) {
        self.clock.elapsed = Some(elapsed);
    }

    /// What the clock shows now. When the time of day was set, that is recorded before anything else.
    pub(crate) fn tick(&mut self, now: i64, elapsed: i64, offset: i64) {
        self.clock.elapsed = Some(elapsed);
        let by = offset.saturating_sub(self.journal.state().time.offset);
        if by == 0 || self.stands_still() || !self.is_open() {
            return;
        }
        if self.measures() {
            self.record_clock(by, now);
        }
        let mut state = self.journal.state();
        state.time.offset = offset;
        state.move_limit(by);
    }

    /// The monotonic clock; where there is none, the time of day, which then never goes back.
    pub(super) fn elapsed_now(&self, now: i64) -> i64 {
        self.clock.elapsed.unwrap_or(now)
    }

    /// Whether a duration runs.
    fn measures(&self) -> bool {
        let state = self.journal.state();
        !state.time.due.is_empty() || state.scope.is_limited() || state.kept_due().is_some()
    }

    /// The time limit of the run as it is recorded, unless the run is ending or has a deadline.
    pub(super) fn limit(&self) -> Option<i64> {
        let state = self.journal.state();
        state.scope.deadline.filter(|_| state.scope.is_limited() && self.fate.ending.is_none())
    }

    /// The time limit of the run is over then.
    pub(super) fn set_limit(&self, recorded: Option<i64>) {
        let mut state = self.journal.state();
        if recorded.is_some() && state.scope.is_limited() {
            let mut scope = (*state.scope).clone();
            scope.deadline = recorded;
            state.scope = Arc::new(scope);
        }
    }

    fn record_clock(&mut self, by: i64, now: i64) {
        let value = serde_json::to_vec(&by).expect("a number is JSON");
        let entry = self.entry(Kind::ClockMoved, now, |entry| entry.value = Some(Value::json(value)));
        self.clock.latest = entry.at;
        self.unwritten.entries.push(entry);
    }

    /// Notes when a recorded entry was written, to find that the time of day was set back meanwhile.
    pub(super) fn note_time(&mut self, entry: &EntryRow) {
        if entry.kind == Kind::ClockMoved {
            let by = entry.value.as_ref().and_then(|value| serde_json::from_slice(&value.bytes).ok()).unwrap_or(0);
            self.clock.latest = entry.at;
            return self.move_durations(by);
        }
        // As a rule time goes on, and nothing need be looked at.
        if entry.at >= self.clock.latest || !self.measures() {
            self.clock.latest = entry.at;
        }
    }

    /// What runs as a duration is due that much later by the monotonic clock: it was recorded by another time of day.
    fn move_durations(&mut self, by: i64) {
        let mut state = self.journal.state();
        state.move_dues(by);
        state.move_limit(by);
    }

    /// The history is at its end. If it was written at a time that has not come yet, the time of day was set back while nobody
    /// drove the run: durations go on where they were last seen.
    pub(super) fn anchor(&mut self, now: i64) {
        // What was noticed of the time of day since it was loaded, its driver records.
        let shown = self.clock.elapsed.map_or(now, |elapsed| self.journal.state().recorded_due(elapsed));
        let back = shown.saturating_sub(self.clock.latest);
        if back < -AHEAD && self.is_open() && self.measures() && !self.stands_still() {
            self.record_clock(back, now);
            self.move_durations(back);
        }
    }
}

impl super::state::State {
    /// An entry is delivered: what the workflow sees of time.
    pub(super) fn see(&mut self, cause: &EntryRow) {
        self.time.now = cause.at.max(self.time.now);
        self.time.at = cause.at;
        self.time.elapsed = self.elapsed_due(cause.at);
    }

    /// A time of the monotonic clock as it is recorded.
    pub(super) const fn recorded_due(&self, elapsed: i64) -> i64 {
        elapsed.saturating_add(self.time.offset)
    }

    /// The same for a duration that began with the entry that is being delivered: counted from the time of that entry, so that
    /// it is the same whenever the entry is delivered again.
    pub(super) const fn recorded_now(&self, elapsed: i64) -> i64 {
        self.time.at.saturating_add(elapsed.saturating_sub(self.time.elapsed))
    }

    /// A recorded time of a duration on the monotonic clock.
    pub(super) const fn elapsed_due(&self, recorded: i64) -> i64 {
        recorded.saturating_sub(self.time.offset)
    }

    fn move_dues(&mut self, by: i64) {
        let before = std::mem::take(&mut self.time.due);
        for (due, position) in before {
            let due = due.saturating_add(by);
            if let Some(call) = self.calls.get_mut(&position) {
                call.what.set_elapsed(due);
                self.time.due.insert((due, position));
            }
        }
    }

    fn move_limit(&mut self, by: i64) {
        self.move_kept(by);
        if let Some(limit) = self.scope.deadline.filter(|_| self.scope.is_limited()) {
            let mut scope = (*self.scope).clone();
            scope.deadline = Some(limit.saturating_add(by));
            self.scope = Arc::new(scope);
        }
    }
}
