//! Actions of operators and jobs of many of them: rows that say who did what, and why.

use super::Write;

/// A record of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number, which the database draws; 0 for a new record.
    pub number: i64,
    /// The key of the action: an action is performed once for each.
    pub key: String,
    /// The time of the action by the clock of the database, in milliseconds since 1970; 0 for a new record.
    pub at: i64,
    /// The name of the actor.
    pub who: String,
    /// The reason given.
    pub why: String,
    /// The word for the action.
    pub action: String,
    /// The run, queue, schedule, request or job that it is about.
    pub subject: String,
    /// More about it, as one JSON object without secrets.
    pub details: String,
    /// How it went.
    pub outcome: ActOutcome,
}

/// How an action went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActOutcome {
    /// It takes several commits, and its end is not recorded: it may have had a part of its effect.
    Begun,
    /// It is done.
    Done,
    /// It has failed, and had no effect or the part that its details name.
    Failed,
}

impl ActOutcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Begun, Self::Done, Self::Failed];

    /// Returns the recorded word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// An action: its record, and the write that performs it, in one commit.
#[derive(Clone, Debug)]
pub struct Act {
    /// The record.
    pub record: AuditRow,
    /// The write; `None` where several commits perform the action, and this one records how it goes.
    pub write: Option<Write>,
}

/// Which records of actions to read, the newest first.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    /// Only those about this.
    pub subject: Option<String>,
    /// Only those of this actor.
    pub who: Option<String>,
    /// Only the one of the action with this key.
    pub key: Option<String>,
    /// Only those with a number below this one.
    pub before: Option<i64>,
    /// At most this many.
    pub limit: usize,
}

/// A job: the same action on many runs, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRow {
    /// Its number, which the database draws; 0 for a job that is to be created.
    pub number: i64,
    /// The revision of this row. A write that names another one is rejected.
    pub revision: i64,
    /// The filter, the action and the progress, as JSON. A database does not read it.
    pub state: String,
}

impl JobRow {
    /// Returns what the records of actions call a job.
    #[must_use]
    pub fn subject(number: i64) -> String {
        format!("job {number}")
    }
}

impl Write {
    /// Adds the record of an operator's action, if it is one.
    pub(crate) fn recorded(self, record: Option<&AuditRow>) -> Self {
        match record {
            Some(record) => Self::Act(Box::new(Act { record: record.clone(), write: Some(self) })),
            None => self,
        }
    }
}
