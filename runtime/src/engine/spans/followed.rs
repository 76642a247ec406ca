//! What the exports of an engine know from one to the next.

use crate::inspect::trace::Follow;
use std::collections::HashMap;
use std::time::Instant;

/// The runs that are followed, and what is to be looked for.
#[derive(Default)]
pub(in crate::engine) struct Exports {
    pub(in crate::engine) followed: HashMap<i64, Followed>,
    /// The leases whose runs are looked through, each from a run on.
    pub(in crate::engine) leases: Vec<(i64, Option<i64>)>,
    pub(in crate::engine) looked: Option<Instant>,
    /// The runs whose rows could not be read, and when that was found.
    pub(in crate::engine) left_out: HashMap<i64, Instant>,
}

/// A run that has not ended.
pub(in crate::engine) struct Followed {
    pub(in crate::engine) follow: Follow,
    pub(in crate::engine) used: Instant,
}
