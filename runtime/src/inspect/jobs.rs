//! Jobs: the same action on many runs.

use super::InspectError;
use super::filter::Filter;
use super::inspector::Inspector;
use super::page::{Count, Page, Paging};
use crate::record::millis::moment;
use crate::store::JobRow;
use serde::{Deserialize, Serialize};
use std::time::SystemTime;

/// A job of an [`Operator`](crate::operate::Operator): an action on each run of a filter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Job {
    /// Its number.
    pub number: i64,
    /// The action on each run.
    pub action: JobAction,
    /// The name of who created it.
    pub who: String,
    /// The reason that was given; empty if none.
    pub why: String,
    /// Whether it goes on.
    pub status: JobStatus,
    /// How many runs the filter matched when it was created.
    pub total: Count,
    /// On how many runs the action was done.
    pub done: u64,
    /// How many runs refused the action.
    pub failed: u64,
    /// Why the last of these refused it.
    pub last_error: Option<String>,
    /// The most actions in a second; `None` for as many as it can.
    pub per_second: Option<u32>,
    /// The time at which it was created.
    #[serde(serialize_with = "crate::record::millis::serialize")]
    pub created_at: SystemTime,
}

/// The action of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum JobAction {
    /// Cancels the runs.
    Cancel,
    /// Ends parked runs without running any of their code.
    ForceCancel,
    /// Pauses the runs.
    Pause,
    /// Resumes paused runs.
    Resume,
    /// Has parked runs tried again.
    Revive,
    /// Has parked and failed runs tried again.
    Retry,
    /// Deletes runs that have ended or are parked.
    Delete,
}

impl JobAction {
    /// Every action.
    pub const ALL: [Self; 7] =
        [Self::Cancel, Self::ForceCancel, Self::Pause, Self::Resume, Self::Revive, Self::Retry, Self::Delete];

    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::ForceCancel => "force_cancel",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Revive => "revive",
            Self::Retry => "retry",
            Self::Delete => "delete",
        }
    }
}

/// Whether a job goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum JobStatus {
    /// It goes on, or its process died: then any operator may go on with it.
    Running,
    /// It was stopped.
    Stopped,
    /// It has been through all runs.
    Done,
}

impl JobStatus {
    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Done => "done",
        }
    }
}

/// A job as its row has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct JobState {
    pub(crate) action: JobAction,
    pub(crate) filter: Filter,
    pub(crate) who: String,
    pub(crate) why: String,
    pub(crate) status: JobStatus,
    /// How many runs there were, and whether there may have been more.
    pub(crate) total: (u64, bool),
    /// The number of the last run that came before the job: later ones are not touched.
    pub(crate) last: i64,
    /// The number of the last run that is over.
    pub(crate) cursor: i64,
    pub(crate) done: u64,
    pub(crate) failed: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_error: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) per_second: Option<u32>,
    pub(crate) at: i64,
}

impl JobState {
    /// Reads the state of a job.
    ///
    /// # Errors
    /// It is of a later version, or damaged.
    pub(crate) fn read(row: &JobRow) -> Result<Self, String> {
        serde_json::from_str(&row.state).map_err(|error| {
            format!("job {} cannot be read ({error}); if a newer version has made it, run it with that one", row.number)
        })
    }

    pub(crate) fn row(&self, number: i64, revision: i64) -> JobRow {
        JobRow { number, revision, state: serde_json::to_string(self).expect("words and numbers are JSON") }
    }

    pub(crate) fn job(self, number: i64) -> Job {
        let (value, capped) = self.total;
        Job {
            number,
            action: self.action,
            who: self.who,
            why: self.why,
            status: self.status,
            total: Count { value, capped },
            done: self.done,
            failed: self.failed,
            last_error: self.last_error,
            per_second: self.per_second,
            created_at: moment(self.at),
        }
    }
}

impl Inspector {
    /// Returns a page of the jobs, the newest first.
    ///
    /// # Errors
    /// The cursor is none of this list, or the database cannot be read.
    pub async fn jobs(&self, paging: &Paging) -> Result<Page<Job>, InspectError> {
        let paging = paging.clone();
        self.ask(move |source| {
            let (limit, before) = (paging.checked()?, paging.number::<i64>()?);
            let before = if before > 0 { before } else { i64::MAX };
            let page = Page::of_one_more(source.store.jobs(before, limit + 1)?, limit, |row| row.number.to_string());
            let (mut jobs, mut damaged) = (Vec::new(), Vec::new());
            for row in page.items {
                match JobState::read(&row) {
                    Ok(state) => jobs.push(state.job(row.number)),
                    Err(why) => damaged.push(why),
                }
            }
            Ok(Page { items: jobs, next: page.next, damaged })
        })
        .await
    }
}
