//! The answers to writes.

use super::Lease;
use crate::record::AttemptOutcome;
use crate::store::schedule::Fired;
use crate::store::{RunRow, TaskRow};

/// A write that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// The number of the new run, the new inbox item, or the new lease. A start that cancels another run is answered by
    /// [`Appended`](Self::Appended).
    Number(i64),
    /// No run was started, because this one has the deduplication key and answers the start.
    Held(Box<RunRow>),
    /// Done, with nothing to report.
    Done,
    /// Entries were appended that wrote more than the rows of their run.
    Appended {
        /// The outcome of each [`Outgoing`](super::Outgoing): the number of the new row, or 0.
        outcomes: Vec<Result<i64, Rejected>>,
        /// The runs to whose inboxes something was written.
        notified: Vec<i64>,
    },
    /// Entries were appended that have a transaction.
    Transacted {
        /// The value recorded by one more entry, or why there is none: the user's rows were then rolled back.
        outcome: AttemptOutcome,
        /// The answer to the rest of the append.
        appended: Box<Written>,
    },
    /// The lease that was taken over, in its new epoch.
    Lease(Lease),
    /// The run as it was claimed.
    Claimed(Box<RunRow>),
    /// The numbers of the runs that were claimed, and when each is due.
    Runs(Vec<(i64, Option<i64>)>),
    /// The tasks that were claimed, in the order in which they are to be run.
    Tasks(Vec<TaskRow>),
    /// What became of a nominal time of a schedule.
    Fired(Fired),
    /// Whether the run is gone entirely.
    Deleted(bool),
    /// A run was marked as deleting; these runs, which waited for its end, were notified.
    Marked(Vec<i64>),
}

impl Written {
    /// Returns the number of the run that a start has made, and the runs that it notified; `None` for another write.
    pub(crate) fn started(self) -> Option<(i64, Vec<i64>)> {
        match self {
            Self::Number(number) => Some((number, Vec::new())),
            Self::Appended { outcomes, notified } => Some((outcomes.into_iter().next()?.ok()?, notified)),
            _ => None,
        }
    }
}

/// A write that was left out of the batch; the others were done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejected {
    /// The writer does not own what it writes, or the run has advanced since.
    Fenced,
    /// The id is taken by this run.
    Exists(Box<RunRow>),
    /// There is no such run.
    NoSuchRun,
    /// The queue is not declared, or the run has nothing in one.
    NoSuchQueue,
    /// The run has ended.
    Ended,
    /// This run has not ended and holds the deduplication key.
    Held(Box<RunRow>),
    /// The request has another answer.
    Answered,
    /// The database refuses this write from any engine, for this reason.
    Refused(String),
}
