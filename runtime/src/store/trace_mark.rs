//! What is known of the spans of a run beyond its journal: how far they were exported, and who owes the rest.

/// How far the spans of a run were exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceMark {
    /// The run's number.
    pub run: i64,
    /// The last entry whose spans were exported; `None` once there are no more: the run has ended.
    pub seq: Option<u64>,
}

/// What is recorded of the export of a run's spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TracedRow {
    /// The last entry whose spans were exported.
    pub seq: u64,
    /// The lease whose holder owes the rest, once the run has ended.
    pub lease: Option<i64>,
}

/// The runs that have ended and whose spans were not all exported, of which
/// [`Store::owed_traces`](super::Store::owed_traces) returns a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceKey {
    /// Those that the holder of this lease owes.
    Lease(i64),
    /// Those of leases that are gone.
    Nobody,
}
