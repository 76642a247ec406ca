//! Metrics for the `metrics` facade: the only place that has their names, units and labels.
//!
//! Without the feature `metrics` all of it is empty, so that the engine calls it without conditions. With it, a counter
//! of what a run did is raised when its commit is durable, and a replay raises none. Labels are names from the code of
//! the program and words of the engine: no id, key, message or value of a user.

#[cfg(feature = "metrics")]
mod append;
#[cfg(feature = "metrics")]
mod batch;
#[cfg(feature = "metrics")]
mod events;
#[cfg(feature = "metrics")]
mod gauges;
#[cfg(feature = "metrics")]
mod names;
#[cfg(not(feature = "metrics"))]
mod off;
#[cfg(all(feature = "metrics", feature = "schedules"))]
mod schedules;
#[cfg(all(test, feature = "metrics"))]
mod tests;

#[cfg(not(feature = "metrics"))]
pub(crate) use self::off::{
    AppendNote, Batch, Calls, Gauges, claimed, describe, heartbeat, is_recording, replayed, run_deleted, run_ended,
    run_parked, run_started, store_failed, taken_over, timer,
};
#[cfg(feature = "metrics")]
pub(crate) use self::{
    append::{AppendNote, Calls},
    batch::Batch,
    events::{
        claimed, heartbeat, replayed, run_deleted, run_ended, run_parked, run_started, store_failed, taken_over, timer,
    },
    gauges::Gauges,
    names::{describe, is_recording},
};

#[cfg(all(not(feature = "metrics"), feature = "schedules"))]
pub(crate) use self::off::fired;
#[cfg(all(feature = "metrics", feature = "schedules"))]
pub(crate) use self::schedules::fired;

use crate::store::{QueueRow, Status};

/// Whether the feature is on.
pub(crate) const IS_ON: bool = cfg!(feature = "metrics");

/// What an engine reads of the database at an interval, because no event of it changes the numbers.
#[cfg_attr(not(feature = "metrics"), expect(dead_code, reason = "read by the recorded gauges only"))]
pub(crate) struct Seen {
    /// The unfinished runs of the database by status, each counted up to a limit.
    pub(crate) runs: Vec<(Status, u64)>,
    /// The queues in which something waits or runs.
    pub(crate) queues: Vec<QueueRow>,
    /// The time, in milliseconds since 1970.
    pub(crate) now: i64,
}
