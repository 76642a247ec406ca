//! What can be written, and what a store answers to each write.

mod flaw;
pub(super) mod imported;
mod new_row;

use super::Status;
use super::rows::{EntryRow, FieldRow, InboxRow, RequestRow, RunRow};
use super::user_code::{Transaction, UserCode};
use crate::record::{AttemptOutcome, InboxKind};
use crate::value::Value;
use imported::ImportedRun;

/// A lease as its holder knows it.
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
    /// A new run with its first entry. Rejected with [`Rejected::Exists`] if the id is taken, else with
    /// [`Rejected::Fenced`] if the lease is no longer held.
    Start(NewRun),
    /// A run with all its history, in one commit. Rejected with [`Rejected::Exists`] if the id is taken (or its execution,
    /// for [`ImportedRun::unique`]), else with [`Rejected::Fenced`] if its lease is no longer held.
    Import(Box<ImportedRun>),
    /// Entries by the run's owner. Rejected with [`Rejected::Fenced`] unless the run belongs to the lease, the lease is
    /// in that epoch, and the run's last entry is the one named; and if the run is to be [`Status::Moved`] while another run
    /// is bound to it: see [`Bond`](super::Bond).
    Append(Append),
    /// Code that writes to the user's own tables, starts runs and puts into inboxes. Rejected with [`Rejected::Refused`] if it
    /// fails.
    Transaction(UserCode),
    /// Something for a run's inbox. Rejected with [`Rejected::NoSuchRun`], or [`Rejected::Ended`] once the run's status
    /// is final or deleting. An item with a key that has come to that inbox before, taken or not, is written once and
    /// answered with the number of the first, whatever has become of the run since.
    Send(NewInboxItem),
    /// Takes a run that nobody owns into a lease. Rejected with [`Rejected::Fenced`] if a lease owns it, if it has
    /// ended or if the lease is lost, and with [`Rejected::NoSuchRun`].
    Claim {
        /// The run's number.
        run: i64,
        /// The lease it shall belong to.
        lease: Lease,
    },
    /// Takes the runs into a lease that are running, sleeping or paused and that no lease owns: they have none, or it does not
    /// exist. Rejected with [`Rejected::Fenced`] if the lease is lost. Answered with how many there were.
    Adopt(Lease),
    /// A new lease in epoch 1 with beat 0.
    OpenLease {
        /// The random id of the engine.
        owner: String,
    },
    /// The holder lives. Rejected with [`Rejected::Fenced`] if it holds the lease no longer.
    Beat(Lease),
    /// Takes a lease from a holder that stopped, in the next epoch. Rejected with [`Rejected::Fenced`] unless epoch and
    /// beat are still those that were seen.
    TakeLease {
        /// The lease's number and the epoch that was seen.
        seen: Lease,
        /// The beat that was seen.
        heartbeat: i64,
        /// The random id of the engine that takes it.
        owner: String,
    },
    /// Removes a lease that owns no run. Rejected with [`Rejected::Fenced`] if it owns one or is held by another.
    CloseLease(Lease),
    /// An answer to a request, for the inbox of the run that asks. Rejected with [`Rejected::NoSuchRun`] if there is no such
    /// request, with [`Rejected::Ended`] if its run has ended without an answer, and with [`Rejected::Answered`] if it was
    /// answered otherwise. The same answer again changes nothing and is [`Written::Done`].
    Answer {
        /// The request's id.
        request: String,
        /// The hash of the answer.
        hash: String,
        /// For the inbox; `run`, `name` and `position` are taken from the request.
        item: NewInboxItem,
    },
    /// Removes at most `rows` rows of a run that is ended or nobody's; marks it as deleting first, and removes its own row
    /// last. Answered with [`Written::Deleted`]: `true` when nothing is left. If runs wait for its end, they are notified that it
    /// is [`Status::Deleting`] when it is marked, nothing is removed yet, and the answer is [`Written::Marked`]. Rejected
    /// with [`Rejected::NoSuchRun`], and with [`Rejected::Fenced`] when the run is owned and not ended.
    Delete {
        /// The run's number.
        run: i64,
        /// How many rows to remove at most.
        rows: usize,
    },
}

