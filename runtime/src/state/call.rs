//! Calls to the shared state: a future, or a blocking wait.

use super::StateError;
use futures_util::future::BoxFuture;
use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

/// A call to the shared state: a future of its result. In a `#[step(blocking)]`, which cannot await, call
/// [`wait`](StateCall::wait).
#[must_use = "nothing happens to the state before this is awaited: add `.await`"]
pub struct StateCall<'a, T> {
    call: BoxFuture<'a, Result<T, StateError>>,
    may_block: bool,
}

impl<'a, T> StateCall<'a, T> {
    pub(super) fn new(may_block: bool, call: impl Future<Output = Result<T, StateError>> + Send + 'a) -> Self {
        Self { call: Box::pin(call), may_block }
    }

    /// Blocks the thread until the call is done: for a `#[step(blocking)]`.
    ///
    /// # Errors
    /// The error of the call; [`StateError::MustAwait`] in an async step, because the call itself needs that
    /// thread.
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

/// A waker of a blocked thread.
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
