//! A call whose place in the history is fixed and whose completion is awaited: a step, an inline step or a sleep.

use crate::journal::{Completion, Due, Journal, Operation, StepCallSpec};
use std::sync::Arc;
use std::task::{Context, Poll};

/// What happens at the first poll.
pub(crate) enum First {
    Step(Box<StepCallSpec>),
    Timer(Due),
    Operation(Box<Operation>),
}

/// A call from the draw of its position to its completion.
pub(crate) struct PendingCall {
    journal: Arc<dyn Journal>,
    position: u64,
    state: State,
}

enum State {
    Unpolled(First),
    Started,
    Done,
}

impl PendingCall {
    pub(crate) fn new(journal: &Arc<dyn Journal>, first: First) -> Self {
        Self::at(journal, journal.draw(), first)
    }

    /// A call at a position that was drawn for it.
    pub(super) fn at(journal: &Arc<dyn Journal>, position: u64, first: First) -> Self {
        Self { journal: journal.clone(), position, state: State::Unpolled(first) }
    }

    /// Polls for the completion. What does not decode parks the run, and the workflow does not go on.
    pub(crate) fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        decode: impl FnOnce(Completion) -> Result<T, String>,
    ) -> Poll<T> {
        assert!(!self.is_done(), "a call was polled after it had finished");
        self.start();
        let Poll::Ready(completion) = self.journal.poll(self.position, cx) else { return Poll::Pending };
        match decode(completion) {
            Ok(value) => {
                self.state = State::Done;
                Poll::Ready(value)
            }
            Err(why) => {
                self.journal.unreadable(self.position, why);
                Poll::Pending
            }
        }
    }
}

impl PendingCall {
    /// Until when an answer is waited for; before the first poll.
    pub(super) fn due(&mut self, moment: i64) {
        if let State::Unpolled(First::Operation(operation)) = &mut self.state {
            match &mut **operation {
                Operation::Receive { due, .. } | Operation::Request { due, .. } => *due = Some(moment),
                Operation::Send { .. } | Operation::Child(_) | Operation::Answer { .. } => {}
            }
        }
    }

    /// Records the call without waiting for its answer.
    pub(crate) fn start(&mut self) {
        if let State::Unpolled(_) = self.state
            && let State::Unpolled(first) = std::mem::replace(&mut self.state, State::Started)
        {
            match first {
                First::Step(call) => self.journal.start_step(self.position, *call),
                First::Timer(due) => self.journal.set_timer(self.position, due),
                First::Operation(operation) => self.journal.begin(self.position, *operation),
            }
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
