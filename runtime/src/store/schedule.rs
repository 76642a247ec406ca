//! Schedules: rows that say when the next run of a workflow is due.

use super::{Lease, NewInboxItem, NewRun};
use crate::value::Value;
use serde::{Deserialize, Serialize};

/// A schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleRow {
    /// The schedule's name.
    pub name: String,
    /// The name of the workflow whose runs it starts.
    pub workflow: String,
    /// The version of the workflow.
    pub version: u32,
    /// The rule of the times, and what happens at each, as JSON. A database does not read it.
    pub spec: String,
    /// The input of its runs.
    pub input: Value,
    /// The revision of this row: a random number at first, and one more with each change. A write that names another one
    /// is rejected, so that each time is decided once. A row that is to be created has 0.
    pub revision: i64,
    /// The time at which an engine must look at it, by the clock of the database, in milliseconds since 1970; `None`
    /// if nothing of it will be due.
    pub due: Option<i64>,
    /// Its progress.
    pub state: ScheduleState,
    /// Why this version cannot read its input or its progress, which are empty then. Such a row is not written: another
    /// version wrote more than this one knows.
    pub flaw: Option<String>,
}

/// The progress of a schedule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScheduleState {
    /// The reason why it is paused, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused: Option<String>,
    /// The time up to which each nominal time was decided, in milliseconds since 1970.
    pub decided: i64,
    /// How many nominal times have started a run, those of a backfill too.
    pub started: u64,
    /// How many nominal times have started a run when they were due, or have waited for the end of one.
    pub fired: u64,
    /// The latest nominal time that has a run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<i64>,
    /// The id of the run that was started last, whose end the overlap policy waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The nominal times that wait for the end of that run, in the order in which they start.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<i64>,
    /// Those of them that come from a backfill, and so do not count for the limit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub backfilled: Vec<i64>,
    /// Those of them that a person or a program has asked for, and that so are none of the schedule's times.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub triggered: Vec<i64>,
    /// The time since which the first of them waits for that run, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    /// The last firings, the newest last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recent: Vec<FiringRow>,
}

/// The outcome of a nominal time, or of several that were missed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiringRow {
    /// The nominal time, in milliseconds since 1970.
    pub nominal: i64,
    /// The time of the decision, in milliseconds since 1970.
    pub at: i64,
    /// The outcome.
    pub outcome: FiringOutcome,
}

/// How a nominal time went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FiringOutcome {
    /// It started this run.
    Started(String),
    /// It started nothing, because this run had not ended.
    Skipped(String),
    /// No engine was there at that time, nor at those that follow up to `until`: so many in all.
    Missed {
        /// The last of the times, in milliseconds since 1970.
        until: i64,
        /// The number of times, counted up to 100.
        count: u64,
    },
}

/// What happens at a nominal time while the run before has not ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// Nothing is started.
    #[default]
    Skip,
    /// One waits for the end of the run; later ones start nothing.
    BufferOne,
    /// Each waits for the end of the run before.
    BufferAll,
    /// The run is cancelled, and the newest starts when it has ended.
    CancelRunning,
    /// Each starts at once.
    Allow,
}

/// Where a nominal time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FireSource {
    /// It is due.
    Due,
    /// It has waited for the end of a run.
    Waiting,
    /// A person or a program asks for it.
    Manual,
}

/// The decision on one nominal time of a schedule.
#[derive(Clone, Debug)]
pub struct Fire {
    /// The schedule's name.
    pub schedule: String,
    /// The revision of its row on which this was planned.
    pub revision: i64,
    /// The nominal time, in milliseconds since 1970.
    pub nominal: i64,
    /// Where it comes from.
    pub source: FireSource,
    /// The overlap policy.
    pub overlap: Overlap,
    /// The id of the run that was started last.
    pub previous: Option<String>,
    /// The run to be started.
    pub run: NewRun,
    /// The cancellation of the run before; its run is set by the store.
    pub cancellation: NewInboxItem,
    /// The time up to which each nominal time is decided after this.
    pub decided: i64,
    /// The time at which the next one is due.
    pub due: Option<i64>,
    /// The time of the next look if one waits on for the end of a run.
    pub retry: i64,
    /// The time of the next look if it starts a run whose end others wait for.
    pub first_look: i64,
    /// The most nominal times that start runs when they are due.
    pub limit: Option<u64>,
    /// Times before this one that were missed.
    pub missed: Option<FiringRow>,
    /// The time of the decision, in milliseconds since 1970.
    pub at: i64,
}

/// What became of a nominal time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fired {
    /// The number of the run that it has started.
    Started(i64),
    /// The run with its id existed before.
    Exists(i64),
    /// It started nothing.
    Skipped,
    /// It waits for the end of a run.
    Waits {
        /// The number of that run, if it was read.
        run: Option<i64>,
        /// Whether it has a cancellation in its inbox.
        is_cancelled: bool,
    },
}

/// When the next schedule is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextSchedule {
    /// The time, in milliseconds since 1970.
    pub due: i64,
    /// The time now, by the clock of the database, in milliseconds since 1970.
    pub now: i64,
}

impl ScheduleRow {
    /// The most recent firings that a row keeps.
    pub const RECENT: usize = 10;

    /// The most nominal times that wait for the end of a run.
    pub const WAITING: usize = 1_000;
}

impl ScheduleState {
    /// Returns it as a database keeps it.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("numbers and texts are JSON")
    }

    /// Returns whether a run is among its last firings, or is the one whose end the next firing waits for.
    pub(crate) fn names(&self, run: &str) -> bool {
        let started = |firing: &FiringRow| matches!(&firing.outcome, FiringOutcome::Started(id) if id == run);
        self.run.as_deref() == Some(run) || self.recent.iter().any(started)
    }

    /// Notes a firing, and forgets the oldest if there are too many.
    pub fn note(&mut self, firing: FiringRow) {
        self.recent.push(firing);
        let excess = self.recent.len().saturating_sub(ScheduleRow::RECENT);
        self.recent.drain(..excess);
    }
}

impl Fire {
    /// Returns the lease of the run that it starts.
    pub(super) const fn lease(&self) -> Option<Lease> {
        self.run.lease
    }
}
