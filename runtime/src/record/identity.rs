//! The identity of a run.

/// The identity of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunIdentity {
    /// The run's id.
    pub id: String,
    /// The workflow's name.
    pub workflow: String,
    /// The execution, drawn at random each time; idempotency keys are derived from it.
    pub execution: [u8; 16],
}
