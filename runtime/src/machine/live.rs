//! A run that is driven: completions go in, entries and effects come out.

use super::Machine;
use super::delivered::Delivered;
use super::effect::Effect;
use super::outgoing::Sent;
use super::state::What;
use super::suspended::{Deferred, OpenTurn};
use super::turn::{Group, Turn, entry};
use crate::command::Command;
use crate::journal::{AnyWorkflow, BodyEnd, Journal};
use crate::record::{FORMAT, Kind, ParkCause, ParkReason, of_result};
use crate::store::{EntryRow, FieldRow, Outgoing, Rejected, Status};
use crate::value::Value;

impl Machine {
    /// Delivers the first entries of a run that was just started; they are durable already.
    pub(crate) fn start(&mut self, workflow: &dyn AnyWorkflow, entries: &[EntryRow]) {
        let Some(first) = entries.first() else { return };
        self.unwritten.tail = entries.len() as u64;
        self.unwritten.appended = self.unwritten.tail;
        self.unwritten.progressed = true;
        for entry in entries {
            self.set_scope(entry);
        }
        if self.refuses(workflow, first) {
            return;
        }
        if let Err(reason) = self.begin(workflow, first) {
            return self.park(reason);
        }
        self.live_turn(first.seq, first.at, Delivered::Nothing);
        if self.is_open()
            && let Err(reason) = self.open_state()
        {
            self.park(reason);
        }
    }

    /// Delivers what is due by now: timers fire, later attempts start.
    pub(crate) fn due(&mut self, now: i64) {
        while self.is_open() && !self.stands_still() && !self.held_back.paused {
            if self.is_over(now) {
                return self.end_early(Kind::DeadlineReached, None, now);
            }
            let call = self.first_due(now);
            if let Some(kept) = self.kept_is_due(now)
                && call.is_none_or(|(due, _)| kept <= due)
            {
                self.expire_kept(now);
                continue;
            }
            let Some((_, position)) = call else { return };
            if self.journal.state().step(position).is_some() {
                self.start_attempt(position, now);
            } else {
                self.expire(position);
                self.deliver(Kind::TimerFired, now, |entry| entry.position = Some(position));
            }
        }
    }

    /// Handles that the oldest append in flight is durable: its effects are released, and calls receive the outcomes of
    /// its outgoing writes.
    pub(crate) fn durable(&mut self, outcomes: Vec<Result<i64, Rejected>>, now: i64) -> Vec<Effect> {
        let (mut effects, asked, edits) = self.waiting.release();
        self.env.state.is_durable(edits);
        effects.extend(self.answered(asked, outcomes, now));
        effects
    }

    /// Parks the run, because a waker that is not the engine's woke the body.
    pub(crate) fn woken_by_foreign(&mut self) {
        if self.stands_still() {
            self.deferred.push_back(Deferred::Foreign);
        } else if self.is_open() {
            self.park(self.foreign_await("was woken by something"));
        }
    }

    /// Parks the run: nothing more is delivered to it.
    pub(crate) fn park(&mut self, reason: ParkReason) {
        if self.fate.parked.is_some() || self.fate.ended.is_some() {
            return;
        }
        if self.is_transacting() {
            return self.deferred.push_back(Deferred::Parked(reason));
        }
        // The next load repeats an open turn from its beginning.
        let open = self.suspended.take().map(|turn| turn.cause);
        let reason = ParkReason { unfinished: reason.unfinished.or(open), ..reason };
        self.drop_body();
        self.cancel_attempts();
        self.unwritten.pending_effects.push(Effect::Ended);
        self.fate.parked = Some(ParkReason { unfinished: reason.unfinished.or(self.fate.unfinished), ..reason });
    }

    pub(super) const fn is_open(&self) -> bool {
        self.fate.parked.is_none() && self.fate.ended.is_none()
    }

    /// Returns the next due time, in milliseconds since 1970.
    pub(crate) fn next_due(&self) -> Option<i64> {
        if self.stands_still() || self.held_back.paused {
            return None;
        }
        let state = self.journal.state();
        let durations = state.time.due.first().map(|(due, _)| state.recorded_due(*due));
        let moments = state.time.moments.first().map(|(moment, _)| *moment);
        let deadline = state.scope.deadline.filter(|_| self.fate.ending.is_none());
        durations.into_iter().chain(moments).chain(state.kept_due()).chain(deadline).min()
    }

