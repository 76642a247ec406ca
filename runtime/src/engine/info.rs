//! Untyped information about runs.

use super::clock::moment;
use crate::inspect::waits::Wait;
use crate::record::ParkReason;
use crate::store::{RunQuery, RunRow, Status};
use serde::Serialize;
use std::time::SystemTime;

/// A run as its row describes it: only committed state, as at the end of a turn.
///
/// ```
/// # use steadfast::prelude::*;
/// # #[workflow]
/// # async fn hello(_flow: &mut Flow, name: String) -> Result<String> { Ok(format!("Hello, {name}!")) }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// # let engine = Engine::builder().in_memory().workflow(hello).start().await?;
/// let run = engine.start(hello, "Ada".to_owned()).id("a").await?;
/// run.result().await?;
/// let info = run.status().await?;
/// assert_eq!((info.id.as_str(), info.workflow.as_str()), ("a", "hello"));
/// assert!(info.status.is_final());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RunInfo {
    /// The run's id.
    pub id: String,
    /// The workflow's name.
    pub workflow: String,
    /// The version of the workflow that it was started with, whose function drives it.
    pub version: u32,
    /// The run's status.
    pub status: Status,
    /// The number of entries in its journal.
    pub entries: u64,
    /// The time of its start.
    #[serde(serialize_with = "crate::record::millis::serialize")]
    pub started_at: SystemTime,
    /// The time at which its status or its due time last changed; for a run that has ended, the time of its end.
    #[serde(serialize_with = "crate::record::millis::serialize")]
    pub changed_at: SystemTime,
    /// The end of its sleep, if it sleeps.
    #[serde(serialize_with = "crate::record::millis::option::serialize")]
    pub sleeps_until: Option<SystemTime>,
    /// The reason why it is parked, if it is.
    pub parked: Option<ParkReason>,
    /// The reason why it is blocked at the moment, as known to the engine that drives it: a field store or a restore
    /// hook that fails and is retried. `None` in other processes.
    pub blocked: Option<String>,
    /// The things that it waits for in the order of its calls, since when, and who can help; several if branches wait.
    /// Empty in a list, and for a run that has ended. Only the last 10,000 entries of a history are read.
    pub waits_for: Vec<Wait>,
    /// The number of the run with whose history it began or whose id it took: see
    /// [`Run::forked_from`](crate::Run::forked_from).
    pub forked_from: Option<i64>,
    /// The number of the run that has taken its id: see [`Run::successor`](crate::Run::successor).
    pub successor: Option<i64>,
    /// The run's number in the database: pass the last one of a page to [`RunFilter::after`] to get the next page.
    pub number: i64,
}

impl RunInfo {
    pub(super) fn from_row(row: RunRow) -> Self {
        let sleeping = row.status == Status::Sleeping;
        let parked = (row.status == Status::Parked).then(|| ParkReason::of_row(row.parked.as_deref()));
        Self {
            version: row.version,
            status: row.status,
            entries: row.seq,
            started_at: moment(row.created_at),
            changed_at: moment(row.updated_at),
            sleeps_until: row.wake_at.filter(|_| sleeping).map(moment),
            parked,
            blocked: None,
            waits_for: Vec::new(),
            forked_from: row.forked_from,
            successor: row.successor,
            number: row.number,
            id: row.id,
            workflow: row.workflow,
        }
    }
}

/// A filter of the runs that [`Engine::list`](super::Engine::list) returns: all, unless restricted.
///
/// ```
/// use steadfast::{RunFilter, Status};
/// let stuck = RunFilter::all().status(Status::Parked).workflow("process_order").limit(50);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct RunFilter(RunQuery);

impl RunFilter {
    /// Selects every run, in the order of their start, 1,000 a page.
    pub fn all() -> Self {
        Self(RunQuery::default())
    }

    /// Selects only runs in this status; each further call adds a status.
    pub fn status(mut self, status: Status) -> Self {
        self.0.statuses.push(status);
        self
    }

    /// Selects only runs of this workflow.
    pub fn workflow(mut self, name: impl Into<String>) -> Self {
        self.0.workflow = Some(name.into());
        self
    }

    /// Selects only runs with this label; with several calls, only those with all labels.
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.labels.push((name.into(), value.into()));
        self
    }

    /// Selects only runs whose id begins with this prefix.
    pub fn id_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.0.id_prefix = Some(prefix.into());
        self
    }

    /// Selects only runs that were started after this one: the [`number`](RunInfo::number) of the last run of the
    /// previous page.
    pub fn after(mut self, number: i64) -> Self {
        self.0.after = Some(number);
        self
    }

    /// Orders runs by their ids, compared byte by byte, instead of by their start. Conditions other than a prefix are
    /// then checked run by run, so that a small page may take as long as reading all runs of the prefix.
    pub fn by_id(mut self) -> Self {
        self.0.by_id = true;
        self
    }

    /// Orders runs [`by_id`](Self::by_id), and selects only those with a greater id than this: that of the last run of
    /// the previous page.
    pub fn after_id(mut self, id: impl Into<String>) -> Self {
        self.0.after_id = Some(id.into());
        self.by_id()
    }

    /// Limits the page to this many runs.
    pub fn limit(mut self, runs: usize) -> Self {
        self.0.limit = runs;
        self
    }

    pub(super) fn query(&self) -> RunQuery {
        self.0.clone()
    }
}
