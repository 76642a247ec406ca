//! The word to a step body that it should stop.

use futures_util::task::AtomicWaker;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use tokio::sync::Notify;

/// Tells the body of a step that its run was cancelled, its call dropped, its time is up, or its run has left the engine.
///
/// When its run was cancelled or its call dropped, a body goes on for the engine's grace time at most and is then dropped
/// at its next `await`. When its time is up, or its run has left, it is dropped at its next `await` without grace, so that
/// two attempts do not overlap longer than they must. A body that blocks its thread cannot be dropped: it should look.
#[derive(Clone, Debug, Default)]
pub struct Cancellation(Arc<Word>);

/// What a body is told, and its engine about it.
#[derive(Debug, Default)]
struct Word {
    told: AtomicBool,
    waiting: Notify,
    /// The body is to be dropped.
    dropped: AtomicBool,
    body: AtomicWaker,
}

impl Cancellation {
    /// Whether the body was told to stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.told.load(Ordering::SeqCst)
    }

    /// Waits until the body is told to stop.
    pub async fn cancelled(&self) {
        let mut told = pin!(self.0.waiting.notified());
        // Whoever is told between the look and the wait is told.
        told.as_mut().enable();
        if !self.is_cancelled() {
            told.await;
        }
    }

    pub(crate) fn cancel(&self) {
        self.0.told.store(true, Ordering::SeqCst);
        self.0.waiting.notify_waiters();
    }

    /// The body is dropped at its next `await`.
    pub(crate) fn drop_body(&self) {
        self.0.dropped.store(true, Ordering::SeqCst);
        self.0.body.wake();
    }

    /// Runs a body; `None` once it is to be dropped.
    pub(crate) async fn unless_dropped<F: Future>(&self, body: F) -> Option<F::Output> {
        let mut body = pin!(body);
        poll_fn(|cx| {
            self.0.body.register(cx.waker());
            if self.0.dropped.load(Ordering::SeqCst) { Poll::Ready(None) } else { body.as_mut().poll(cx).map(Some) }
        })
        .await
    }
}
