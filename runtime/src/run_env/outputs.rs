//! Outputs of a run's steps, on their way to the driver.

use crate::record::StepWrite;
use std::fmt;
use std::sync::OnceLock;
use tokio::sync::oneshot;

type Take = dyn Fn(StepWrite, oneshot::Sender<()>) + Send + Sync;

/// The channel from a step's body to the driver of its run.
#[derive(Default)]
pub(crate) struct Outputs(OnceLock<Box<Take>>);

impl Outputs {
    /// Sets the receiver of writes.
    pub(crate) fn open(&self, take: impl Fn(StepWrite, oneshot::Sender<()>) + Send + Sync + 'static) {
        // A run is driven once per load.
        let _ = self.0.set(Box::new(take));
    }

    /// Sends a write; the receiver resolves when it is taken, or is closed if the driver has exited.
    pub(crate) fn write(&self, write: StepWrite) -> oneshot::Receiver<()> {
        let (taken, answer) = oneshot::channel();
        if let Some(take) = self.0.get() {
            take(write, taken);
        }
        answer
    }
}

impl fmt::Debug for Outputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outputs").finish_non_exhaustive()
    }
}
