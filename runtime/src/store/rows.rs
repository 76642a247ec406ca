//! The rows that a store gives back.

use super::StoreError;
use crate::journal::Kind;
use crate::value::Value;

/// What a run is doing, as its row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// It can make progress, or waits for something that is due.
    Running,
    /// It waits for a time and needs no memory until then.
    Sleeping,
    /// It cannot go on with the code that is deployed; nothing is lost. See the run's `parked` reason.
    Parked,
    /// It ended with a result.
    Completed,
    /// It ended with an error of its own.
    Failed,
    /// It ended because it was told to.
    Cancelled,
    /// It was moved into a file, and goes on where that is imported.
    Moved,
    /// Its rows are being removed; its id is free once they are gone.
    Deleting,
}

impl Status {
    /// Every status, in the order of a run's life.
    pub const ALL: [Self; 8] = [
        Self::Running,
        Self::Sleeping,
        Self::Parked,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
        Self::Moved,
        Self::Deleting,
    ];

    /// The word that stands for this status in a database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Sleeping => "sleeping",
            Self::Parked => "parked",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Moved => "moved",
            Self::Deleting => "deleting",
        }
    }

    /// The status that a word of a database stands for.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether the run has come to its end: its result will not change.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled | Self::Moved)
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a run is named to a store.
#[derive(Clone, Copy, Debug)]
pub enum RunKey<'a> {
    /// By the number that the store gave it; never reused.
    Number(i64),
    /// By the id its starter gave it.
    Id(&'a str),
    /// All runs that a lease owns (for inboxes only).
    Lease(i64),
}

/// A run's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRow {
    /// Given by the store; never reused.
    pub number: i64,
    /// Given by the starter, or a time-ordered UUID.
    pub id: String,
    /// The name of the workflow.
    pub workflow: String,
    /// What the run is doing.
    pub status: Status,
    /// The sequence number of the journal's last entry.
    pub seq: u64,
    /// The lease that owns the run; `None` when nobody does (parked or ended).
    pub lease: Option<i64>,
    /// When the run must be in memory next, in milliseconds since 1970; 0 is now; `None` is never.
    pub wake_at: Option<i64>,
    /// How often the run was loaded since it last made progress.
    pub loads: u32,
    /// Drawn at random for each incarnation of the run; idempotency keys and derived ids come from it.
    pub incarnation: [u8; 16],
    /// What the random numbers of the workflow come from: the incarnation, or in a copy that of the run it was copied from,
    /// so that its history goes on with the same ones.
    pub seed: [u8; 16],
    /// When it was started, in milliseconds since 1970.
    pub created_at: i64,
    /// When its row last changed, in milliseconds since 1970.
    pub updated_at: i64,
    /// Why it is parked, as JSON.
    pub parked: Option<String>,
}

/// Which runs [`Store::runs`](super::Store::runs) gives back. Conditions that are `None` or empty do not restrict.
#[derive(Clone, Debug)]
pub struct RunQuery {
    /// Only runs in one of these.
    pub statuses: Vec<Status>,
    /// Only runs of this workflow.
    pub workflow: Option<String>,
    /// Only runs whose id begins so (compared byte by byte).
    pub id_prefix: Option<String>,
    /// Only runs owned by this lease.
    pub lease: Option<i64>,
    /// Only runs whose `wake_at` is at or after the first and at or before the second of these.
    pub wake_at: Option<(i64, i64)>,
    /// Only runs with a greater number: the last number of the page before.
    pub after: Option<i64>,
    /// Ordered by `wake_at` (then by number) instead of by number, without the runs that are never due.
    pub by_wake_at: bool,
    /// At most this many.
    pub limit: usize,
}

impl Default for RunQuery {
    fn default() -> Self {
        Self {
            statuses: Vec::new(),
            workflow: None,
            id_prefix: None,
            lease: None,
            wake_at: None,
            after: None,
            by_wake_at: false,
            limit: 1_000,
        }
    }
}

/// A page of runs. A row that cannot be read is named and passed over: it must not keep the others from going on.
#[derive(Clone, Debug, Default)]
pub struct RunPage {
    /// The runs, in the order that was asked for.
    pub runs: Vec<RunRow>,
    /// What was passed over: each names the run.
    pub damaged: Vec<StoreError>,
    /// The number of the last row of a full page, readable or not: [`RunQuery::after`] of the next one. `None` if there
    /// is no next one.
    pub next: Option<i64>,
}

/// One entry of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryRow {
    /// Its number in the run, from 1, without gaps.
    pub seq: u64,
    /// The format it was written in; see [`journal::FORMAT`](crate::journal::FORMAT).
    pub format: u16,
    /// What happened.
    pub kind: Kind,
    /// The entry whose delivery made the workflow do this; `None` for what the workflow did not do.
    pub cause: Option<u64>,
    /// When it was appended, in milliseconds since 1970.
    pub at: i64,
    /// The position of the call that it belongs to.
    pub position: Option<u64>,
    /// The name of the step, workflow or context.
    pub name: Option<String>,
    /// The attempt of the step.
    pub attempt: Option<u32>,
    /// The entry whose context the step saw.
    pub context: Option<u64>,
    /// When something is due, in milliseconds since 1970.
    pub due: Option<i64>,
    /// Arguments, result, error, reason: what `kind` says.
    pub value: Option<Value>,
}

/// One value of one context field: the newest at or below a sequence number is the field's value then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldRow {
    /// The entry that wrote it.
    pub seq: u64,
    /// The format it was written in.
    pub format: u16,
    /// The field's name.
    pub name: String,
    /// The value.
    pub value: Value,
}

/// Something told to a run from outside that its owner has not yet taken into the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxRow {
    /// In order of arrival over all runs.
    pub number: i64,
    /// The run it is for.
    pub run: i64,
    /// What it is: `cancel` today.
    pub kind: String,
    /// Given by the sender so that the same thing sent twice arrives once.
    pub key: Option<String>,
    /// When it was sent, in milliseconds since 1970.
    pub at: i64,
    /// What was said.
    pub value: Option<Value>,
}

/// Who owns runs: a lease is held by one engine at a time, and a run belongs to a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseRow {
    /// Given by the store; never reused.
    pub number: i64,
    /// The random id of the engine that holds it.
    pub owner: String,
    /// Grows by one with each new holder: an append with an older epoch is rejected.
    pub epoch: i64,
    /// Grows while the holder lives; it holds no wall time.
    pub beat: i64,
}
