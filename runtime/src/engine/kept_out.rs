//! Exclusive access to a run that is not active.

use super::core::{Core, Mailbox, Outcome};
use std::sync::Arc;

/// A reservation of a run's place among the active runs, so that no driver starts. Dropping it loads the run if it is
/// due or an event arrived meanwhile: a load that found the place taken is not repeated.
pub(super) struct KeptOut {
    core: Arc<Core>,
    run: i64,
    mail: Mailbox,
    wake_at: Option<i64>,
    outcome: Outcome,
}

impl KeptOut {
    /// The due time of a run whose row has not been read: it is loaded on drop.
    pub(super) const UNKNOWN: Option<i64> = Some(0);

    /// Reserves the place of a run; `None` if it is active. `wake_at` is when it is due, in milliseconds since 1970.
    pub(super) fn take(core: &Arc<Core>, run: i64, wake_at: Option<i64>) -> Option<Self> {
        core.enter(run).map(|mail| Self::of(core, run, mail, wake_at))
    }

    /// Takes over a place that is already reserved.
    pub(super) fn of(core: &Arc<Core>, run: i64, mail: Mailbox, wake_at: Option<i64>) -> Self {
        Self { core: core.clone(), run, mail, wake_at, outcome: Outcome::Evicted }
    }

    /// Sets when the run is due, as read from its row.
    pub(super) const fn is_due_at(&mut self, wake_at: Option<i64>) {
        self.wake_at = wake_at;
    }

    /// Releases the place of a run that has ended, and notifies those who wait for its result.
    pub(super) fn ended(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for KeptOut {
    fn drop(&mut self) {
        self.core.leave(self.run, &self.outcome);
        // After `leave`: no event can arrive in this mailbox any more.
        match self.wake_at {
            _ if matches!(self.outcome, Outcome::Ended(..)) => {}
            Some(due) if due > self.core.now() && self.mail.receiver.is_empty() => self.core.wake_evicted(due),
            None if self.mail.receiver.is_empty() => {}
            _ => drop(self.core.load(self.run)),
        }
    }
}
