//! A call whose place in the history is fixed and whose completion is awaited: a step, an inline step or a sleep.

use crate::fields::Coder;
use crate::journal::{Asked, Completion, Journal};
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

/// A call from the draw of its position to its completion.
pub(crate) struct PendingCall {
    journal: Arc<dyn Journal>,
    position: u64,
    state: State,
}

enum State {
    Unpolled(Box<Asked>),
    Started,
    Done,
}

impl PendingCall {
    pub(crate) fn new(journal: &Arc<dyn Journal>, command: Asked) -> Self {
        Self::at(journal, journal.next_command_index(), command)
    }

    /// A call at a position that was drawn for it.
    pub(super) fn at(journal: &Arc<dyn Journal>, position: u64, command: Asked) -> Self {
        Self { journal: journal.clone(), position, state: State::Unpolled(Box::new(command)) }
    }

    /// Polls for the completion. What does not decode parks the run, and the workflow does not go on.
    pub(crate) fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        decode: impl FnOnce(Coder<'_>, Completion) -> Result<T, String>,
    ) -> Poll<T> {
        let Poll::Ready(completion) = self.poll_any(cx) else { return Poll::Pending };
        match decode(self.journal.coder(), completion) {
            Ok(value) => self.ready(value),
            Err(why) => {
                self.unreadable(&why);
                Poll::Pending
            }
        }
    }

    /// [`poll`](Self::poll) in two parts: what came is to be decoded, and then to be [`ready`](Self::ready) or
    /// [`unreadable`](Self::unreadable).
    pub(super) fn poll_any(&mut self, cx: &mut Context<'_>) -> Poll<Completion> {
        assert!(!self.is_done(), "a call was polled after it had finished");
        self.start();
        self.journal.poll(self.position, cx)
    }

    /// It has finished, with what came.
    pub(super) fn ready<T>(&mut self, value: T) -> Poll<T> {
        self.state = State::Done;
        Poll::Ready(value)
    }

    /// What came does not decode: the run is parked.
    pub(super) fn unreadable(&self, why: &dyn fmt::Display) {
        self.journal.unreadable(self.position, why.to_string());
    }
}

impl PendingCall {
    /// Until when an answer is waited for; before the first poll.
    pub(super) fn due(&mut self, moment: i64) {
        if let State::Unpolled(command) = &mut self.state {
            command.set_due(moment);
        }
    }

    /// Records the call without waiting for its answer.
    pub(crate) fn start(&mut self) {
        if let State::Unpolled(_) = self.state
            && let State::Unpolled(command) = std::mem::replace(&mut self.state, State::Started)
        {
            self.journal.ask(self.position, *command);
        }
    }

    pub(crate) const fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn journal(&self) -> &Arc<dyn Journal> {
        &self.journal
    }

    /// Whether the completion was given out.
    pub(super) fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }
}

impl Drop for PendingCall {
    fn drop(&mut self) {
        if matches!(self.state, State::Started) {
            self.journal.abandon(self.position);
        }
    }
}
