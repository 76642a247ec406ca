//! Which run something belongs to.

/// Which run this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunIdentity {
    /// The run's id.
    pub id: String,
    /// The workflow's name.
    pub workflow: String,
    /// Drawn at random for each execution of the run; idempotency keys come from it.
    pub execution: [u8; 16],
}
