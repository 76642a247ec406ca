//! What a decision needs of a database: rows found by a key, and changes of rows.

mod tasks;

use crate::record::{AttemptOutcome, InboxKind};
use crate::store::audit::{ActOutcome, AuditRow, JobRow};
use crate::store::{
    EntryRow, FieldRow, LeaseRow, NewInboxItem, OutputRow, RequestRow, RunKey, RunRow, ScheduleRow, Status, StoreError,
    TakenItem, TraceMark, UserCode,
};
use crate::value::Value;
pub(in crate::store) use tasks::{KeyChange, Served, TaskChange, TaskHead, TaskRows, WaitingKey};

/// The rows of a database within one transaction. What a method changes, the later ones see.
///
/// None of them decides anything: whether a write is allowed, and which rows it changes, is said in `decide` alone.
pub(in crate::store) trait Rows: TaskRows {
    /// Returns the epoch of a lease.
    fn epoch(&self, lease: i64) -> Result<Option<i64>, StoreError>;

    /// Returns a lease.
    fn lease(&self, number: i64) -> Result<Option<LeaseRow>, StoreError>;

    /// Inserts a lease in epoch 1 with heartbeat 0, and returns its number.
    fn open_lease(&mut self, owner: &str) -> Result<i64, StoreError>;

    /// Replaces the row of a lease.
    fn change_lease(&mut self, row: &LeaseRow) -> Result<(), StoreError>;

    /// Removes a lease.
    fn remove_lease(&mut self, number: i64) -> Result<(), StoreError>;

    /// Returns whether a lease owns a run.
    fn owns_runs(&self, lease: i64) -> Result<bool, StoreError>;

    /// Gives the running, sleeping and paused runs without a lease, or with one that is gone, to this one. Returns how
    /// many they are.
    fn adopt(&mut self, lease: i64) -> Result<usize, StoreError>;

    /// Gives running, sleeping and paused runs without a lease, of these workflows, to this one: at most `limit`.
    /// Returns their numbers in order, and when each is due.
    fn claim_served(
        &mut self,
        lease: i64,
        served: &[(String, u32)],
        limit: usize,
    ) -> Result<Vec<(i64, Option<i64>)>, StoreError>;

    /// Returns what appends and messages need to know of a run.
    fn state(&self, run: i64) -> Result<Option<RunState>, StoreError>;

