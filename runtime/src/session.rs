//! Live values of one run in one process.

use std::sync::Arc;

/// Live values of one run in one process, by type or by key.
#[derive(Clone, Debug, Default)]
pub struct Session(Arc<()>);
