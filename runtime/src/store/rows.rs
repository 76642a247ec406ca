//! The rows that a store returns.

use super::indexed::IndexedIn;
use super::{Status, StoreError};
use crate::record::{InboxKind, Kind, WrittenFields};
use crate::value::{Encoding, Value};
use std::sync::Arc;

/// A key by which a store finds runs.
#[derive(Clone, Copy, Debug)]
pub enum RunKey<'a> {
    /// The number that the store assigned; never reused.
    Number(i64),
    /// The id that its starter chose.
    Id(&'a str),
    /// All runs that a lease owns (for inboxes only).
    Lease(i64),
}

/// A run's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRow {
    /// The number assigned by the store; never reused.
    pub number: i64,
    /// The id chosen by the starter, or a time-ordered UUID.
    pub id: String,
    /// The name of the workflow.
    pub workflow: String,
    /// The status of the run.
    pub status: Status,
    /// The sequence number of the journal's last entry.
    pub seq: u64,
    /// The lease that owns the run; `None` when no lease does (parked or ended).
    pub lease: Option<i64>,
    /// The time at which the run must be active next, in milliseconds since 1970; 0 is now; `None` is never.
    pub wake_at: Option<i64>,
    /// The engine's record of the processes that died with the run at work; 0 once it has made progress.
    pub loads: u32,
    /// The random id of this execution of the run; idempotency keys and derived ids come from it.
    pub execution: [u8; 16],
    /// The source of the workflow's random numbers: the execution, or in a copy the seed of the run it was copied from,
    /// so that its history continues with the same numbers.
    pub seed: [u8; 16],
    /// The time at which it was started, in milliseconds since 1970.
    pub created_at: i64,
    /// The time at which its status, its due time, or why it is parked last changed, in milliseconds since 1970.
    pub updated_at: i64,
    /// The reason why it is parked, as JSON.
    pub parked: Option<String>,
    /// The version of the workflow that it was started with, from 1.
    pub version: u32,
    /// The run that started it and whose cancellation reaches it, by its [`first_run`](RunRow::first_run).
    pub parent: Option<i64>,
    /// The number of the first run that had this run's id before a continue-as-new or a rewind: its own number if it is
    /// the first. Outputs (streams, published values) belong to this number.
    pub first_run: i64,
    /// The run whose history it began with or whose id it took.
    pub forked_from: Option<i64>,
    /// The run that took its id.
    pub successor: Option<i64>,
    /// The deduplication key: no other run that has not ended may have the same one.
    pub dedup: Option<String>,
    /// The queue in which it waits for room to begin and to go on.
    pub queue: Option<String>,
}

impl RequestRow {
    /// The value of [`answered`](Self::answered) for an open request whose run was moved: it is open where the run was
    /// imported.
    pub const MOVED: &'static str = "moved";

    /// Returns whether the request is open: neither answered, nor moved with its run to another database.
    pub(crate) const fn is_open(&self) -> bool {
        self.answered.is_none()
    }

    /// Returns whether the request was moved with its run to another database.
    pub(crate) fn is_moved(&self) -> bool {
        self.answered.as_deref() == Some(Self::MOVED)
    }
}

impl RunRow {
    /// Returns the id that the run had while it was at work, under which its contents are kept. Another run may have
    /// taken it since.
    pub(crate) fn id_at_work(&self) -> &str {
        let suffix = format!("~{}", self.number);
        let before = self.id.strip_suffix(suffix.as_str()).filter(|_| self.successor.is_some());
        before.unwrap_or(&self.id)
    }
}