    /// Returns the next due time on the monotonic clock; `elapsed_at` converts a moment of the wall clock.
    pub(crate) fn next_elapsed(&self, elapsed_at: impl Fn(i64) -> i64) -> Option<i64> {
        if self.stands_still() || self.held_back.paused {
            return None;
        }
        let state = self.journal.state();
        let durations = state.time.due.first().map(|(due, _)| *due);
        let moments = state.time.moments.first().map(|(moment, _)| elapsed_at(*moment));
        let deadline =
            state.scope.deadline.filter(|_| self.fate.ending.is_none()).map(|deadline| {
                if state.scope.is_limited() { state.elapsed_due(deadline) } else { elapsed_at(deadline) }
            });
        let kept = state.kept_due().map(|kept| state.elapsed_due(kept));
        durations.into_iter().chain(moments).chain(kept).chain(deadline).min()
    }

    /// Returns the recorded end of the next kept request, if it is over.
    fn kept_is_due(&self, now: i64) -> Option<i64> {
        let state = self.journal.state();
        state.kept_due().filter(|kept| state.elapsed_due(*kept) <= self.elapsed_now(now))
    }

    /// Returns whether the run's time is over, unless it is ending.
    pub(super) fn is_over(&self, now: i64) -> bool {
        let state = self.journal.state();
        let Some(deadline) = state.scope.deadline.filter(|_| self.fate.ending.is_none()) else { return false };
        if state.scope.is_limited() { state.elapsed_due(deadline) <= self.elapsed_now(now) } else { deadline <= now }
    }

    /// Expires a request, unless its answer has arrived meanwhile.
    pub(super) fn expire(&mut self, position: u64) {
        let id = match self.journal.state().calls.get(&position).map(|call| &call.what) {
            Some(What::Outside(outside)) if matches!(outside.command, Command::Request(_)) => outside.id.clone(),
            _ => None,
        };
        let Some(id) = id else { return };
        self.unwritten.outgoing.push(Sent { outgoing: Outgoing::Expire { id }, awaited_at: None });
    }

    /// Returns the call that is due first, if its time has come, and its recorded time.
    fn first_due(&self, now: i64) -> Option<(i64, u64)> {
        let state = self.journal.state();
        let elapsed = self.elapsed_now(now);
        let durations = state.time.due.first().filter(|(due, _)| *due <= elapsed);
        let durations = durations.map(|(due, position)| (state.recorded_due(*due), *position));
        let moments = state.time.moments.first().filter(|(moment, _)| *moment <= now).copied();
        durations.into_iter().chain(moments).min()
    }

    /// Returns whether the result of a step is waited for.
    pub(crate) fn is_in_flight(&self, position: u64) -> bool {
        self.journal.state().step(position).is_some()
    }

    /// Returns whether an attempt of a step is running or about to start.
    pub(crate) fn has_bodies(&self) -> bool {
        !self.journal.state().running.is_empty()
    }

    /// Returns whether everything that was appended is durable and has been acted upon.
    pub(crate) fn is_settled(&self) -> bool {
        // A run evicted during a comparison would never watch the compared run, nor receive its end.
        let attaching = self.attaching > 0;
        !attaching
            && !self.stands_still()
            && self.nothing_to_append()
            && self.waiting.is_empty()
            && self.unwritten.pending_effects.is_empty()
    }

    pub(super) fn entry(&mut self, kind: Kind, now: i64, fill: impl FnOnce(&mut EntryRow)) -> EntryRow {
        let mut entry = entry(self.next_seq(), kind, now);
        fill(&mut entry);
        entry
    }

    /// Appends an entry that the workflow observes, and delivers it: one turn.
    pub(super) fn deliver(&mut self, kind: Kind, now: i64, fill: impl FnOnce(&mut EntryRow)) {
        let entry = self.entry(kind, now, fill);
        self.deliver_entry(entry, None);
    }

    /// Appends and delivers an entry. If its value is in a field store, the body gets the value, and the pointer is
    /// recorded: in the entry for people to see, and in a row as every pointer is.
    pub(super) fn deliver_entry(&mut self, mut entry: EntryRow, stored: Option<Value>) {
        let delivered = Delivered::of(&entry).unwrap_or(Delivered::Nothing);
        debug_assert!(
            !matches!(delivered, Delivered::Call(..)) || self.journal.state().is_completed_by(&entry),
            "{entry:?} does not complete its call"
        );
        let (seq, at) = (entry.seq, entry.at);
        if let Some(pointer) = stored {
            let name = of_result(entry.name.as_deref().unwrap_or_default());
            self.unwritten.fields.push(FieldRow { seq, format: FORMAT, name, value: pointer.clone() });
            (entry.value, entry.context) = (Some(pointer), Some(1));
        }
        self.unwritten.entries.push(entry);
        self.unwritten.progressed = true;
        self.live_turn(seq, at, delivered);
    }

