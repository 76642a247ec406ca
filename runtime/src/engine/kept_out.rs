//! A run that is kept out of memory while something is done to it that its driver must not meet.

use super::core::{Core, Mailbox, Outcome};
use std::sync::Arc;

/// The place of a run in memory, so that nobody drives it. When this goes, the run is looked at if it is due or something was
/// said to it meanwhile: those who wanted to load it have found it in memory, and do not come again.
pub(super) struct KeptOut {
    core: Arc<Core>,
    run: i64,
    mail: Mailbox,
    wake_at: Option<i64>,
    outcome: Outcome,
}

impl KeptOut {
    /// When a run is due of which nothing is known: it is looked at.
    pub(super) const UNKNOWN: Option<i64> = Some(0);

    /// Keeps out a run that is due at a moment, if ever; `None` if it is in memory.
    pub(super) fn take(core: &Arc<Core>, run: i64, wake_at: Option<i64>) -> Option<Self> {
        core.enter(run).map(|mail| Self::of(core, run, mail, wake_at))
    }

    /// The same for a run whose place was taken.
    pub(super) fn of(core: &Arc<Core>, run: i64, mail: Mailbox, wake_at: Option<i64>) -> Self {
        Self { core: core.clone(), run, mail, wake_at, outcome: Outcome::Left }
    }

    /// When the run is due, as its row says.
    pub(super) const fn is_due_at(&mut self, wake_at: Option<i64>) {
        self.wake_at = wake_at;
    }

    /// The run has come to an end meanwhile: those who wait for it hear that.
    pub(super) fn ended(mut self, outcome: Outcome) {
        (self.outcome, self.wake_at) = (outcome, None);
    }
}

impl Drop for KeptOut {
    fn drop(&mut self) {
        self.core.leave(self.run, &self.outcome);
        // Only now: nothing more is said to it here.
        match self.wake_at {
            _ if matches!(self.outcome, Outcome::Ended(..)) => {}
            Some(due) if due > self.core.now() && self.mail.receiver.is_empty() => self.core.wake_evicted(due),
            None if self.mail.receiver.is_empty() => {}
            _ => drop(self.core.load(self.run)),
        }
    }
}
