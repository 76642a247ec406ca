//! The bodies that are running in a scenario. They run as real futures; the order in which their ends are delivered is
//! decided by the seed.

use super::fault::Dice;
use crate::journal::Attempt;
use crate::panics::caught_future;
use crate::record::{AttemptOutcome, StepWrite};
use crate::run_env::RunEnv;
use crate::shared_state::{SharedState, StateEvent};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, poll_fn};
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// How long bodies get before a sleep that races with them is over.
const HEAD_START: Duration = Duration::from_millis(20);

/// What a body has done before its end.
pub(super) enum StepEvent {
    /// It has written an output; the sender learns that it was taken.
    Wrote(StepWrite, oneshot::Sender<()>),
    /// It has done something with the shared state.
    State(StateEvent),
}

/// The bodies of a run that are running.
pub(super) struct RunningAttempts {
    running: Vec<Body>,
    ended: Vec<(u64, u32, AttemptOutcome)>,
    event: mpsc::UnboundedReceiver<StepEvent>,
    pending: VecDeque<StepEvent>,
    state: Arc<SharedState>,
    order: u64,
}

struct Body {
    position: u64,
    attempt: u32,
    future: BoxFuture<'static, AttemptOutcome>,
}

impl RunningAttempts {
    /// Those of a run that has just been loaded.
    /// In other orders than the first they take turns in going first.
    pub(super) fn of(env: &RunEnv, order: u64) -> Self {
        let (sender, event) = mpsc::unbounded_channel();
        let edits = sender.clone();
        env.outputs.open(move |write, taken| {
            // The run may have left: then the step is told to stop.
            let _ = sender.send(StepEvent::Wrote(write, taken));
        });
        env.state.set_observer(move |state| {
            // As above.
            let _ = edits.send(StepEvent::State(state));
        });
        Self {
            running: Vec::new(),
            ended: Vec::new(),
            event,
            pending: VecDeque::new(),
            state: env.state.clone(),
            order,
        }
    }

    pub(super) fn start(&mut self, position: u64, attempt: u32, body: Attempt) {
        let future = caught_future(body).map(|outcome| outcome.unwrap_or_else(AttemptOutcome::panicked));
        self.running.push(Body { position, attempt, future: Box::pin(future) });
    }

    /// Nobody waits for this call any longer.
    pub(super) fn cancel(&mut self, position: u64) {
        self.running.retain(|body| body.position != position);
        self.ended.retain(|(ended, ..)| *ended != position);
    }

    /// How many are running.
    pub(super) fn running(&self) -> usize {
        self.running.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty() && self.ended.is_empty() && self.pending.is_empty()
    }

    /// Whether one has ended or written something that was not yet taken.
    pub(super) fn has_events(&self) -> bool {
        !self.ended.is_empty() || !self.pending.is_empty()
    }

    /// Runs what is running until all have ended, or one has written something; but for a short while only.
    pub(super) async fn run(&mut self) {
        let _ = tokio::time::timeout(HEAD_START, self.poll_all()).await;
    }

    /// Runs what is running for a short while; what is written is lost.
    pub(super) async fn run_in_vain(&mut self) {
        while !self.running.is_empty() {
            self.run().await;
            if self.pending.is_empty() || self.state.waiting() >= self.running.len() {
                return;
            }
            for event in self.pending.drain(..) {
                if let StepEvent::Wrote(_, taken) = event {
                    // It may have been dropped meanwhile.
                    let _ = taken.send(());
                }
            }
        }
    }

    async fn poll_all(&mut self) {
        if self.running.len() > 1 {
            let turn = usize::try_from(self.order % self.running.len() as u64).unwrap_or(0);
            self.running.rotate_left(turn);
        }
        let all = poll_fn(|cx| {
            let mut still = Vec::new();
            for mut body in std::mem::take(&mut self.running) {
                match body.future.as_mut().poll(cx) {
                    Poll::Ready(outcome) => self.ended.push((body.position, body.attempt, outcome)),
                    Poll::Pending => still.push(body),
                }
            }
            self.running = still;
            // Tokio would hold back what is there from a task that has been busy for long: what a body has done comes
            // before its end.
            while let Ok(event) = self.event.try_recv() {
                self.pending.push_back(event);
            }
            if self.pending.is_empty()
                && let Poll::Ready(Some(event)) = self.event.poll_recv(cx)
            {
                self.pending.push_back(event);
            }
            if self.running.is_empty() || !self.pending.is_empty() { Poll::Ready(()) } else { Poll::Pending }
        });
        all.await;
    }

    /// What was done first and is not yet taken.
    pub(super) fn next_event(&mut self) -> Option<StepEvent> {
        self.pending.pop_front()
    }

    /// The end that is delivered next; the order of positions makes the choice independent of timing.
    pub(super) fn next(&mut self, dice: &mut Dice) -> Option<(u64, u32, AttemptOutcome)> {
        if self.ended.is_empty() {
            return None;
        }
        self.ended.sort_by_key(|(position, attempt, _)| (*position, *attempt));
        let chosen = dice.below(self.ended.len());
        Some(self.ended.remove(chosen))
    }
}
