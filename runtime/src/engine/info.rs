//! What can be asked of runs without their types.

use super::clock::moment;
use super::waits::Wait;
use crate::record::ParkReason;
use crate::store::{RunQuery, RunRow, Status};
use serde::Serialize;
use std::time::SystemTime;

/// A run as its row says; only what is committed, and only as at the end of a turn.
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
    /// The id its starter gave it.
    pub id: String,
    /// The workflow's name.
    pub workflow: String,
    /// The version of the workflow that it was started with: it goes on with the function of this version.
    pub version: u32,
    /// What it is doing.
    pub status: Status,
    /// How many entries its journal has.
    pub entries: u64,
    /// When it was started.
    #[serde(serialize_with = "crate::record::millis::serialize")]
    pub started_at: SystemTime,
    /// When it last changed.
    #[serde(serialize_with = "crate::record::millis::serialize")]
    pub changed_at: SystemTime,
    /// Until when it sleeps, if it does.
    #[serde(serialize_with = "crate::record::millis::option::serialize")]
    pub sleeps_until: Option<SystemTime>,
    /// Why it is parked, if it is.
    pub parked: Option<ParkReason>,
    /// What keeps it from going on at the moment, as the engine knows that drives it: a field store or a restore hook that
    /// fails and is tried again. Asked of another process it is `None`.
    pub blocked: Option<String>,
    /// What it waits for, in the order of its calls, since when, and who can help; empty in a list, and for a run that has
    /// ended. Several at once if branches wait. Of a history of more than 10,000 entries the last ones are looked at.
    pub waits_for: Vec<Wait>,
    /// The number of the run with whose history it began or whose id it took over: see [`Run::forked_from`](crate::Run::forked_from).
    pub forked_from: Option<i64>,
    /// The number of the run that has taken over its id: see [`Run::successor`](crate::Run::successor).
    pub successor: Option<i64>,
    /// Its number in the database: give the last one of a page to [`RunFilter::after`] to get the next page.
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

/// Which runs [`Engine::list`](super::Engine::list) gives: all, unless restricted.
///
/// ```
/// use steadfast::{RunFilter, Status};
/// let stuck = RunFilter::all().status(Status::Parked).workflow("process_order").limit(50);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct RunFilter(RunQuery);

impl RunFilter {
    /// Every run, in the order in which they were started, 1,000 a page.
    pub fn all() -> Self {
        Self(RunQuery::default())
    }

    /// Only runs in this status; called again, also those in another.
    pub fn status(mut self, status: Status) -> Self {
        self.0.statuses.push(status);
        self
    }

    /// Only runs of this workflow.
    pub fn workflow(mut self, name: impl Into<String>) -> Self {
        self.0.workflow = Some(name.into());
        self
    }

    /// Only runs with this label; called again, only those with both.
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.labels.push((name.into(), value.into()));
        self
    }

    /// Only runs whose id begins so.
    pub fn id_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.0.id_prefix = Some(prefix.into());
        self
    }

    /// Only runs that were started after this one: the [`number`](RunInfo::number) of the last run of the page before.
    pub fn after(mut self, number: i64) -> Self {
        self.0.after = Some(number);
        self
    }

    /// In the order of their ids, compared byte by byte, instead of the order in which they were started. Other conditions than a
    /// prefix are then looked at run by run, so that a page of few may take as long as looking at all runs of the prefix.
    pub fn by_id(mut self) -> Self {
        self.0.by_id = true;
        self
    }

    /// [`by_id`](Self::by_id), and only runs with a greater id than this one: that of the last run of the page before.
    pub fn after_id(mut self, id: impl Into<String>) -> Self {
        self.0.after_id = Some(id.into());
        self.by_id()
    }

    /// At most this many.
    pub fn limit(mut self, runs: usize) -> Self {
        self.0.limit = runs;
        self
    }

    pub(super) fn query(&self) -> RunQuery {
        self.0.clone()
    }
}