/// A run that does not exist yet.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// The id its starter gave it.
    pub id: String,
    /// The name of the workflow.
    pub workflow: String,
    /// The lease it shall belong to.
    pub lease: Lease,
    /// Drawn at random.
    pub execution: [u8; 16],
    /// Now, in milliseconds since 1970.
    pub at: i64,
    /// The first entries, from sequence number 1. The run begins as running and due at once.
    pub entries: Vec<EntryRow>,
    /// The version of the workflow.
    pub version: u32,
    /// The first run of the run whose cancellation reaches it.
    pub parent: Option<i64>,
    /// While this run has not ended, no other may have the same key: [`Rejected::Held`].
    pub dedup: Option<String>,
    /// Names and values by which it can be found; each name once.
    pub labels: Vec<(String, String)>,
}

/// Entries of one run by its owner, and what they make of the run's row.
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
    /// The numbers of the inbox items that these entries take into the journal: removed from the inbox, which remembers
    /// their keys.
    pub taken: Vec<i64>,
    /// What is written beyond the run's own rows, in order, in the same commit.
    pub outgoing: Vec<Outgoing>,
    /// A transaction after all of this, answered by [`Written::Transacted`]. It fails by itself: what stands above stays.
    pub transaction: Option<Transaction>,
    /// What becomes of the run's row.
    pub change: Change,
    /// Now, in milliseconds since 1970.
    pub at: i64,
}

impl Append {
    /// The questions of which it says that the time for the answer is over.
    pub(super) fn expired(&self) -> impl Iterator<Item = &str> {
        self.outgoing.iter().filter_map(|outgoing| match outgoing {
            Outgoing::Expire { id } => Some(id.as_str()),
            _ => None,
        })
    }
}

/// What an entry writes beyond the rows of its run. One that is rejected leaves the append and the others alone.
#[derive(Clone, Debug)]
pub enum Outgoing {
    /// Something for the inbox of another run, by its id. See [`Write::Send`] for the answers.
    Deliver {
        /// The id of the run.
        to: String,
        /// What is said; `run` is ignored.
        item: NewInboxItem,
    },
    /// The same for every run whose parent this run's first run is and that has not ended.
    NotifyChildren(NewInboxItem),
    /// A new run. See [`Write::Start`] for the answers. If it was started, its end goes to this run's inbox, unless
    /// there is no position.
    Start {
        /// The run.
        run: Box<NewRun>,
        /// The position of the call that waits for its end.
        position: Option<u64>,
    },
    /// The end of a run shall be told to this run's inbox, once; now if it has ended. Rejected with
    /// [`Rejected::NoSuchRun`].
    Watch {
        /// The id of the run.
        id: String,
        /// The position of the call that waits for its end.
        position: u64,
    },
    /// A question. One with the same id is left as it is.
    Ask(RequestRow),
    /// Nobody waits for the answer any longer.
    Withdraw {
        /// The request's id.
        id: String,
    },
    /// The same, because the time for the answer is over. If this run's request was answered all the same, the whole append is
    /// rejected with [`Rejected::Fenced`]: the answer was accepted, so the run has to be looked at again.
    Expire {
        /// The request's id.
        id: String,
    },
    /// An output of this run.
    Put {
        /// The name of the channel.
        channel: String,
        /// The entry that writes it.
        seq: u64,
        /// What is written; `None` closes a stream.
        value: Option<Value>,
    },
    /// Sets a label of the run, or takes it away.
    Label {
        /// The label's name.
        name: String,
        /// Its value.
        value: Option<String>,
    },
    /// The run goes on as this one; it must end with this append, which is refused as a whole if this one cannot be written.
    Replace(Box<ImportedRun>),
}

