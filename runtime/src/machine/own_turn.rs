//! Calls of a workflow's handle count only while the engine polls the body, on the thread that does.
//!
//! A handle can be moved out of the body, into a static or another task. What is done with it there has no place in the
//! order of the body, so a replay could not repeat it.

use super::calls::RunJournal;
use super::state::State;
use crate::journal::Journal;
use crate::record::{ParkCause, ParkReason, RunIdentity};
use std::thread::{self, ThreadId};

/// The command index of a call that was made outside.
pub(super) const OUTSIDE: u64 = u64::MAX;

/// The thread that polls the body; `None` between polls.
#[derive(Default)]
pub(super) struct PolledBy(Option<ThreadId>);

/// A poll of the body, which ends when this is dropped.
pub(super) struct Polling<'a>(&'a RunJournal);

impl RunJournal {
    /// Begins a poll of the body on this thread.
    pub(super) fn polling(&self) -> Polling<'_> {
        self.state().polled_by = PolledBy(Some(thread::current().id()));
        Polling(self)
    }

    /// Returns why a call of the handle is refused here.
    pub(super) fn outside(&self) -> String {
        let RunIdentity { id, workflow, .. } = &**self.identity();
        format!(
            "the handle of workflow `{workflow}` (run `{id}`) was used outside of its own turn: by another task or thread, \
             or after the body had ended. A replay could not repeat that, so nothing was done. Keep the handle in the body \
             of the workflow, and await several calls there with `join!`"
        )
    }

    /// Returns whether a command was issued outside of a poll of the body, or the call was made there. Nobody receives an
    /// error of it, so the run is parked; but not for what the body does while it is dropped.
    pub(super) fn refuses(&self, position: u64, state: &mut State) -> bool {
        self.is_outside(state) || (position == OUTSIDE && self.keep_outside(state))
    }

    fn keep_outside(&self, state: &mut State) -> bool {
        state.fault.get_or_insert_with(|| ParkReason::new(ParkCause::OutsideTurn, self.outside()));
        true
    }

    /// Returns whether this is not within a poll of the body, as [`refuses`](Self::refuses) does.
    pub(super) fn is_outside(&self, state: &mut State) -> bool {
        let outside = state.is_outside();
        if outside && !state.dropping {
            self.keep_outside(state);
        }
        outside
    }
}

impl State {
    /// Returns whether this is not within a poll of the body.
    pub(super) fn is_outside(&self) -> bool {
        self.polled_by.0 != Some(thread::current().id())
    }
}

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        self.0.state().polled_by = PolledBy::default();
    }
}
