//! Pauses a run.

use super::Machine;
use super::effect::Effect;
use crate::record::Kind;
use crate::store::{EntryRow, InboxRow};
use crate::value::Value;

/// The pause of a run, and the actions that are buffered until it is resumed.
#[derive(Default)]
pub(super) struct HeldBack {
    pub(super) paused: bool,
    /// The remaining time limit of the run in milliseconds: paused time does not count.
    pub(super) left: Option<i64>,
    /// Inbox items.
    pub(super) items: Vec<InboxRow>,
    /// Steps whose attempt is recorded and whose body has not started.
    pub(super) starts: Vec<u64>,
    /// Steps whose body was cancelled: they start another attempt.
    pub(super) attempts: Vec<u64>,
}

impl HeldBack {
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Machine {
    /// Replays a pause or a resume.
    pub(super) fn replay_pause(&mut self, entry: &EntryRow) {
        if entry.kind == Kind::RunPaused {
            self.held_back.paused = true;
            if is_abandoning(entry.value.as_ref()) {
                self.journal.state().tasks.clear();
            }
            let left = entry.due.map(|limit| limit.saturating_sub(entry.at));
            self.held_back.left = left.or(self.held_back.left);
        } else {
            self.held_back.clear();
            self.set_limit(entry.due);
        }
    }

    /// Returns whether the run is paused.
    pub(crate) const fn is_paused(&self) -> bool {
        self.held_back.paused
    }

    /// Returns whether the run has ended or is parked, ends early, or is paused.
    pub(crate) const fn stops(&self) -> bool {
        !self.is_open() || self.fate.ending.is_some() || self.held_back.paused
    }

    /// Pauses the run: nothing new starts. Bodies in flight run to their end or are cancelled.
    pub(super) fn pause(&mut self, how: Option<Value>, now: i64) {
        let abandon = is_abandoning(how.as_ref());
        // A draining pause may be followed by an abandoning one.
        if self.fate.ending.is_some() || (self.held_back.paused && !abandon) {
            return;
        }
        let limit = self.limit().filter(|_| !self.held_back.paused);
        let entry = self.entry(Kind::RunPaused, now, |entry| (entry.value, entry.due) = (how, limit));
        self.unwritten.entries.push(entry);
        self.held_back.paused = true;
        if let Some(limit) = limit {
            self.held_back.left = Some(self.journal.state().elapsed_due(limit).saturating_sub(self.elapsed_now(now)));
        }
        // Bodies that wait for this append have not started.
        let attempts = self.unwritten.pending_effects.iter().filter_map(Effect::starts);
        let unstarted: Vec<u64> = attempts.chain(self.transactions.waiting()).collect();
        self.transactions.forget();
        self.unwritten.pending_effects.retain(|effect| effect.starts().is_none());
        if abandon {
            let running: Vec<u64> = self.journal.state().running.iter().copied().collect();
            let waiting: Vec<u64> = self.held_back.starts.iter().chain(&self.held_back.attempts).copied().collect();
            let begun = |position: &u64| !unstarted.contains(position) && !waiting.contains(position);
            let running = running.into_iter().filter(begun);
            for position in running {
                self.dequeue(position);
                self.unwritten.pending_effects.push(Effect::CancelAttempt { position });
                self.held_back.attempts.push(position);
            }
        }
        self.held_back.starts.extend(unstarted);
        self.withhold_tasks();
    }

    /// Resumes the run and performs the buffered actions.
    pub(super) fn resume(&mut self, now: i64) {
        if !self.held_back.paused {
            return;
        }
        let held_back = std::mem::take(&mut self.held_back);
        let limit = held_back.left.map(|left| {
            let over = self.elapsed_now(now).saturating_add(left);
            self.journal.state().recorded_due(over)
        });
        let entry = self.entry(Kind::RunResumed, now, |entry| entry.due = limit);
        self.unwritten.entries.push(entry);
        self.set_limit(limit);
        self.repeat_tasks();
        for position in held_back.starts {
            self.start_body(position);
        }
        for position in held_back.attempts {
            self.start_attempt(position, now);
        }
        for item in held_back.items {
            self.take_in(item, now);
        }
        self.refuse_calls(now);
        self.due(now);
    }
}

/// Returns whether a pause cancels the bodies in flight.
fn is_abandoning(how: Option<&Value>) -> bool {
    how.is_some_and(|how| *how == Value::text("abandon"))
}