/// The conditions of [`Store::runs`](super::Store::runs). Those that are `None` or empty do not restrict.
#[derive(Clone, Debug)]
pub struct RunQuery {
    /// Only runs in one of these.
    pub statuses: Vec<Status>,
    /// Only runs of this workflow.
    pub workflow: Option<String>,
    /// Only runs whose id begins with this (compared byte by byte).
    pub id_prefix: Option<String>,
    /// Only runs owned by this lease.
    pub lease: Option<i64>,
    /// Only running, sleeping and paused runs that no lease owns, of these workflows and versions. They come in any
    /// order, and [`after`](RunQuery::after) does not continue them.
    pub unowned: Option<Arc<Vec<(String, u32)>>>,
    /// Only runs whose `wake_at` is at or after the first and at or before the second of these.
    pub wake_at: Option<(i64, i64)>,
    /// Only runs whose `updated_at` is after this.
    pub updated_after: Option<i64>,
    /// Only runs with a greater number: the last number of the page before.
    pub after: Option<i64>,
    /// Only runs with all of these labels.
    pub labels: Vec<(String, String)>,
    /// Only runs whose indexed fields have such keys.
    pub fields: Vec<IndexedIn>,
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
    /// In descending order of number: [`after`](RunQuery::after) then selects smaller numbers. Not in another order.
    pub newest_first: bool,
    /// Only runs whose id contains this (compared byte by byte).
    pub id_contains: Option<String>,
    /// Only runs whose `created_at` is at or after the first and before the second of these.
    pub created: (Option<i64>, Option<i64>),
    /// Only runs whose `updated_at` is at or after the first and before the second of these.
    pub updated: (Option<i64>, Option<i64>),
    /// Reads no more rows of an index than about this: where few of many rows match, a page then has fewer runs than
    /// there are, and a [`next`](RunPage::next) all the same.
    pub most_rows: usize,
    /// At most this many.
    pub limit: usize,
}

impl RunQuery {
    /// Returns whether a row is one of those that nobody owns, if only such are wanted.
    pub(crate) fn leaves_to_all(&self, row: &RunRow) -> bool {
        let Some(served) = &self.unowned else { return true };
        let is_of = |(name, version): &(String, u32)| *name == row.workflow && *version == row.version;
        row.lease.is_none() && row.status.is_driven() && served.iter().any(is_of)
    }
}

impl Default for RunQuery {
    fn default() -> Self {
        Self {
            statuses: Vec::new(),
            workflow: None,
            id_prefix: None,
            lease: None,
            unowned: None,
            wake_at: None,
            updated_after: None,
            after: None,
            labels: Vec::new(),
            fields: Vec::new(),
            parent: None,
            forked_from: None,
            by_wake_at: false,
            after_due: None,
            by_id: false,
            after_id: None,
            newest_first: false,
            id_contains: None,
            created: (None, None),
            updated: (None, None),
            most_rows: usize::MAX,
            limit: 1_000,
        }
    }
}

/// A page of runs. A row that cannot be read is named and skipped: it must not block the others.
#[derive(Clone, Debug, Default)]
pub struct RunPage {
    /// The runs, in the order of the query.
    pub runs: Vec<RunRow>,
    /// An error for each skipped row; each names the run.
    pub damaged: Vec<StoreError>,
    /// The number of the last row of a full page, readable or not, or of the last one that was read of
    /// [`RunQuery::most_rows`]: [`RunQuery::after`] of the next page. `None` if there is no next one.
    pub next: Option<i64>,
    /// The last row of a full page in the order of [`RunQuery::by_wake_at`]: [`RunQuery::after_due`] of the next page.
    pub next_due: Option<(i64, i64)>,
}

/// One entry of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryRow {
    /// Its number in the run, from 1, without gaps.
    pub seq: u64,
    /// The format it was written in; see `FORMAT`.
    pub format: u16,
    /// The kind of the entry.
    pub kind: Kind,
    /// The entry whose delivery made the workflow do this; `None` if the workflow did not do it.
    pub cause: Option<u64>,
    /// The time at which it was appended, in milliseconds since 1970.
    pub at: i64,
    /// The command index of the call that it belongs to.
    pub position: Option<u64>,
    /// The name of the step, workflow or context.
    pub name: Option<String>,
    /// The attempt of the step.
    pub attempt: Option<u32>,
    /// The entry whose context the step saw. For an entry that wrote shared state, or a context of a continue-as-new:
    /// the number of rows of fields that it wrote.
    pub context: Option<u64>,
    /// The time at which something is due, in milliseconds since 1970.
    pub due: Option<i64>,
    /// The arguments, result, error or reason, depending on `kind`.
    pub value: Option<Value>,
    /// The id of the other run that it concerns, or the key of what a step has written, depending on `kind`.
    pub other: Option<String>,
}

