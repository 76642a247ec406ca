//! Restarts what was in flight at the end of the history.

use super::{Effect, Machine};
use std::collections::HashSet;

impl Machine {
    /// Restarts what was in flight.
    pub(super) fn restart(&mut self, now: i64) {
        self.anchor(now);
        if self.is_open() {
            self.say_again();
            self.restart_bodies(now);
            self.check_waits(None);
            // Before any body starts that this would cancel.
            if self.is_over(now) {
                self.due(now);
            }
        }
    }

    /// Restarts the steps that were in flight when the history ended, in the order of their command indexes.
    fn restart_bodies(&mut self, now: i64) {
        // If the last turn was live, it has started its bodies already.
        let attempts = self.unwritten.pending_effects.iter().filter_map(Effect::starts);
        let started: HashSet<u64> = attempts.chain(self.transactions.waiting()).collect();
        if !self.held_back.paused {
            self.repeat_tasks();
        }
        let in_flight: Vec<u64> = self.journal.state().running.iter().copied().collect();
        for position in in_flight.into_iter().filter(|position| !started.contains(position)) {
            if !self.is_open() {
                return;
            }
            if self.is_task(position) {
                if self.is_remote(position) {
                    continue;
                }
                // Changed code runs it here.
                self.dequeue(position);
            }
            if self.held_back.paused {
                // An attempt that was recorded during the pause has not begun.
                if !self.held_back.starts.contains(&position) {
                    self.held_back.attempts.push(position);
                }
                continue;
            }
            let refused = self.journal.state().step(position).is_some_and(|step| step.attempt == 0);
            if refused {
                self.journal.state().refused.insert(position);
            } else {
                self.start_attempt(position, now);
            }
        }
        self.refuse_calls(now);
    }
}
