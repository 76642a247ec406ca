//! What happens once, and is counted where it does.

use super::names::{self, label, seconds};
use crate::store::{Status, StoreError, StoreErrorKind};
use std::time::{Duration, Instant};

/// Counts a run that was created, once its commit is durable.
pub(crate) fn run_started(workflow: &str) {
    names::RUNS_STARTED.add(1, [label(workflow)]);
}

/// Counts a run that ended by a commit of no driver, once that is durable.
pub(crate) fn run_ended(workflow: &str, status: Status) {
    names::RUNS_ENDED.add(1, [label(workflow), status.as_str().into()]);
}

/// Counts a run that a retention has deleted.
pub(crate) fn run_deleted(workflow: &str) {
    names::RUNS_DELETED.add(1, [label(workflow)]);
}

/// Counts a run that is parked, once its commit is durable.
pub(crate) fn run_parked(workflow: &str) {
    names::RUNS_PARKED.add(1, [label(workflow)]);
}

/// Returns the time at which something begins that is measured.
pub(crate) fn timer() -> Instant {
    Instant::now()
}

/// Records a replay that began then and is done now.
pub(crate) fn replayed(workflow: &str, entries: u64, began: Instant) {
    names::REPLAY_DURATION.record(began.elapsed().as_secs_f64(), [label(workflow)]);
    names::REPLAYED_ENTRIES.add(entries, [label(workflow)]);
}

/// Records how long a task has waited in its queue that could be claimed since then; both times are in milliseconds
/// since 1970.
pub(crate) fn claimed(queue: &str, since: i64, now: i64) {
    names::QUEUE_WAIT.record(seconds(now.saturating_sub(since)), [label(queue)]);
}

/// Records a heartbeat that the database has confirmed, with the time since the one before.
pub(crate) fn heartbeat(lag: Duration) {
    names::HEARTBEAT_LAG.record(lag.as_secs_f64(), []);
}

/// Counts a lease that was taken over from an engine that has not handed it back.
pub(crate) fn taken_over() {
    names::TAKEOVERS.add(1, []);
}

/// Counts an operation of the store that failed.
pub(crate) fn store_failed(operation: &'static str, error: &StoreError) {
    let kind = match error.kind {
        StoreErrorKind::Busy => "busy",
        StoreErrorKind::Full => "full",
        StoreErrorKind::ReadOnly => "read_only",
        StoreErrorKind::Io => "io",
        StoreErrorKind::Damaged => "damaged",
        StoreErrorKind::NotOurs => "not_ours",
        StoreErrorKind::Newer => "newer",
        StoreErrorKind::TooLarge => "too_large",
        StoreErrorKind::Refused => "refused",
        StoreErrorKind::Gone => "gone",
        StoreErrorKind::Closed => "closed",
        StoreErrorKind::Older => "older",
        StoreErrorKind::Missing => "missing",
    };
    names::STORE_ERRORS.add(1, [operation.into(), kind.into()]);
}
