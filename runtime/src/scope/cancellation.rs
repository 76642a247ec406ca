//! The cancellation of an attempt, as seen by its body.

use futures_util::task::AtomicWaker;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use tokio::sync::Notify;

/// The cancellation of an attempt: its run was cancelled, its call was dropped, its time limit was reached, or its run
/// was evicted.
///
/// After a cancellation of the run or a drop of the call, the body continues for at most the engine's grace period, and
/// is then dropped at its next `await`. The same applies to a [shutdown](crate::Engine::shutdown) if the body has
/// checked this before; any other body is dropped at once. After its time limit, or an eviction of the run, it is
/// dropped at its next `await` without grace, so that two attempts overlap as briefly as possible. A body that blocks
/// its thread cannot be dropped: it should check this.
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
    /// Whether the body is to be dropped.
    dropped: AtomicBool,
    body: AtomicWaker,
    /// Whether the body checks for cancellation.
    heeded: AtomicBool,
    /// Whether the body has begun and not ended.
    at_work: AtomicBool,
}

/// A guard that marks a body as running.
pub(crate) struct AtWork(Arc<Flags>);

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.at_work.store(false, Ordering::Release);
    }
}

impl Cancellation {
    /// Returns whether the attempt is cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.heeded.store(true, Ordering::Relaxed);
        self.is_requested()
    }

    /// Returns the same to the engine, without marking it as checked.
    pub(crate) fn is_requested(&self) -> bool {
        self.0.requested.load(Ordering::SeqCst)
    }

    /// Waits until the attempt is cancelled.
    pub async fn cancelled(&self) {
        self.0.heeded.store(true, Ordering::Relaxed);
        self.requested().await;
    }

    /// Waits for the same, for the engine.
    pub(crate) async fn requested(&self) {
        let mut notified = pin!(self.0.waiting.notified());
        // Registered before the check, so that a cancellation in between is not missed.
        notified.as_mut().enable();
        if !self.is_requested() {
            notified.await;
        }
    }

    /// Returns whether the body has ever checked for cancellation.
    pub(crate) fn is_heeded(&self) -> bool {
        self.0.heeded.load(Ordering::Relaxed)
    }

    /// Marks the body as running.
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

    /// Drops the body at its next `await`.
    pub(crate) fn drop_body(&self) {
        self.0.dropped.store(true, Ordering::SeqCst);
        self.0.body.wake();
    }

    /// Runs a body; returns `None` once it is to be dropped. The caller boxes the body: an async function would reserve
    /// space for it twice.
    pub(crate) async fn unless_dropped<F: Future>(&self, mut body: Pin<Box<F>>) -> Option<F::Output> {
        poll_fn(|cx| {
            self.0.body.register(cx.waker());
            if self.0.dropped.load(Ordering::SeqCst) { Poll::Ready(None) } else { body.as_mut().poll(cx).map(Some) }
        })
        .await
    }
}
