//! The rows that a store gives back.

use super::{Status, StoreError};
use crate::record::{InboxKind, Kind};
use crate::value::Value;

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
    /// What the engine keeps of the processes that died with the run at work; 0 once it has made progress.
    pub loads: u32,
    /// Drawn at random for each execution of the run; idempotency keys and derived ids come from it.
    pub execution: [u8; 16],
    /// What the random numbers of the workflow come from: the execution, or in a copy that of the run it was copied from,
    /// so that its history goes on with the same ones.
    pub seed: [u8; 16],
    /// When it was started, in milliseconds since 1970.
    pub created_at: i64,
    /// When its row last changed, in milliseconds since 1970.
    pub updated_at: i64,
    /// Why it is parked, as JSON.
    pub parked: Option<String>,
    /// The version of the workflow that it was started with; from 1.
    pub version: u32,
    /// The run that started it and whose cancellation reaches it; its [`first_run`](RunRow::first_run).
    pub parent: Option<i64>,
    /// The number of the first run that had this run's id before it went on with a fresh journal or was rewound: its own
    /// number if it is the first. What observers read of it (streams, published values) belongs to this number.
    pub first_run: i64,
    /// The run whose history it began with or whose id it took over.
    pub forked_from: Option<i64>,
    /// The run that took over its id.
    pub successor: Option<i64>,
    /// No other run that has not ended may have the same key.
    pub dedup: Option<String>,
}

impl RequestRow {
    /// Stands in [`answered`](Self::answered) of an open question whose run was moved: it is asked where the run goes on.
    pub const MOVED: &'static str = "moved";

    /// Whether the question is open: neither answered, nor gone with its run to another database.
    pub(crate) const fn is_open(&self) -> bool {
        self.answered.is_none()
    }

    /// Whether the question went with its run to another database.
    pub(crate) fn is_moved(&self) -> bool {
        self.answered.as_deref() == Some(Self::MOVED)
    }
}

impl RunRow {
    /// The id that the run had while it was at work, under which its contents are kept: another may have taken it since.
    pub(crate) fn id_at_work(&self) -> &str {
        let suffix = format!("~{}", self.number);
        let before = self.id.strip_suffix(suffix.as_str()).filter(|_| self.successor.is_some());
        before.unwrap_or(&self.id)
    }
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
    /// Only runs whose `updated_at` is after this.
    pub updated_after: Option<i64>,
    /// Only runs with a greater number: the last number of the page before.
    pub after: Option<i64>,
    /// Only runs with all of these labels.
    pub labels: Vec<(String, String)>,
    /// Only runs whose parent is this first run.
    pub parent: Option<i64>,
    /// Only runs whose history began with that of this run, or that took over its id.
    pub forked_from: Option<i64>,
    /// Ordered by `wake_at` (then by number) instead of by number, without the runs that are never due.
    pub by_wake_at: bool,
    /// Only runs that come after this `wake_at` and number in the order of [`by_wake_at`](RunQuery::by_wake_at).
    pub after_due: Option<(i64, i64)>,
    /// Ordered by id, compared byte by byte, instead of by number.
    pub by_id: bool,
    /// Only runs with a greater id, in the order of [`by_id`](RunQuery::by_id): the last id of the page before.
    pub after_id: Option<String>,
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
            updated_after: None,
            after: None,
            labels: Vec::new(),
            parent: None,
            forked_from: None,
            by_wake_at: false,
            after_due: None,
            by_id: false,
            after_id: None,
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
    /// The same in the order of [`RunQuery::by_wake_at`]: [`RunQuery::after_due`] of the next page.
    pub next_due: Option<(i64, i64)>,
}

/// One entry of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryRow {
    /// Its number in the run, from 1, without gaps.
    pub seq: u64,
    /// The format it was written in; see `FORMAT`.
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
    /// The entry whose context the step saw; of an entry that wrote shared state, or a context that is continued, how many
    /// rows of fields it wrote.
    pub context: Option<u64>,
    /// When something is due, in milliseconds since 1970.
    pub due: Option<i64>,
    /// Arguments, result, error, reason: what `kind` says.
    pub value: Option<Value>,
    /// The id of the other run that it concerns, or the key of what a step has written: what `kind` says.
    pub other: Option<String>,
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
    /// What it is.
    pub kind: InboxKind,
    /// Given by the sender so that the same thing sent twice arrives once.
    pub key: Option<String>,
    /// When it was sent, in milliseconds since 1970.
    pub at: i64,
    /// The channel of a message, the id of an answered request, the status of a run that ended.
    pub name: Option<String>,
    /// The position of the call that waits for it.
    pub position: Option<u64>,
    /// The id of the run that sent it.
    pub sender: Option<String>,
    /// What was said.
    pub value: Option<Value>,
}

/// A question that a run has asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRow {
    /// Drawn by the asking run; 32 hexadecimal digits.
    pub id: String,
    /// The run that asks.
    pub run: i64,
    /// The position of the call that waits for the answer.
    pub position: u64,
    /// The name of the question's type.
    pub name: String,
    /// The name of the answer's type.
    pub answer: String,
    /// When it was asked, in milliseconds since 1970.
    pub at: i64,
    /// Until when an answer is waited for.
    pub due: Option<i64>,
    /// The hash of the answer, once there is one; [`MOVED`](Self::MOVED) if the run was moved while it was open.
    pub answered: Option<String>,
    /// The question.
    pub value: Value,
}

/// Which requests [`Store::requests`](super::Store::requests) gives back.
#[derive(Clone, Copy, Debug)]
pub enum RequestKey<'a> {
    /// The one with this id, answered or not.
    Id(&'a str),
    /// Those of a run that are not answered.
    Run(i64),
    /// Those of all runs that are not answered, after this id, at most so many; in order of their ids.
    Open {
        /// The last id of the page before; empty for the first.
        after: &'a str,
        /// At most this many.
        limit: usize,
    },
}

/// An output of a run: an item of a stream, or a version of a published value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputRow {
    /// Its number in its channel, from 1, without gaps.
    pub item: u64,
    /// The run that wrote it.
    pub run: i64,
    /// The entry that wrote it.
    pub seq: u64,
    /// When it was written, in milliseconds since 1970.
    pub at: i64,
    /// What was written; `None` closes a stream.
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
    pub heartbeat: i64,
}
