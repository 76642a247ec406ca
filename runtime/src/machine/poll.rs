//! Polls the body of a workflow until it waits, and only for what the engine owns.

use super::Machine;
use crate::journal::{BodyEnd, Journal};
use crate::panics;
use crate::record::{ParkCause, ParkReason};
use crate::scope::{self, Ambient, AmbientContext, Current, WorkflowScope};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// The number of polls in one turn above which the body is taken to spin.
const MOST_POLLS: u32 = 1_000_000;

impl Machine {
    /// Polls the body until it is pending without having woken itself, within its scope and free of tokio's budget.
    /// Returns its end, `None` while it waits, or the reason why it cannot continue.
    pub(super) fn poll_body(&mut self, wake: Option<Waker>) -> Result<Option<BodyEnd>, ParkReason> {
        let Some(future) = self.future.as_mut() else { return Ok(None) };
        let journal = self.journal.clone();
        let _ambient = scope::enter(Ambient {
            current: Current::Workflow(WorkflowScope {
                run: self.journal.identity().clone(),
                run_scope: self.journal.state().scope.clone(),
            }),
            context: AmbientContext::Workflow(journal.clone()),
            env: self.env.clone(),
        });
        let _polling = journal.polling();
        let _open = self.waker.open();
        if let Some(wake) = wake {
            wake.wake();
        }
        let waker = Waker::from(self.waker.clone());
        let mut future = tokio::task::unconstrained(future.as_mut());
        for _ in 0..MOST_POLLS {
            self.waker.take();
            let poll = || Pin::new(&mut future).poll(&mut Context::from_waker(&waker));
            match panics::caught(poll) {
                Ok(Poll::Ready(end)) => return Ok(Some(end)),
                Ok(Poll::Pending) if self.waker.take() && journal.state().fault.is_none() => {}
                Ok(Poll::Pending) => return Ok(None),
                Err(panic) => {
                    let run = journal.identity();
                    let message = format!(
                        "the body of workflow `{}` (run `{}`) panicked: {panic}. Fix the workflow; the run then resumes \
                         automatically",
                        run.workflow, run.id
                    );
                    return Err(ParkReason::new(ParkCause::Panicked, message));
                }
            }
        }
        Err(self.foreign_await("wakes itself without end, as if it waited for something"))
    }

    /// Returns whether the workflow waits although nothing that the engine owns could ever wake it.
    pub(super) fn is_stuck(&self) -> bool {
        let state = self.journal.state();
        state.running.is_empty() && state.time.due.is_empty() && state.time.moments.is_empty() && state.waits.is_empty()
    }

    pub(super) fn check_waits(&mut self, unfinished: Option<u64>) {
        if self.is_open() && !self.is_replacing() && self.is_stuck() {
            let reason = self.foreign_await("waits for something");
            self.park(ParkReason { unfinished, ..reason });
        }
    }

    pub(super) fn foreign_await(&self, how: &str) -> ParkReason {
        let run = self.journal.identity();
        let message = format!(
            "workflow `{}` (run `{}`) {how} that the engine does not own, so it could not be replayed. \
             Await only steps, `flow.sleep(..)` and combinations of them in a workflow; put everything else into a step, \
             or into `flow.run(\"name\", async move || ..)`",
            run.workflow, run.id
        );
        ParkReason::new(ParkCause::ForeignAwait, message)
    }
}
