//! An attempt of a step that is at work while its engine stops.

use crate::scope::Cancellation;

/// An attempt of a step whose body still runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct RunningStep {
    /// The run's id.
    pub run: String,
    /// The position of the step's call.
    pub position: u64,
    /// The step's name.
    pub step: String,
    /// The attempt's number, from 1.
    pub attempt: u32,
}

/// An attempt that knows that its engine stops.
pub(crate) struct StoppedAttempt {
    pub(super) work: RunningStep,
    pub(super) cancellation: Cancellation,
}

/// Also if the caller of the shutdown has gone away.
impl Drop for StoppedAttempt {
    fn drop(&mut self) {
        self.cancellation.drop_body();
    }
}
