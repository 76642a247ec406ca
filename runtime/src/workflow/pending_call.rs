//! A call with a fixed command index that waits for its completion: a step, an inline step, a sleep.

use crate::command::Command;
use crate::fields::Coder;
use crate::journal::{Asked, Completion, Journal, Queued};
use crate::policy::Policy;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

/// A call, from its command index to its completion.
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

    /// Creates a call at a command index that was drawn for it.
    pub(super) fn at(journal: &Arc<dyn Journal>, position: u64, command: Asked) -> Self {
        Self { journal: journal.clone(), position, state: State::Unpolled(Box::new(command)) }
    }

    /// Polls for the completion. One that does not decode parks the run, and the workflow stays pending.
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

    /// Polls for the completion without decoding it: the first half of [`poll`](Self::poll). The caller decodes it, and
    /// then calls [`ready`](Self::ready) or [`unreadable`](Self::unreadable).
    pub(super) fn poll_any(&mut self, cx: &mut Context<'_>) -> Poll<Completion> {
        assert!(!self.is_done(), "a call was polled after it had finished");
        self.start();
        self.journal.poll(self.position, cx)
    }

    /// Finishes the call with a value.
    pub(super) fn ready<T>(&mut self, value: T) -> Poll<T> {
        self.state = State::Done;
        Poll::Ready(value)
    }

    /// Parks the run because the completion does not decode.
    pub(super) fn unreadable(&self, why: &dyn fmt::Display) {
        self.journal.unreadable(self.position, why.to_string());
    }
}

impl PendingCall {
    /// Sets the time until which the call waits for an answer; only before the first poll.
    pub(super) fn due(&mut self, moment: i64) {
        if let State::Unpolled(command) = &mut self.state {
            command.set_due(moment);
        }
    }

    /// Changes the policy of a step; only before the first poll.
    pub(super) fn change_policy(&mut self, change: impl FnOnce(&mut Policy)) {
        if let State::Unpolled(command) = &mut self.state
            && let Command::RunStep(step) = &mut **command
        {
            change(&mut step.run.policy);
        }
    }

    /// Changes the place of a remote step in its queue; only before the first poll.
    pub(super) fn change_queued(&mut self, change: impl FnOnce(&mut Queued)) {
        if let State::Unpolled(command) = &mut self.state
            && let Command::RunStep(step) = &mut **command
            && let Some(queued) = &mut step.run.queued
        {
            change(queued);
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

    /// Returns whether the call has returned its completion.
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
