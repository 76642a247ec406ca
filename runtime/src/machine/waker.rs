//! The waker of a workflow's body: distinguishes the engine's wakes from foreign ones.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Wake;

thread_local! {
    /// The waker whose run is being delivered to or polled on this thread.
    static OPEN: Cell<usize> = const { Cell::new(0) };
}

/// The waker of a workflow's body.
///
/// A wake while the run is open on the same thread (an entry is delivered, or the body is polled and one branch wakes
/// another) requests another poll within the turn. Any other wake comes from something that the engine does not own,
/// and would not happen again at the same point of a replay.
pub(crate) struct RunWaker {
    woken: AtomicBool,
    /// Whether the body is being dropped, so that wakes are ignored.
    closed: AtomicBool,
    foreign: Arc<dyn Fn() + Send + Sync>,
}

impl RunWaker {
    pub(crate) fn new(foreign: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { woken: AtomicBool::new(false), closed: AtomicBool::new(false), foreign: Arc::new(foreign) })
    }

    /// Creates another waker for another body of the same run.
    pub(super) fn again(before: &Self) -> Arc<Self> {
        let foreign = before.foreign.clone();
        Arc::new(Self { woken: AtomicBool::new(false), closed: AtomicBool::new(false), foreign })
    }

    /// Opens the run on this thread until the guard is dropped.
    pub(super) fn open(self: &Arc<Self>) -> impl Drop {
        struct Close(usize);
        impl Drop for Close {
            fn drop(&mut self) {
                OPEN.set(self.0);
            }
        }
        Close(OPEN.replace(Arc::as_ptr(self).addr()))
    }

    /// Ignores wakes from now on.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    /// Returns whether it was woken since the last call.
    pub(super) fn take(&self) -> bool {
        self.woken.swap(false, Ordering::Relaxed)
    }
}

impl Wake for RunWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if OPEN.get() == Arc::as_ptr(self).addr() {
            self.woken.store(true, Ordering::Relaxed);
        } else if !self.closed.load(Ordering::Relaxed) {
            (self.foreign)();
        }
    }
}
