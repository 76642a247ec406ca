//! Attempts that are running while the engine stops.

use crate::scope::Cancellation;

/// An attempt of a step whose body still runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct RunningStep {
    /// The run's id.
    pub run: String,
    /// The command index of the step's call.
    pub position: u64,
    /// The step's name.
    pub step: String,
    /// The attempt's number, from 1.
    pub attempt: u32,
}

/// A cancelled attempt of an engine that stops; its body is dropped with it.
pub(crate) struct StoppedAttempt {
    pub(super) work: RunningStep,
    pub(super) cancellation: Cancellation,
}

/// Drops the body even if the caller of the shutdown has dropped its future.
impl Drop for StoppedAttempt {
    fn drop(&mut self) {
        self.cancellation.drop_body();
    }
}
