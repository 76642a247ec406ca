//! The word to a step body that it should stop.

use futures_util::task::AtomicWaker;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use tokio::sync::Notify;

/// Tells the body of a step that its run was cancelled, its call dropped, its time is up, or its run has left the engine.
///
/// When its run was cancelled or its call dropped, a body goes on for the engine's grace time at most and is then dropped
/// at its next `await`. The same holds at a [shutdown](crate::Engine::shutdown) for a body that has looked here before; any
/// other is dropped at once. When its time is up, or its run has left, it is dropped at its next `await` without grace, so
/// that two attempts do not overlap longer than they must. A body that blocks its thread cannot be dropped: it should look.
///
/// ```
/// use steadfast::prelude::*;
///
/// #[step]
/// async fn copy(scope: &StepScope, pages: u32) -> Result<u32> {
///     for page in 0..pages {
///         if scope.cancellation.is_cancelled() {
///             return Ok(page); // what was done is tidied up here
///         }
///         tokio::task::yield_now().await;
///     }
///     Ok(pages)
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// assert_eq!(copy::direct(&StepScope::for_tests("copy"), 3).await.unwrap(), 3);
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Cancellation(Arc<Flags>);

/// The cancellation of an attempt, shared by its body and its engine.
#[derive(Debug, Default)]
struct Flags {
    requested: AtomicBool,
    waiting: Notify,
    /// The body is to be dropped.
    dropped: AtomicBool,
    body: AtomicWaker,
    /// The body looks whether it is cancelled.
    heeded: AtomicBool,
    /// The body has begun and not ended.
    at_work: AtomicBool,
}

/// A body is at work while this lives.
pub(crate) struct AtWork(Arc<Flags>);

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.at_work.store(false, Ordering::Release);
    }
}

impl Cancellation {
    /// Whether the attempt is cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.heeded.store(true, Ordering::Relaxed);
        self.is_requested()
    }

    /// The same, asked by the engine.
    pub(crate) fn is_requested(&self) -> bool {
        self.0.requested.load(Ordering::SeqCst)
    }

    /// Waits until the attempt is cancelled.
    pub async fn cancelled(&self) {
        self.0.heeded.store(true, Ordering::Relaxed);
        self.requested().await;
    }

    /// The same, waited for by the engine.
    pub(crate) async fn requested(&self) {
        let mut notified = pin!(self.0.waiting.notified());
        // A cancellation between the look and the wait is seen.
        notified.as_mut().enable();
        if !self.is_requested() {
            notified.await;
        }
    }

    /// Whether the body has ever looked here.
    pub(crate) fn is_heeded(&self) -> bool {
        self.0.heeded.load(Ordering::Relaxed)
    }

    /// The body begins.
    pub(crate) fn begin(&self) -> AtWork {
        self.0.at_work.store(true, Ordering::Release);
        AtWork(self.0.clone())
    }

    pub(crate) fn is_at_work(&self) -> bool {
        self.0.at_work.load(Ordering::Acquire)
    }

    pub(crate) fn cancel(&self) {
        self.0.requested.store(true, Ordering::SeqCst);
        self.0.waiting.notify_waiters();
    }

    /// The body is dropped at its next `await`.
    pub(crate) fn drop_body(&self) {
        self.0.dropped.store(true, Ordering::SeqCst);
        self.0.body.wake();
    }

    /// Runs a body; `None` once it is to be dropped. The body is boxed by the caller: an async function would have room for it
    /// twice.
    pub(crate) async fn unless_dropped<F: Future>(&self, mut body: Pin<Box<F>>) -> Option<F::Output> {
        poll_fn(|cx| {
            self.0.body.register(cx.waker());
            if self.0.dropped.load(Ordering::SeqCst) { Poll::Ready(None) } else { body.as_mut().poll(cx).map(Some) }
        })
        .await
    }
}
