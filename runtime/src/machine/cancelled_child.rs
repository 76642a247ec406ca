//! The cancellation of one child by the body.
//!
//! The id of a child that was chosen by the user may belong to another run, which must not be cancelled. So the request
//! waits until the store has answered that the child exists.

use super::calls::RunJournal;
use super::commands::History;
use super::outgoing::Sent;
use super::state::{Outside, What};
use super::turn::Turn;
use crate::command::{CancelChild, Command, StartChild, cancellation};
use crate::store::Outgoing;

/// The cancellation of a child.
pub(super) struct CancelledChild {
    reason: String,
    /// Whether the request was sent since the run was loaded.
    sent: bool,
}

impl RunJournal {
    /// Issues the cancellation of the child that the call at `child` has started.
    pub(super) fn cancel_of(&self, position: u64, child: u64, id: &str, reason: String) {
        let command = Command::<(), ()>::CancelChild(CancelChild { id, reason: reason.as_str().into() });
        let (mut guard, live) = match self.history(position, &command) {
            History::Diverged => return,
            History::New(guard) => (guard, true),
            History::Recorded(_, guard) => (guard, false),
        };
        let state = &mut *guard;
        let now = state.time.now;
        let mut turn = state.turn.as_mut().and_then(Turn::live).filter(|_| live);
        if let Some(turn) = &mut turn {
            turn.command(&command, &mut self.at(position, now, None), None);
        }
        let Some(call) = state.calls.get_mut(&child).filter(|call| call.completion.is_none()) else { return };
        let What::Outside(outside) = &mut call.what else { return };
        if outside.cancelled.is_some() {
            return;
        }
        outside.cancelled = Some(CancelledChild { reason, sent: false });
        if let Some(turn) = turn {
            turn.outgoing.extend(outside.cancellation(now));
        }
    }
}

impl Outside {
    /// Returns the request to cancel the child, if the body has made it and the child is known to exist.
    pub(super) fn cancellation(&mut self, now: i64) -> Option<Sent> {
        let Command::StartChild(StartChild { id: chosen, .. }) = &self.command else { return None };
        // A derived id belongs to no other run.
        let exists = self.exists || chosen.is_none();
        let cancelled = self.cancelled.as_mut().filter(|cancelled| exists && !cancelled.sent)?;
        let outgoing = Outgoing::Deliver { to: self.id.clone()?, item: cancellation(0, &cancelled.reason, now) };
        cancelled.sent = true;
        Some(Sent { outgoing, awaited_at: None })
    }
}
