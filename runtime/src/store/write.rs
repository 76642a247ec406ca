//! The writes of a store, and the answer to each.

pub(super) mod answer;
mod flaw;
pub(super) mod imported;
pub(super) mod item;
mod new_row;
pub(super) mod new_run;
pub(super) mod outgoing;

use super::Status;
use super::audit::{Act, JobRow};
use super::queue::QueueChange;
use super::rows::{EntryRow, FieldRow};
use super::schedule::{Fire, ScheduleRow};
use super::trace_mark::TraceMark;
use super::user_code::{Transaction, UserCode};
#[cfg(doc)]
use answer::{Rejected, Written};
use imported::ImportedRun;
pub(super) use item::End;
use item::NewInboxItem;
use new_run::{NewRun, PlaceChange};
use outgoing::Outgoing;
use std::sync::Arc;

/// A lease as its holder sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The lease's number.
    pub number: i64,
    /// The epoch in which this holder holds it.
    pub epoch: i64,
}

/// One write of a batch.
#[derive(Clone, Debug)]
pub enum Write {
    /// Creates a run with its first entries. Rejected with [`Rejected::Exists`] if the id is taken, otherwise with
    /// [`Rejected::Fenced`] if the lease is no longer held, with [`Rejected::Refused`] if it has no key in a queue that
    /// has keys, and with [`Rejected::Held`] if another run keeps the deduplication key. The answer is
    /// [`Written::Number`], or [`Written::Appended`] if another run is cancelled for it.
    Start(NewRun),
    /// Imports a run with all its history, in one commit. Rejected with [`Rejected::Exists`] if the id is taken (or its
    /// execution, for [`ImportedRun::unique`]), otherwise with [`Rejected::Fenced`] if its lease is no longer held.
    Import(Box<ImportedRun>),
    /// Appends entries of the run's owner. Rejected with [`Rejected::Fenced`] unless the run belongs to the lease, the
    /// lease is in that epoch, and the run's last entry is the one named. Also rejected so if the run is to be
    /// [`Status::Moved`] while another run is bound to it: see [`Bond`](super::Bond).
    Append(Arc<Append>),
    /// Runs code that writes to the user's own tables, starts runs and writes to inboxes. Rejected with
    /// [`Rejected::Refused`] if it fails.
    Transaction(UserCode),
    /// Puts an item into a run's inbox. Rejected with [`Rejected::NoSuchRun`], or with [`Rejected::Ended`] once the
    /// run's status is final or deleting. An item whose key has arrived in that inbox before, taken or not, is written
    /// once: the answer is the number of the first, even if the run has ended since.
    Send(NewInboxItem),
    /// Claims a run without an owner for a lease. Rejected with [`Rejected::Fenced`] if a lease owns it, if it has
    /// ended or if the lease is lost, and with [`Rejected::NoSuchRun`].
    Claim {
        /// The run's number.
        run: i64,
        /// The lease that claims it.
        lease: Lease,
    },
    /// Claims running, sleeping or paused runs without an owner, of these workflows only: at most `limit`. May leave
    /// out runs that another connection claims at the same time. Rejected with [`Rejected::Fenced`] if the lease is
    /// lost. The answer is [`Written::Runs`].
    ClaimServed {
        /// The lease that claims them.
        lease: Lease,
        /// The names and versions of the workflows.
        served: Arc<Vec<(String, u32)>>,
        /// The most runs.
        limit: usize,
    },
    /// Gives a sleeping run to another lease, whose holder then owns it. The owner must not drive the run meanwhile.
    /// Rejected with [`Rejected::NoSuchRun`], and with [`Rejected::Fenced`] unless both leases are held in these epochs
    /// and the run sleeps under the first one. The answer is [`Written::Done`].
    Give {
        /// The run's number.
        run: i64,
        /// The lease that owns it.
        from: Lease,
        /// The lease that it goes to.
        to: Lease,
    },
    /// Claims the running, sleeping or paused runs that no lease owns, because they name none or one that does not
    /// exist. Rejected with [`Rejected::Fenced`] if the lease is lost. The answer is their number.
    Adopt(Lease),
    /// Creates a lease in epoch 1 with heartbeat 0.
    OpenLease {
        /// The random id of the engine.
        owner: String,
    },
    /// Advances the heartbeat. Rejected with [`Rejected::Fenced`] if the engine no longer holds the lease.
    Heartbeat(Lease),
    /// Has the holder of a lease say what it is, as JSON, until the lease is taken. Rejected with [`Rejected::Fenced`]
    /// if the lease is lost.
    Describe {
        /// The lease.
        lease: Lease,
        /// What its holder says of itself.
        about: String,
    },
    /// Takes over a lease from a holder that stopped, in the next epoch. Rejected with [`Rejected::Fenced`] unless
    /// epoch and heartbeat are still those that were seen.
    TakeLease {
        /// The lease's number and the epoch that was seen.
        seen: Lease,
        /// The heartbeat that was seen.
        heartbeat: i64,
        /// The random id of the engine that takes it over.
        owner: String,
    },
    /// Removes a lease. Rejected with [`Rejected::Fenced`] if it owns a run, runs a task, or is held by another engine.
    CloseLease(Lease),
    /// Claims waiting tasks of a queue that are due, of these steps only: at most `limit`, and as many as the limits of
    /// the queue allow. Those with the lowest [priority](crate::store::TaskRow::priority) come first, then those that
    /// arrived first; in a queue with keys, the keys take turns. May leave out tasks that another connection claims at
    /// the same time. Rejected with [`Rejected::Fenced`] if the lease is lost. The answer is [`Written::Tasks`].
    ClaimTasks {
        /// The lease that claims them.
        lease: Lease,
        /// The queue.
        queue: Arc<str>,
        /// The names of the steps.
        steps: Arc<[String]>,
        /// The most tasks.
        limit: usize,
    },
    /// Has a run that waits in queues go back to its queue, or leave its room there. Rejected with [`Rejected::Fenced`]
    /// if the lease is lost, or another one owns the run; with [`Rejected::NoSuchQueue`] if the run has nothing there.
    /// The answer is [`Written::Done`].
    ChangePlace {
        /// The lease of the engine that drives the run.
        lease: Lease,
        /// The run's number.
        run: i64,
        /// The change.
        change: PlaceChange,
    },
    /// Takes runs out of their queues that have waited too long: those that have not begun in time are cancelled, and
    /// those whose deadline is over are free to end. The answer is [`Written::Number`]: how many there were.
    ExpireRuns {
        /// The most runs.
        limit: usize,
    },
    /// Declares a queue, changes its limits, pauses it, or resumes it. Rejected with [`Rejected::NoSuchQueue`] if it is
    /// not declared, and with [`Rejected::Refused`] if a queue without keys is to have a limit per key. The answer is
    /// [`Written::Done`].
    ChangeQueue {
        /// The queue.
        queue: Arc<str>,
        /// The change.
        change: QueueChange,
    },
    /// Ends an attempt that the holder of a lease has claimed, and puts its outcome into the inbox of its run. The
    /// answer is the number of the item, or [`Written::Done`] if the run no longer waits for the outcome, which is
    /// dropped then. Rejected with [`Rejected::Fenced`] if the lease is lost, or does not run this attempt.
    FinishTask {
        /// The lease.
        lease: Lease,
        /// The command index of the call.
        position: u64,
        /// The number of the attempt.
        attempt: u32,
        /// The outcome, for the inbox of the run that it names.
        item: NewInboxItem,
    },
    /// Records the progress of a claimed task. Rejected with [`Rejected::Fenced`] if the lease is lost, or does not run
    /// this attempt. The answer is [`Written::Done`].
    ReportTask {
        /// The lease.
        lease: Lease,
        /// The run of the task.
        run: i64,
        /// The command index of the call.
        position: u64,
        /// The number of the attempt.
        attempt: u32,
        /// The progress, as JSON.
        progress: String,
    },
    /// Returns a claimed task to its queue, or removes it if it is cancelled. Rejected with [`Rejected::Fenced`] if the
    /// lease is lost, or does not run this attempt. The answer is [`Written::Done`].
    ReturnTask {
        /// The lease.
        lease: Lease,
        /// The run of the task.
        run: i64,
        /// The command index of the call.
        position: u64,
        /// The number of the attempt.
        attempt: u32,
        /// The reason why this engine cannot run it.
        refused: String,
        /// The time in milliseconds for which no engine claims it.
        wait: i64,
    },
    /// Creates a schedule, or replaces its row. Rejected with [`Rejected::Fenced`] unless the schedule is in the
    /// revision that the row names; 0 if there is none. The row that is written has the next revision. The answer is
    /// [`Written::Done`].
    PutSchedule(Box<ScheduleRow>),
    /// Removes a schedule; its runs stay. Rejected with [`Rejected::NoSuchRun`] if there is none, and with
    /// [`Rejected::Fenced`] unless it is in this revision. The answer is [`Written::Done`].
    RemoveSchedule {
        /// The schedule's name.
        schedule: String,
        /// The revision that was seen.
        revision: i64,
    },
    /// Decides a nominal time of a schedule: starts its run, or has it wait, or skips it, by the overlap policy and the
    /// state of the run before. Rejected with [`Rejected::NoSuchRun`] if there is no such schedule, and with
    /// [`Rejected::Fenced`] unless it is in that revision and the lease of the run is held. The answer is
    /// [`Written::Fired`].
    Fire(Box<Fire>),
    /// Records how far the spans of runs were exported. A mark never goes back; of a run that has ended, only the end
    /// of its export is recorded. The answer is [`Written::Done`].
    MarkTraces(Vec<TraceMark>),
    /// Has the holder of a lease export the spans of runs that have ended under leases which are gone. Rejected with
    /// [`Rejected::Fenced`] if the lease is lost. The answer is [`Written::Number`]: how many there are.
    ClaimTraces(Lease),
    /// Delivers an answer to a request to the inbox of its run. Rejected with [`Rejected::NoSuchRun`] if
    /// there is no such request, with [`Rejected::Ended`] if its run has ended without an answer, and with
    /// [`Rejected::Answered`] if it has another answer. The same answer again changes nothing and is [`Written::Done`].
    Answer {
        /// The request's id.
        request: String,
        /// The hash of the answer.
        hash: String,
        /// The inbox item; `run`, `name` and `position` are taken from the request.
        item: NewInboxItem,
    },
    /// Replaces the indexed fields of a run by these. Rejected with [`Rejected::NoSuchRun`], and with
    /// [`Rejected::Fenced`] unless its last entry is the one named. The answer is [`Written::Done`].
    Index {
        /// The run's number.
        run: i64,
        /// Its last entry.
        seq: u64,
        /// The fields, each name once, with the keys of their values.
        fields: Vec<(String, String)>,
    },
    /// Deletes at most `rows` rows (the entries of one append may be one) of a run that has ended or has no owner.
    /// Marks it as deleting first, and removes its own row last. The answer is [`Written::Deleted`]: `true` when
    /// nothing is left. If runs wait for its end, marking it notifies them that it is [`Status::Deleting`], removes
    /// nothing yet, and answers [`Written::Marked`]. Rejected with [`Rejected::NoSuchRun`], and with
    /// [`Rejected::Fenced`] when the run is owned and not ended.
    Delete {
        /// The run's number.
        run: i64,
        /// The number of rows to remove at most.
        rows: usize,
    },
    /// Performs an action of an operator and records it. Rejected, and not recorded, as the write of the action is;
    /// otherwise its answer is that of the write, or [`Written::Done`] if the key of the action has a record that it is
    /// over.
    Act(Box<Act>),
    /// Appends to a parked run that no lease owns, whatever lease the append names, and ends it or leaves it to any
    /// engine that has its workflow. Rejected with [`Rejected::NoSuchRun`], and with [`Rejected::Fenced`] if the run is
    /// not parked, a lease owns it, or its last entry is another one.
    AppendParked(Arc<Append>),
    /// Creates a job ([`Written::Number`]), or replaces its row ([`Written::Done`]). Rejected with
    /// [`Rejected::NoSuchRun`] if there is none with this number, and with [`Rejected::Fenced`] unless it is in the
    /// revision that the row names.
    PutJob(JobRow),
}

