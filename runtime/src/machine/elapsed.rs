//! The monotonic clock of a run. Durations run on it, and are recorded by the wall clock as known at that time. A
//! change of the wall clock is an entry, so that recorded times stay right.

use super::Machine;
use crate::record::Kind;
use crate::store::EntryRow;
use crate::value::Value;
use std::sync::Arc;

/// The time, in milliseconds, by which entries may lie ahead before that means that the wall clock was set back while
/// the run was not driven.
pub(crate) const AHEAD: i64 = 1_000;

/// The change of the wall clock, in milliseconds, below which it goes unnoticed: the two clocks differ by as much in
/// how they are read and adjusted.
pub(crate) const UNNOTICED: i64 = 500;

/// The time of a run.
#[derive(Default)]
pub(super) struct RunClock {
    /// The monotonic clock, as far as it is known.
    pub(super) elapsed: Option<i64>,
    /// The latest time of an entry since the oldest running duration was recorded.
    latest: i64,
}

impl Machine {
    /// Sets the clock of the driver. `offset` is added to its time to record it by the wall clock.
    pub(crate) fn on_clock(mut self: Box<Self>, elapsed: i64, offset: i64) -> Box<Self> {
        self.clock.elapsed = Some(elapsed);
        self.journal.state().time.offset = offset;
        self
    }

    /// Returns the wall-clock time of the last entry.
    pub(crate) const fn latest(&self) -> i64 {
        self.clock.latest
    }

    /// Sets the clock after the history was replayed.
    pub(crate) const fn go_on_at(&mut self, elapsed: i64) {
        self.clock.elapsed = Some(elapsed);
    }

    /// Updates the clock. A change of the wall clock is recorded before anything else.
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

    /// Returns the monotonic clock, or without one the wall clock, which then never goes back.
    pub(super) fn elapsed_now(&self, now: i64) -> i64 {
        self.clock.elapsed.unwrap_or(now)
    }

    /// Returns whether a duration is running.
    fn measures(&self) -> bool {
        let state = self.journal.state();
        !state.time.due.is_empty() || state.scope.is_limited() || state.kept_due().is_some()
    }

    /// Returns the recorded time limit of the run, unless the run is ending or has a deadline.
    pub(super) fn limit(&self) -> Option<i64> {
        let state = self.journal.state();
        state.scope.deadline.filter(|_| state.scope.is_limited() && self.fate.ending.is_none())
    }

    /// Returns the latest end of the run, in milliseconds since 1970.
    pub(crate) fn deadline(&self) -> Option<i64> {
        self.journal.state().scope.deadline
    }

    /// Sets the recorded end of the run's time limit.
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

    /// Notes when a recorded entry was written, to detect that the wall clock was set back meanwhile.
    pub(super) fn note_time(&mut self, entry: &EntryRow) {
        if entry.kind == Kind::ClockMoved {
            let by = entry.value.as_ref().and_then(|value| serde_json::from_slice(&value.bytes).ok()).unwrap_or(0);
            self.clock.latest = entry.at;
            return self.move_durations(by);
        }
        // Usually time advances, and nothing needs to be checked.
        if entry.at >= self.clock.latest || !self.measures() {
            self.clock.latest = entry.at;
        }
    }

    /// Moves running durations on the monotonic clock, because they were recorded by another wall clock.
    fn move_durations(&mut self, by: i64) {
        let mut state = self.journal.state();
        state.move_dues(by);
        state.move_limit(by);
    }

    /// Anchors durations at the end of the history. If it was written at a time in the future, the wall clock was set
    /// back while the run was not driven: durations continue from where they were last seen.
    pub(super) fn anchor(&mut self, now: i64) {
        // The driver records changes of the wall clock that were noticed since the load.
        let shown = self.clock.elapsed.map_or(now, |elapsed| self.journal.state().recorded_due(elapsed));
        let back = shown.saturating_sub(self.clock.latest);
        if back < -AHEAD && self.is_open() && self.measures() && !self.stands_still() {
            self.record_clock(back, now);
            self.move_durations(back);
        }
    }
}

impl super::state::State {
    /// Sets the time that the workflow observes in the turn of an entry.
    pub(super) fn see(&mut self, cause: &EntryRow) {
        self.time.now = cause.at.max(self.time.now);
        self.time.at = cause.at;
        self.time.elapsed = self.elapsed_due(cause.at);
    }

    /// Converts a time of the monotonic clock to the recorded form.
    pub(super) const fn recorded_due(&self, elapsed: i64) -> i64 {
        elapsed.saturating_add(self.time.offset)
    }

    /// Converts the end of a duration that began in the current turn: counted from the time of the entry, so that it is
    /// the same whenever the entry is delivered again.
    pub(super) const fn recorded_now(&self, elapsed: i64) -> i64 {
        self.time.at.saturating_add(elapsed.saturating_sub(self.time.elapsed))
    }

    /// Converts a recorded end of a duration to the monotonic clock.
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
