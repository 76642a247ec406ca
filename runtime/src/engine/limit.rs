//! The time limit of one attempt, counted from the first poll of the body to its end, as the body's own task sees it.

use super::timers::{Limit, Timers};
use futures_util::task::AtomicWaker;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// A body that waits and is not being polled.
const PENDING: u64 = 0;
/// A body that is being polled.
const POLLED: u64 = 1;
/// A body that has ended, or that its own task has dropped.
const ENDED: u64 = 2;
/// A body whose time was over in the middle of a poll that does not end.
const LATE: u64 = 3;
const PHASES: u64 = 0b11;
/// The increment for one more poll, above the phase.
const ONE_POLL: u64 = 0b100;

/// The time that one poll may still take after the limit. A body that waits is polled again instead: it may have ended
/// while its task was not given a thread.
const LAST_POLL: Duration = Duration::from_millis(20);
/// The delay after which a body woken for its last poll is checked again, since that may block its thread.
const WOKEN: Duration = Duration::from_millis(250);

/// The state that a body's task shares with the timer thread.
pub(super) struct OfBody {
    /// One of the phases, and the number of polls.
    state: AtomicU64,
    /// The state when the time was found to be over, plus one; 0 before.
    over: AtomicU64,
    task: AtomicWaker,
    /// Ends the attempt of a body that blocks its thread.
    late: Box<dyn Fn() + Send + Sync>,
}

impl Limit for OfBody {
    fn look(&self) -> Option<Duration> {
        let state = self.state.load(Ordering::SeqCst);
        let before = self.over.swap(state + 1, Ordering::SeqCst);
        match state & PHASES {
            PENDING => {
                self.task.wake();
                return Some(WOKEN);
            }
            // The same poll as at the last check.
            POLLED if before == state + 1 => {
                let late = (state & !PHASES) | LATE;
                if self.state.compare_exchange(state, late, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
                    (self.late)();
                    return None;
                }
            }
            POLLED => {}
            _ => return None,
        }
        Some(LAST_POLL)
    }
}

/// A body with a time limit; resolves to `None` once the time is over.
pub(super) struct Limited<F> {
    /// Dropped within a poll, where a panic ends this attempt only.
    body: Option<Pin<Box<F>>>,
    timers: Arc<Timers>,
    within: Duration,
    limit: Arc<OfBody>,
    /// The key of the limit among the timers, once it has begun.
    armed: Option<(Instant, u64)>,
    begun: bool,
    /// Ready once the runtime has polled timers and sockets, since the event that the body waits for may have arrived
    /// in time.
    caught_up: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl<F: Future> Limited<F> {
    /// Creates a limit. `late` ends the attempt of a body that blocks its thread when its time is over; called on
    /// another thread.
    pub(super) fn new(timers: Arc<Timers>, within: Duration, late: impl Fn() + Send + Sync + 'static, body: F) -> Self {
        let (state, over, task) = (AtomicU64::new(PENDING), AtomicU64::new(0), AtomicWaker::new());
        let limit = Arc::new(OfBody { state, over, task, late: Box::new(late) });
        Self { body: Some(Box::pin(body)), timers, within, limit, armed: None, begun: false, caught_up: None }
    }

    fn begin(&mut self) {
        self.begun = true;
        // A limit that the clock cannot represent is no limit.
        if let Some(due) = Instant::now().checked_add(self.within) {
            self.armed = Some((due, self.timers.limit(due, self.as_limit())));
        }
    }

    fn as_limit(&self) -> Weak<dyn Limit> {
        let limit: Arc<dyn Limit> = self.limit.clone();
        Arc::downgrade(&limit)
    }

    fn is_caught_up(&mut self, cx: &mut Context<'_>) -> bool {
        let caught_up = self.caught_up.get_or_insert_with(|| Box::pin(tokio::task::yield_now()));
        caught_up.as_mut().poll(cx).is_ready()
    }
}

impl<F: Future> Future for Limited<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if !this.begun {
            this.begin();
        }
        let limit = this.limit.clone();
        limit.task.register(cx.waker());
        let Some(body) = this.body.as_mut() else { return Poll::Ready(None) };
        let polled = ((limit.state.load(Ordering::SeqCst) & !PHASES) + ONE_POLL) | POLLED;
        limit.state.store(polled, Ordering::SeqCst);
        // The body first: if it has ended it has kept its limit, however late its task sees that.
        let outcome = body.as_mut().poll(cx);
        // If the time is found to be over from here on, a wake follows.
        let gives_up = outcome.is_pending() && limit.over.load(Ordering::SeqCst) != 0 && this.is_caught_up(cx);
        let phase = if outcome.is_ready() || gives_up { ENDED } else { PENDING };
        let next = (polled & !PHASES) | phase;
        // Fails only if the timer thread has ended the attempt as late meanwhile.
        let kept = limit.state.compare_exchange(polled, next, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        if kept && phase == PENDING {
            return Poll::Pending;
        }
        this.body = None;
        Poll::Ready(if let (true, Poll::Ready(outcome)) = (kept, outcome) { Some(outcome) } else { None })
    }
}

impl<F> Drop for Limited<F> {
    fn drop(&mut self) {
        if let Some(armed) = self.armed.take() {
            self.timers.unlimit(armed);
        }
    }
}
