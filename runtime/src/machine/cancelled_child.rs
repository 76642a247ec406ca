//! The cancellation of one child by the body.
//!
//! The id of a child that was chosen by the user may belong to another run, which must not be cancelled: the store
//! delivers the request only to a run whose end this call waits for. Where it is not known yet whether the child is a run
//! that exists already, the request is repeated once it is.

use super::calls::RunJournal;
use super::commands::History;
use super::outgoing::Sent;
use super::state::{Outside, What};
use super::turn::Turn;
use crate::command::{CancelChild, Command};
use crate::store::{NewInboxItem, Outgoing};

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
        outside.cancelled = Some(reason);
        if let Some(turn) = turn {
            turn.outgoing.extend(outside.cancellation(child, now));
        }
    }
}

impl Outside {
    /// Returns the request to cancel the child that the call at `position` has started, if the body has made it. It
    /// arrives once, however often it is sent.
    pub(super) fn cancellation(&self, position: u64, now: i64) -> Option<Sent> {
        let (reason, to) = (self.cancelled.as_ref()?, self.id.clone()?);
        let outgoing = Outgoing::DeliverToWatched { to, position, item: NewInboxItem::cancellation(0, reason, now) };
        Some(Sent { outgoing, awaited_at: None })
    }
}
