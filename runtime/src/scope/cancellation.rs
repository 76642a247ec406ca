//! The word to a step body that it should stop.

use std::sync::Arc;
use tokio::sync::watch;

/// Tells the body of a step that its run was cancelled, its call dropped, its time is up, or its run has left the engine.
///
/// When its run was cancelled or its call dropped, a body goes on for the engine's grace time at most and is then dropped
/// at its next `await`. When its time is up, or its run has left, it is dropped at its next `await` without grace, so that
/// two attempts do not overlap longer than they must. A body that blocks its thread cannot be dropped: it should look.
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
