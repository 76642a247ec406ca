//! A call whose place in the history is fixed and whose completion is awaited: a step, an inline step or a sleep.

use crate::journal::{Completion, Journal, StepCallSpec};
use std::sync::Arc;
use std::task::{Context, Poll};

/// What happens at the first poll.
pub(super) enum First {
    Step(Box<StepCallSpec>),
    Timer(i64),
}

/// A call from the draw of its position to its completion.
pub(super) struct PendingCall {
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
    pub(super) fn new(journal: &Arc<dyn Journal>, first: First) -> Self {
        let journal = journal.clone();
        Self { position: journal.draw(), journal, state: State::Unpolled(first) }
    }

    /// Polls for the completion. What does not decode parks the run, and the workflow does not go on.
    pub(super) fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        decode: impl FnOnce(Completion) -> Result<T, String>,
    ) -> Poll<T> {
        match std::mem::replace(&mut self.state, State::Started) {
            State::Unpolled(First::Step(call)) => self.journal.start_step(self.position, *call),
            State::Unpolled(First::Timer(due)) => self.journal.set_timer(self.position, due),
            State::Started => {}
            State::Done => panic!("a call was polled after it had finished"),
        }
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