impl EntryRow {
    /// Returns whether this entry may have written rows of fields.
    pub(crate) fn writes_fields(&self) -> bool {
        match self.kind.written_fields() {
            WrittenFields::None => false,
            WrittenFields::Counted | WrittenFields::Listed | WrittenFields::InSchema => true,
            WrittenFields::IfStored => self.value.as_ref().is_some_and(|value| value.encoding == Encoding::Stored),
        }
    }
}

/// One value of one context field: the newest at or below a sequence number is the field's value at that point.
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

/// An item sent to a run from outside that its owner has not yet taken into the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxRow {
    /// The number of the item, in order of arrival over all runs.
    pub number: i64,
    /// The run it is for.
    pub run: i64,
    /// The kind of the item.
    pub kind: InboxKind,
    /// The key chosen by the sender, so that the same item sent twice arrives once.
    pub key: Option<String>,
    /// The time at which it was sent, in milliseconds since 1970.
    pub at: i64,
    /// The channel of a message, the id of an answered request, or the status of a run that ended.
    pub name: Option<String>,
    /// The command index of the call that waits for it.
    pub position: Option<u64>,
    /// The id of the run that sent it.
    pub sender: Option<String>,
    /// The payload.
    pub value: Option<Value>,
}

/// A human-in-the-loop request of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRow {
    /// The id drawn by its run: 32 hexadecimal digits.
    pub id: String,
    /// The run that made the request.
    pub run: i64,
    /// The command index of the call that waits for the answer.
    pub position: u64,
    /// The name of the request's type.
    pub name: String,
    /// The name of the answer's type.
    pub answer: String,
    /// The time at which it was made, in milliseconds since 1970.
    pub at: i64,
    /// The time until which the run waits for an answer.
    pub due: Option<i64>,
    /// The hash of the answer, once there is one; [`MOVED`](Self::MOVED) if the run was moved while the request was
    /// open.
    pub answered: Option<String>,
    /// The request itself.
    pub value: Value,
}

/// The key by which [`Store::requests`](super::Store::requests) finds requests.
#[derive(Clone, Copy, Debug)]
pub enum RequestKey<'a> {
    /// The request with this id, answered or not.
    Id(&'a str),
    /// The unanswered requests of a run.
    Run(i64),
    /// One page of the unanswered requests of all runs, in order of their ids.
    Open {
        /// The last id of the page before; empty for the first.
        after: &'a str,
        /// At most this many.
        limit: usize,
    },
    /// One page of the requests of a run, answered or not, in order of their ids.
    OfRun {
        /// The number of the run.
        run: i64,
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
    /// The time at which it was written, in milliseconds since 1970.
    pub at: i64,
    /// The value written; `None` closes a stream.
    pub value: Option<Value>,
}

/// The owner of a lease that was handed back.
pub(crate) const NOBODY: &str = "nobody";

/// A lease, which one engine holds at a time and to which runs belong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseRow {
    /// The number assigned by the store; never reused.
    pub number: i64,
    /// The random id of the engine that holds it.
    pub owner: String,
    /// The epoch, which grows by one with each new holder: an append with an older one is rejected.
    pub epoch: i64,
    /// The heartbeat counter, which grows while the holder lives; it holds no wall time.
    pub heartbeat: i64,
    /// What its holder says of itself, as JSON.
    pub about: Option<String>,
    /// The time of its last change by the database's clock, in milliseconds since 1970: for people, never to be compared.
    pub seen: Option<i64>,
}

/// The runs of one workflow and version that wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingRuns {
    /// The name of the workflow.
    pub workflow: String,
    /// Its version.
    pub version: u32,
    /// The earliest `updated_at` of them, in milliseconds since 1970.
    pub since: i64,
    /// Their number.
    pub count: u64,
}