    /// Runs a turn for the first time: what the body does is recorded as one group. If the body cannot continue, the
    /// entry is kept without its group, and the run is parked.
    pub(super) fn live_turn(&mut self, cause: u64, at: i64, delivered: Delivered) {
        let begins_with = match self.first_state(cause) {
            Ok(first) => first,
            Err(reason) => return self.park_unfinished(reason, cause),
        };
        let elapsed = self.elapsed_now(at);
        let wake = {
            let mut state = self.journal.state();
            state.time.now = at.max(state.time.now);
            (state.time.at, state.time.elapsed) = (at, elapsed);
            state.turn = Some(Turn::first_time(cause, self.unwritten.tail, at));
            delivered.deliver(&mut state)
        };
        self.record_first_state(begins_with);
        let end = self.poll_body(wake);
        self.end_turn(cause, at, end);
    }

    /// Ends a turn whose body waits: its commands become the group, unless it waits for fields to be saved.
    pub(super) fn end_turn(&mut self, cause: u64, at: i64, end: Result<Option<BodyEnd>, ParkReason>) {
        if matches!(end, Ok(None)) && self.is_saving() {
            self.suspended = Some(OpenTurn { cause, at, replacing: false });
            return;
        }
        let (turn, fault) = {
            let mut state = self.journal.state();
            (state.turn.take(), state.fault.take())
        };
        let end = match (fault, end) {
            (Some(reason), _) | (None, Err(reason)) => return self.park_unfinished(reason, cause),
            (None, Ok(Some(BodyEnd::Unstorable(why)))) => {
                return self.park_unfinished(self.unstorable(&why), cause);
            }
            (None, Ok(end)) => end,
        };
        if end.is_none() && self.is_stuck() && self.journal.state().replaced.is_none() {
            return self.park_unfinished(self.foreign_await("waits for something"), cause);
        }
        let Some(Turn::Live(group)) = turn else { return };
        self.fate.unfinished = None;
        let started = self.write_group(group);
        let replaced = self.journal.state().replaced.take();
        if let Some(with) = replaced {
            return self.replace(with, cause, at);
        }
        match end {
            Some(_) if self.fate.ending.is_some() => self.finish_ending(cause),
            Some(BodyEnd::Completed(value)) => self.finish(Status::Completed, Kind::RunCompleted, cause, Some(value)),
            Some(BodyEnd::Failed(value)) => self.finish(Status::Failed, Kind::RunFailed, cause, Some(value)),
            _ => {
                for position in started {
                    self.first_attempt(position);
                }
                self.refuse_calls(at);
            }
        }
    }

    /// Queues what a body has done in a turn. Returns the command indexes of the steps that it has started.
    pub(super) fn write_group(&mut self, group: Group) -> Vec<u64> {
        self.unwritten.tail += group.entries.len() as u64;
        self.unwritten.entries.extend(group.entries);
        self.unwritten.fields.extend(group.fields);
        self.send_out(group.outgoing);
        self.unwritten
            .pending_effects
            .extend(group.abandoned.into_iter().map(|position| Effect::CancelAttempt { position }));
        group.started
    }

    fn park_unfinished(&mut self, reason: ParkReason, cause: u64) {
        self.park(ParkReason { unfinished: Some(cause), ..reason });
    }

    pub(super) fn finish(&mut self, status: Status, kind: Kind, cause: u64, value: Option<Value>) {
        let at = self.journal.state().time.at;
        let last = self.entry(kind, at, |entry| {
            entry.cause = Some(cause);
            entry.value = value;
        });
        self.unwritten.entries.push(last);
        self.drop_body();
        self.cancel_attempts();
        self.dequeue_all();
        self.fate.ended = Some(status);
        self.unwritten.pending_effects.push(Effect::Ended);
    }

    pub(super) fn cancel_attempts(&mut self) {
        let positions: Vec<u64> = self.journal.state().calls.keys().copied().collect();
        // Bodies that have not started will not.
        self.unwritten.pending_effects.retain(|effect| !matches!(effect, Effect::StartAttempt { .. }));
        self.transactions.forget();
        self.unwritten.pending_effects.extend(positions.into_iter().map(|position| Effect::CancelAttempt { position }));
    }

    pub(super) fn unstorable(&self, why: &str) -> ParkReason {
        if let Some(reason) = self.journal.missing_key(None) {
            return reason;
        }
        let run = self.journal.identity();
        let message = format!(
            "the result of workflow `{}` (run `{}`) cannot be stored: {why}. Return a value that can; the run then ends by itself",
            run.workflow, run.id
        );
        ParkReason::new(ParkCause::Unstorable, message)
    }
}