/// Entries of one run by its owner, and the change of the run's row.
#[derive(Clone, Debug)]
pub struct Append {
    /// The run's number.
    pub run: i64,
    /// The lease under which its owner writes.
    pub lease: Lease,
    /// The sequence number of the journal's last entry before this.
    pub after: u64,
    /// The new entries: `after + 1`, `after + 2`, .. May be empty, if only the row changes.
    pub entries: Vec<EntryRow>,
    /// New values of context fields.
    pub fields: Vec<FieldRow>,
    /// The numbers of the inbox items that these entries take into the journal. They are removed from the inbox, which
    /// remembers their keys.
    pub taken: Vec<i64>,
    /// The writes beyond the run's own rows, in order, in the same commit.
    pub outgoing: Vec<Outgoing>,
    /// A transaction after all of this, answered by [`Written::Transacted`]. It fails by itself: the rest of the append
    /// stays.
    pub transaction: Option<Transaction>,
    /// The change of the run's row.
    pub change: Change,
    /// The current time, in milliseconds since 1970.
    pub at: i64,
}

impl From<Append> for Write {
    fn from(append: Append) -> Self {
        Self::Append(Arc::new(append))
    }
}

impl Append {
    /// Returns whether it ends its run with this one as its successor.
    pub(super) fn replaces(&self, run: &ImportedRun) -> bool {
        self.change.release && run.replaces == Some(self.run)
    }

    /// Returns the requests whose time for an answer is over, by this append.
    pub(super) fn expired(&self) -> impl Iterator<Item = &str> {
        self.outgoing.iter().filter_map(|outgoing| match outgoing {
            Outgoing::Expire { id } => Some(id.as_str()),
            _ => None,
        })
    }
}

/// The change of a run's row with an append.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The new status, if it changes.
    pub status: Option<Status>,
    /// The time at which the run must be active next: `None` leaves it, `Some(None)` is never, `Some(Some(0))` is now.
    pub wake_at: Option<Option<i64>>,
    /// The record of processes that died: `None` leaves it, otherwise it becomes this.
    pub loads: Option<u32>,
    /// The reason why the run is parked, as JSON: `None` leaves it, `Some(None)` clears it.
    pub parked: Option<Option<String>>,
    /// Whether the run has no owner after this.
    pub release: bool,
    /// Whether the holder of the lease owes the spans of the run, which ends with this.
    pub traced: bool,
}
