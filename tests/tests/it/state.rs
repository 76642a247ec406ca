//! What the concurrent steps of one run share.

mod counting;

use steadfast::prelude::*;

/// What most of these tests share.
#[derive(StepContext, Clone, Debug, PartialEq)]
pub(crate) struct Progress {
    #[context(default)]
    pub(crate) chunks: u64,
    #[context(default)]
    pub(crate) total: u64,
    #[context(default)]
    pub(crate) names: Vec<String>,
}
