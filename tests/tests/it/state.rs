//! State that the concurrent steps of one run share (cases E1 to E4).

mod bodies;
mod counting;
mod declared;
mod durable;
mod edits;
mod killed;
mod refused;
mod routed;
mod sealed;
mod travel;
mod untyped;
mod versions;

use steadfast::prelude::*;

/// The shared state of most of these tests.
#[derive(StepContext, Clone, Debug, PartialEq)]
pub(crate) struct Progress {
    #[context(default)]
    pub(crate) chunks: u64,
    #[context(default)]
    pub(crate) total: u64,
    #[context(default)]
    pub(crate) names: Vec<String>,
}

/// Returns the initial state.
pub(crate) const fn nothing() -> Progress {
    Progress { chunks: 0, total: 0, names: Vec::new() }
}
