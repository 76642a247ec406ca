//! Panics of users' code: their texts, and drops that may panic.
//!
//! The payload of a panic is a user's value, and so is everything that an attempt, a workflow body or a hook leaves
//! behind: its `Drop` may panic too. Code outside the catch of an attempt drops such a value only through this module.

use crate::lengths;
use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Runs a user's code.
///
/// # Errors
/// The code panicked, with this text.
pub(crate) fn caught<T>(code: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(code)).map_err(text)
}

/// Returns the text of a panic, and drops its payload.
pub(crate) fn text(payload: Box<dyn Any + Send>) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("a value that is not a text");
    let text = lengths::cut(text);
    if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        // Its payload may panic in the same way, and so on without end: leaking it is the lesser harm.
        std::mem::forget(another);
    }
    text
}

/// Drops a user's value; a panic of its `Drop` is only logged, with this description of the value.
pub(crate) fn drop_caught<T>(value: T, what: &'static str) {
    empty_caught(&mut Some(value), what);
}

// A trait object, and of a trait without supertraits: all else would be compiled for each type that a program drops.
fn empty_caught(full: &mut dyn Emptied, what: &'static str) {
    if let Err(panic) = caught(|| full.empty()) {
        tracing::error!(panic, "dropping {what} panicked");
    }
}

/// A place for a user's value.
trait Emptied {
    /// Drops the value. The place is empty afterwards, also if that panics.
    fn empty(&mut self);
}

impl<T> Emptied for Option<T> {
    fn empty(&mut self) {
        *self = None;
    }
}

/// A future of a user's code. A panic in a poll is its output; a panic of its `Drop`, finished or not, is only logged.
pub(crate) struct Caught<F>(Option<F>);

/// Catches the panics of a future.
pub(crate) const fn caught_future<F: Future + Unpin>(future: F) -> Caught<F> {
    Caught(Some(future))
}

impl<F: Future + Unpin> Future for Caught<F> {
    type Output = Result<F::Output, String>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(future) = self.0.as_mut() else { return Poll::Pending };
        let outcome = match caught(|| Pin::new(future).poll(cx)) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(panic) => Err(panic),
        };
        empty_caught(&mut self.0, "the rest of a future");
        Poll::Ready(outcome)
    }
}

impl<F> Drop for Caught<F> {
    fn drop(&mut self) {
        if self.0.is_some() {
            empty_caught(&mut self.0, "a future that had not ended");
        }
    }
}

/// A user's value that the engine holds: whichever owner drops it last, a panic of its `Drop` is only logged.
#[derive(Clone, Debug)]
pub(crate) struct Held<T>(Option<T>);

impl<T> Held<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(Some(value))
    }
}

// Not `expect`, which would be compiled for each type that is held.
fn gone() -> ! {
    unreachable!("it is held until it is dropped")
}

impl<T> std::ops::Deref for Held<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.0 {
            Some(value) => value,
            None => gone(),
        }
    }
}

impl<T> std::ops::DerefMut for Held<T> {
    fn deref_mut(&mut self) -> &mut T {
        match &mut self.0 {
            Some(value) => value,
            None => gone(),
        }
    }
}

impl<T> Drop for Held<T> {
    fn drop(&mut self) {
        empty_caught(&mut self.0, "a value");
    }
}

#[cfg(test)]
mod tests {
    use super::{Held, caught, caught_future};
    use futures_util::FutureExt;

    /// A payload that panics with another of its kind when it is dropped.
    struct Nasty(u32);

    impl Drop for Nasty {
        fn drop(&mut self) {
            if !std::thread::panicking() {
                std::panic::panic_any(Nasty(self.0 + 1));
            }
        }
    }

    #[test]
    fn no_drop_of_a_payload_or_a_value_gets_out() {
        assert_eq!(caught(|| std::panic::panic_any(Nasty(0))), Err::<(), _>("a value that is not a text".to_owned()));
        assert_eq!(caught(|| panic!("a {}", "text")), Err::<(), _>("a text".to_owned()));
        drop(Held::new(Nasty(0)));
    }

    #[test]
    fn neither_does_one_of_a_future() {
        let value = Nasty(0);
        let ended = async move { std::mem::forget(value) };
        assert_eq!(caught_future(ended.boxed()).now_or_never(), Some(Ok(())));
        let value = Nasty(0);
        let held = async move {
            std::future::pending::<()>().await;
            drop(value);
        };
        assert_eq!(caught_future(held.boxed()).now_or_never(), None);
    }
}