/// What becomes of a run's row with an append.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The new status, if it changes.
    pub status: Option<Status>,
    /// When the run must be in memory next: `None` leaves it, `Some(None)` is never, `Some(Some(0))` is now.
    pub wake_at: Option<Option<i64>>,
    /// `None` leaves what is kept of processes that died, otherwise it becomes this.
    pub loads: Option<u32>,
    /// Why the run is parked, as JSON: `None` leaves it, `Some(None)` clears it.
    pub parked: Option<Option<String>>,
    /// The run belongs to nobody after this.
    pub release: bool,
}

/// Something to put into a run's inbox.
#[derive(Clone, Debug)]
pub struct NewInboxItem {
    /// The run it is for.
    pub run: i64,
    /// What it is.
    pub kind: InboxKind,
    /// The same thing sent twice under one key arrives once.
    pub key: Option<String>,
    /// Now, in milliseconds since 1970.
    pub at: i64,
    /// The channel of a message, the id of a request, the status of a run that ended.
    pub name: Option<String>,
    /// The position of the call that waits for it.
    pub position: Option<u64>,
    /// The id of the run that sends it.
    pub sender: Option<String>,
    /// What is said.
    pub value: Option<Value>,
}

impl NewInboxItem {
    /// That a run for whose end this one waits is being deleted, at the last change of that one.
    pub(super) fn deleted(run: i64, position: u64, row: &RunRow) -> Self {
        let end = End { id: row.id.clone(), status: Status::Deleting, value: None };
        Self::ended(run, position, &end, row.updated_at)
    }

    /// Something of a kind for a run, with nothing in it.
    pub(crate) const fn new(run: i64, kind: InboxKind, at: i64) -> Self {
        Self { run, kind, key: None, at, name: None, position: None, sender: None, value: None }
    }

    /// The end of another run, for the one that waits for it at this position; it arrives once.
    pub(super) fn ended(run: i64, position: u64, end: &End, at: i64) -> Self {
        Self {
            key: Some(format!("ended:{position}")),
            name: Some(end.status.as_str().to_owned()),
            position: Some(position),
            sender: Some(end.id.clone()),
            value: end.value.clone(),
            ..Self::new(run, InboxKind::Ended, at)
        }
    }
}

/// The same thing for another inbox.
impl From<InboxRow> for NewInboxItem {
    fn from(row: InboxRow) -> Self {
        let InboxRow { run, kind, key, at, name, position, sender, value, .. } = row;
        Self { run, kind, key, at, name, position, sender, value }
    }
}

/// How a run has ended, for those who wait for it.
pub(super) struct End {
    pub(super) id: String,
    pub(super) status: Status,
    /// What its last entry says.
    pub(super) value: Option<Value>,
}

/// A write that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// The number of the new run, the new inbox item, or the new lease.
    Number(i64),
    /// Done; there is nothing to tell.
    Done,
    /// Entries were appended that wrote more than the rows of their run.
    Appended {
        /// What became of each [`Outgoing`]: the number of the new row, or 0.
        outcomes: Vec<Result<i64, Rejected>>,
        /// The runs to whose inboxes something was written.
        notified: Vec<i64>,
    },
    /// Entries were appended that have a transaction.
    Transacted {
        /// The value that was recorded by one more entry, or why there is none: the user's rows were then taken back.
        outcome: AttemptOutcome,
        /// The answer to the rest of the append.
        appended: Box<Written>,
    },
    /// The lease that was taken, in its new epoch.
    Lease(Lease),
    /// The run as it was claimed.
    Claimed(Box<RunRow>),
    /// Whether the run is gone entirely.
    Deleted(bool),
    /// A run was marked as deleting, and these runs, which waited for its end, were told.
    Marked(Vec<i64>),
}

/// A write that was left out of the batch; the others were done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejected {
    /// The writer does not own what it writes, or it has moved on since.
    Fenced,
    /// The id is taken by this run.
    Exists(Box<RunRow>),
    /// There is no such run.
    NoSuchRun,
    /// The run has ended.
    Ended,
    /// This run has not ended and holds the deduplication key.
    Held(Box<RunRow>),
    /// The request was answered otherwise.
    Answered,
    /// The database refuses this write from any engine: what it said.
    Refused(String),
}
