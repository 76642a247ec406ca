//! The word to a step body that it should stop.

use std::sync::Arc;
use tokio::sync::watch;

/// Tells the body of a step that its run was cancelled, its call dropped, its time is up, or the engine is stopping.
///
/// A body that is told goes on for the engine's grace time at most; then it is dropped at its next `await`.
#[derive(Clone, Debug)]
pub struct Cancellation(Arc<watch::Sender<bool>>);

impl Default for Cancellation {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Cancellation {
    /// Whether the body was told to stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the body is told to stop.
    pub async fn cancelled(&self) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|told| *told).await;
    }

    pub(crate) fn cancel(&self) {
        self.0.send_replace(true);
    }
}
