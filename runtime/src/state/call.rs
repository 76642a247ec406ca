//! Something that a step asks of the shared state: a future, or a wait of a thread that may block.

use super::StateError;
use futures_util::future::BoxFuture;
use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

/// Something that a step has asked of the shared state: a future of what comes of it. In a `#[step(blocking)]`, which
/// cannot await, [`wait`](StateCall::wait) for it.
#[must_use = "nothing happens to the state before this is awaited: add `.await`"]
pub struct StateCall<'a, T> {
    call: BoxFuture<'a, Result<T, StateError>>,
    may_block: bool,
}

impl<'a, T> StateCall<'a, T> {
    pub(super) fn new(may_block: bool, call: impl Future<Output = Result<T, StateError>> + Send + 'a) -> Self {
        Self { call: Box::pin(call), may_block }
    }

    /// Blocks the thread until it is done: for a `#[step(blocking)]`.
    ///
    /// # Errors
    /// What awaiting it gives. [`StateError::MustAwait`] in a step that is async: its thread is needed by what it would wait
    /// for.
    pub fn wait(self) -> Result<T, StateError> {
        if !self.may_block {
            return Err(StateError::MustAwait);
        }
        let mut call = pin!(self.call);
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let mut context = Context::from_waker(&waker);
        loop {
            if let Poll::Ready(done) = call.as_mut().poll(&mut context) {
                return done;
            }
            std::thread::park();
        }
    }
}

/// Wakes a thread that waits.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl<T> Future for StateCall<'_, T> {
    type Output = Result<T, StateError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.call.as_mut().poll(cx)
    }
}

impl<T> fmt::Debug for StateCall<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StateCall").finish_non_exhaustive()
    }
}
