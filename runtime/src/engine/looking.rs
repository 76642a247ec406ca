//! Looks for work, one at a time.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether work is being looked for, and whether to look once more.
#[derive(Default)]
pub(crate) struct Looking {
    under_way: AtomicBool,
    again: AtomicBool,
}

impl Looking {
    /// Asks for a look; `true` if none is under way: then the caller [runs](Self::run) it.
    pub(super) fn begins(&self) -> bool {
        self.again.store(true, Ordering::SeqCst);
        !self.under_way.swap(true, Ordering::SeqCst)
    }

    /// Looks until no further look was asked for.
    pub(super) async fn run<F: Future<Output = ()>>(&self, look: impl Fn() -> F) {
        loop {
            while self.again.swap(false, Ordering::SeqCst) {
                look().await;
            }
            self.under_way.store(false, Ordering::SeqCst);
            // A call between the two lines above has only set the flag, because a look was under way.
            if !self.again.load(Ordering::SeqCst) || self.under_way.swap(true, Ordering::SeqCst) {
                return;
            }
        }
    }
}