    /// Returns a run.
    fn run(&self, key: RunKey<'_>) -> Result<Option<RunRow>, StoreError>;

    /// Returns the run that holds a deduplication key.
    fn holder(&self, dedup: &str) -> Result<Option<RunRow>, StoreError>;

    /// Returns a run with this execution and a number above `after`, other than `but`.
    fn twin(&self, execution: [u8; 16], after: i64, but: Option<i64>) -> Result<Option<RunRow>, StoreError>;

    /// Inserts a run, whose entries are inserted next, and returns its number. That of the row is ignored, and its first
    /// run is itself if that is 0.
    fn insert_run(&mut self, row: &RunRow) -> Result<i64, StoreError>;

    /// Changes columns of a run's row.
    fn change_run(&mut self, run: i64, change: &RunChange<'_>) -> Result<(), StoreError>;

    /// Removes the row of a run.
    fn remove_run(&mut self, run: i64) -> Result<(), StoreError>;

    /// Inserts entries that follow the run's last one, and the values of fields that they write.
    fn append(&mut self, run: i64, entries: &[EntryRow], fields: &[FieldRow]) -> Result<(), StoreError>;

    /// Returns the value of an entry.
    fn value(&self, run: i64, seq: u64) -> Result<Option<Value>, StoreError>;

    /// Sets a label, or removes it.
    fn label(&mut self, run: i64, name: &str, value: Option<&str>) -> Result<(), StoreError>;

    /// Sets the key of an indexed field, or removes it.
    fn index(&mut self, run: i64, workflow: &str, name: &str, value: Option<&str>) -> Result<(), StoreError>;

    /// Returns the indexed fields of a run with their keys, in order of their names.
    fn indexed(&self, run: i64) -> Result<Vec<(String, String)>, StoreError>;

    /// Returns the number of the item that arrived in an inbox under this key, taken or not.
    fn item(&self, run: i64, key: &str) -> Result<Option<i64>, StoreError>;

    /// Returns all items of an inbox, taken or not, in order of their numbers.
    fn items(&self, run: i64) -> Result<Vec<ItemHead>, StoreError>;

    /// Inserts an item whose key has not arrived, and returns its number.
    fn insert_item(&mut self, run: i64, item: &NewInboxItem) -> Result<i64, StoreError>;

    /// Inserts the mark of an item that was taken, unless its key has arrived.
    fn insert_taken(&mut self, run: i64, item: &TakenItem) -> Result<(), StoreError>;

    /// Takes an item of this run: removes one without a key, and leaves a mark of one with a key.
    fn take_item(&mut self, run: i64, item: i64, at: i64) -> Result<(), StoreError>;

    /// Moves an item to another run, or behind all others there.
    fn move_item(&mut self, item: i64, to: i64, place: Place) -> Result<(), StoreError>;

    /// Removes an item, with its mark.
    fn remove_item(&mut self, item: i64) -> Result<(), StoreError>;

    /// Returns a request.
    fn request(&self, id: &str) -> Result<Option<RequestRow>, StoreError>;

    /// Returns the ids of the unanswered requests of a run.
    fn open_requests(&self, run: i64) -> Result<Vec<String>, StoreError>;

    /// Inserts a request with a new id.
    fn insert_request(&mut self, row: &RequestRow) -> Result<(), StoreError>;

    /// Changes a request's run, answer and value.
    fn change_request(&mut self, id: &str, change: &RequestChange<'_>) -> Result<(), StoreError>;

    /// Removes a request.
    fn remove_request(&mut self, id: &str) -> Result<(), StoreError>;

    /// Inserts the next item of a channel, whatever the number in `output`, and returns its number.
    fn insert_output(&mut self, first_run: i64, channel: &str, output: &OutputRow) -> Result<i64, StoreError>;

    /// Returns the runs that are related to one, in order of their numbers.
    fn related(&self, run: i64, how: Relation) -> Result<Vec<Related>, StoreError>;

    /// Returns whether one run waits for the end of another at this command index.
    fn watches(&self, watcher: i64, position: u64, run: i64) -> Result<bool, StoreError>;

    /// Has a run wait for the end of another.
    fn watch(&mut self, watcher: i64, position: u64, run: i64) -> Result<(), StoreError>;

    /// Has nothing wait any more for the end of a run.
    fn end_watch(&mut self, run: i64) -> Result<(), StoreError>;

    /// Has those that wait for the end of one run wait for that of another.
    fn move_watchers(&mut self, from: i64, to: i64) -> Result<(), StoreError>;

    /// Returns a schedule.
    fn schedule(&self, name: &str) -> Result<Option<ScheduleRow>, StoreError>;

    /// Inserts or replaces the row of a schedule.
    fn put_schedule(&mut self, row: &ScheduleRow) -> Result<(), StoreError>;

    /// Removes a schedule.
    fn remove_schedule(&mut self, name: &str) -> Result<(), StoreError>;

    /// Returns how the action with this key went, if it has a record.
    fn audited(&self, key: &str) -> Result<Option<ActOutcome>, StoreError>;

    /// Inserts the record of an action, or replaces outcome and details of the one with its key.
    fn record(&mut self, row: &AuditRow) -> Result<(), StoreError>;

    /// Returns a job.
    fn job(&self, number: i64) -> Result<Option<JobRow>, StoreError>;

    /// Inserts a job, whatever its number, and returns the number that is drawn.
    fn insert_job(&mut self, row: &JobRow) -> Result<i64, StoreError>;

    /// Replaces the row of a job.
    fn change_job(&mut self, row: &JobRow) -> Result<(), StoreError>;
    /// Has the holder of a lease owe the spans of a run that ends.
    fn owe_trace(&mut self, run: i64, lease: i64) -> Result<(), StoreError>;

    /// Changes how far the spans of a run were exported.
    fn mark_trace(&mut self, mark: TraceMark) -> Result<(), StoreError>;

    /// Has the holder of this lease owe what those of leases owed that are gone. Returns of how many runs.
    fn claim_traces(&mut self, lease: i64) -> Result<usize, StoreError>;

    /// Removes at most `limit` rows of a run in one table, and returns how many were removed.
    fn remove_part(&mut self, run: i64, part: Part, limit: usize) -> Result<usize, StoreError>;

    /// Runs a user's code. If it returns a value, `record` writes it, and otherwise its own rows are rolled back.
    fn user_code(&mut self, code: &UserCode, record: Record<'_, Self>) -> Result<AttemptOutcome, StoreError>
    where
        Self: Sized;
}

/// Writes the value of a user's code within its transaction.
pub(in crate::store) type Record<'a, R> = &'a mut dyn FnMut(&mut R, &Value) -> Result<(), StoreError>;

/// What appends and messages need to know of a run.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct RunState {
    pub(in crate::store) status: Status,
    pub(in crate::store) lease: Option<i64>,
    /// The sequence number of the last entry; `None` if a row has something that is no number.
    pub(in crate::store) seq: Option<u64>,
    /// `None` if the row has something that is no time.
    pub(in crate::store) wake_at: Option<Option<i64>>,
    /// `None` if the row has something that is no number.
    pub(in crate::store) loads: Option<u32>,
    pub(in crate::store) first_run: i64,
    pub(in crate::store) successor: Option<i64>,
    pub(in crate::store) has_dedup: bool,
    /// Whether it waits in a queue for room to begin and to go on.
    pub(in crate::store) has_queue: bool,
}

/// New values of a run's row: `None` leaves a column as it is.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::store) struct RunChange<'a> {
    pub(in crate::store) id: Option<&'a str>,
    pub(in crate::store) status: Option<Status>,
    /// The last entry at this change, which most appends leave behind.
    #[cfg_attr(not(feature = "sqlite"), allow(dead_code, reason = "in memory, the entries say it"))]
    pub(in crate::store) seq: Option<u64>,
    pub(in crate::store) lease: Option<Option<i64>>,
    pub(in crate::store) wake_at: Option<Option<i64>>,
    pub(in crate::store) loads: Option<u32>,
    pub(in crate::store) updated_at: Option<i64>,
    pub(in crate::store) parked: Option<Option<&'a str>>,
    pub(in crate::store) successor: Option<i64>,
    /// Whether it no longer holds a deduplication key.
    pub(in crate::store) frees_dedup: bool,
}

/// New values of a request: `None` leaves a column as it is.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::store) struct RequestChange<'a> {
    pub(in crate::store) run: Option<i64>,
    pub(in crate::store) answered: Option<&'a str>,
    pub(in crate::store) value: Option<&'a Value>,
}

/// An item of an inbox without its contents.
#[derive(Clone, Debug)]
pub(in crate::store) struct ItemHead {
    pub(in crate::store) number: i64,
    pub(in crate::store) kind: InboxKind,
    pub(in crate::store) key: Option<String>,
    pub(in crate::store) taken: bool,
}

/// Where an item goes in the inbox of another run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Place {
    /// It keeps its number.
    Kept,
    /// It gets a new number, behind all others.
    Last,
}

/// How runs are related to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Relation {
    /// The runs whose parent is this first run.
    Child,
    /// The runs that wait for the end of this one.
    Waiting,
    /// The runs for whose end this one waits.
    Awaited,
}

/// A related run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::store) struct Related {
    pub(in crate::store) run: i64,
    /// The command index of the call that waits; 0 for a child.
    pub(in crate::store) position: u64,
}

/// The rows of a run that are removed before its own row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Part {
    Entries,
    Fields,
    Items,
    Requests,
    /// Of the run as the one that is watched, and as the one that watches.
    Watches,
    Labels,
    Traces,
    Indexed,
    /// Of the first run with this number.
    Outputs,
}
