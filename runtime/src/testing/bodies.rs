//! The bodies that are running in a scenario. They run as real futures; the order in which their ends are delivered is
//! decided by the seed.

use super::fault::Dice;
use crate::error::AttemptCause;
use crate::journal::AttemptOutcome;
use crate::machine::panic_text;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, poll_fn};
use std::panic::AssertUnwindSafe;
use std::task::Poll;
use std::time::Duration;

/// How long bodies get before a sleep that races with them is over.
const HEAD_START: Duration = Duration::from_millis(20);
/// How long to wait for a body when nothing else can happen.
const LONGEST: Duration = Duration::from_secs(30);

/// The bodies that are running.
#[derive(Default)]
pub(super) struct Bodies {
    running: Vec<Body>,
    ended: Vec<(u64, u32, AttemptOutcome)>,
}

struct Body {
    position: u64,
    attempt: u32,
    future: BoxFuture<'static, AttemptOutcome>,
}

impl Bodies {
    pub(super) fn start(&mut self, position: u64, attempt: u32, body: BoxFuture<'static, AttemptOutcome>) {
        let future = AssertUnwindSafe(body).catch_unwind().map(|outcome| {
            outcome.unwrap_or_else(|panic| AttemptOutcome::Failed {
                cause: AttemptCause::Panicked,
                error: None,
                message: panic_text(&*panic).to_owned(),
                terminal: false,
            })
        });
        self.running.push(Body { position, attempt, future: Box::pin(future) });
    }

    /// Nobody waits for this call any longer.
    pub(super) fn tell(&mut self, position: u64) {
        self.running.retain(|body| body.position != position);
        self.ended.retain(|(ended, ..)| *ended != position);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty() && self.ended.is_empty()
    }

    /// Runs what is running until all have ended, or, if something else could happen meanwhile, for a short while.
    pub(super) async fn run(&mut self, alone: bool) {
        // Where nothing else can happen, the first end is waited for, and then a little for the others.
        if alone && self.ended.is_empty() {
            // What has not ended by then does not end.
            let _ = tokio::time::timeout(LONGEST, self.poll_all(1)).await;
        }
        let all = self.running.len() + self.ended.len();
        let _ = tokio::time::timeout(HEAD_START, self.poll_all(all)).await;
    }

    /// Polls everything until so many have ended.
    async fn poll_all(&mut self, wanted: usize) {
        let all = poll_fn(|cx| {
            let mut still = Vec::new();
            for mut body in std::mem::take(&mut self.running) {
                match body.future.as_mut().poll(cx) {
                    Poll::Ready(outcome) => self.ended.push((body.position, body.attempt, outcome)),
                    Poll::Pending => still.push(body),
                }
            }
            self.running = still;
            if self.ended.len() >= wanted { Poll::Ready(()) } else { Poll::Pending }
        });
        all.await;
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
