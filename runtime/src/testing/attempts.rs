//! The running bodies of a scenario. They run as real futures; the seed decides the order in which their ends are
//! delivered.

use super::fault::Dice;
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

/// The time that bodies get before a sleep that races with them is over.
const HEAD_START: Duration = Duration::from_millis(20);

/// An event of a body before its end.
pub(super) enum StepEvent {
    /// The write of an output; the sender is notified when it is taken.
    Wrote(StepWrite, oneshot::Sender<()>),
    /// An event of the shared state.
    State(StateEvent),
}

/// The running bodies of a run.
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
    /// Creates the set for a run that was just loaded. In orders other than the first, the bodies take turns in going
    /// first.
    pub(super) fn of(env: &RunEnv, order: u64) -> Self {
        let (sender, event) = mpsc::unbounded_channel();
        let edits = sender.clone();
        env.outputs.open(move |write, taken| {
            // The run may be evicted: then the step is cancelled.
            let _ = sender.send(StepEvent::Wrote(write, taken));
        });
        env.state.set_observer(move |state| {
            // Likewise.
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

    pub(super) fn start(
        &mut self,
        position: u64,
        attempt: u32,
        body: impl Future<Output = AttemptOutcome> + Send + 'static,
    ) {
        let future = caught_future(Box::pin(body)).map(|outcome| outcome.unwrap_or_else(AttemptOutcome::panicked));
        self.running.push(Body { position, attempt, future: Box::pin(future) });
    }

    /// Drops a call that is no longer waited for.
    pub(super) fn cancel(&mut self, position: u64) {
        self.running.retain(|body| body.position != position);
        self.ended.retain(|(ended, ..)| *ended != position);
    }

    /// Returns the number of running bodies.
    pub(super) fn running(&self) -> usize {
        self.running.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty() && self.ended.is_empty() && self.pending.is_empty()
    }

    /// Returns whether a body has ended or has an event that was not yet taken.
    pub(super) fn has_events(&self) -> bool {
        !self.ended.is_empty() || !self.pending.is_empty()
    }

    /// Polls the bodies until all have ended or one has an event, but only for a short while.
    pub(super) async fn run(&mut self) {
        let _ = tokio::time::timeout(HEAD_START, self.poll_all()).await;
    }

    /// Polls the bodies for a short while; their events are lost.
    pub(super) async fn run_in_vain(&mut self) {
        while !self.running.is_empty() {
            self.run().await;
            if self.pending.is_empty() || self.state.waiting() >= self.running.len() {
                return;
            }
            for event in self.pending.drain(..) {
                if let StepEvent::Wrote(_, taken) = event {
                    // The receiver may have been dropped meanwhile.
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
            // Tokio's budget may hold events back from a task that has been busy for long; a body's events must come
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

    /// Takes the oldest event.
    pub(super) fn next_event(&mut self) -> Option<StepEvent> {
        self.pending.pop_front()
    }

    /// Takes the next end to deliver; sorting by command index makes the choice independent of timing.
    pub(super) fn next(&mut self, dice: &mut Dice) -> Option<(u64, u32, AttemptOutcome)> {
        if self.ended.is_empty() {
            return None;
        }
        self.ended.sort_by_key(|(position, attempt, _)| (*position, *attempt));
        let chosen = dice.below(self.ended.len());
        Some(self.ended.remove(chosen))
    }
}
