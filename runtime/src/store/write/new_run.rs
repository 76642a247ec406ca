//! A run that is to be started, and how it waits in a queue.

use crate::store::{EntryRow, Lease, TaskRow};

/// A run that does not exist yet.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// The id that its starter chose.
    pub id: String,
    /// The name of the workflow.
    pub workflow: String,
    /// The lease that it will belong to; `None` leaves it unowned, to be claimed.
    pub lease: Option<Lease>,
    /// The execution, drawn at random.
    pub execution: [u8; 16],
    /// The current time, in milliseconds since 1970.
    pub at: i64,
    /// The first entries, from sequence number 1. The run begins as running and due at once, or
    /// [`queued`](Self::queued).
    pub entries: Vec<EntryRow>,
    /// The version of the workflow.
    pub version: u32,
    /// The first run of the run whose cancellation reaches it.
    pub parent: Option<i64>,
    /// The deduplication key: while this run has not ended, no other may have the same one
    /// ([`Rejected::Held`](crate::store::Rejected::Held)).
    pub dedup: Option<String>,
    /// The labels by which it can be found; each name once.
    pub labels: Vec<(String, String)>,
    /// Where it waits for room; then no lease owns it until an engine claims it from there.
    pub queued: Option<NewQueued>,
    /// What happens to a run that holds the deduplication key.
    pub holder: Holder,
}

/// What a start does with a run that holds its deduplication key and has not ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Holder {
    /// It keeps the key: the start is rejected with [`Rejected::Held`](crate::store::Rejected::Held).
    #[default]
    Keeps,
    /// It keeps the key, and answers the start if it has the same workflow:
    /// [`Written::Held`](crate::store::Written::Held).
    Answers,
    /// If it has the same workflow, waits in the same queue and has not begun, it waits anew for as long as the start
    /// says, with its own input, priority and time to live, and answers it:
    /// [`Written::Held`](crate::store::Written::Held). Otherwise it loses the key, as with [`Yields`](Self::Yields).
    Waits,
    /// It loses the key. If it waits in a queue and has not begun, it is cancelled, and the new run has its place
    /// there.
    Yields,
    /// It loses the key, and is cancelled.
    Ends,
}

/// A change of what a run has in its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceChange {
    /// It waits for room, because it has something to do. No lease owns it until an engine claims it there.
    Wait {
        /// Its latest end, in milliseconds since 1970, if that has changed since it was queued.
        deadline: Option<i64>,
    },
    /// Its engine no longer drives it, and it gives its room back. One that has ended has left the queue with its end.
    Leave {
        /// The attempt with which its engine has claimed it.
        attempt: u32,
    },
}

/// How a new run waits in a queue. Times are by the clock of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewQueued {
    /// The queue.
    pub queue: String,
    /// The key by which the queue counts and takes turns.
    pub key: Option<String>,
    /// Runs with a lower number are claimed first.
    pub priority: i64,
    /// The wait until it may be claimed, in milliseconds.
    pub delay: i64,
    /// The wait after which it is cancelled if it has not begun, in milliseconds.
    pub expires: Option<i64>,
    /// The latest end of the run, in milliseconds since 1970: it ends then, even if it has not begun.
    pub deadline: Option<i64>,
    /// The longest wait, in milliseconds, from the start of the first run that it replaces, and of those that this one
    /// has replaced: it limits `delay`.
    pub longest: Option<i64>,
}

impl NewQueued {
    /// Returns the wait from `now` on of a run whose first start was `first`, both in milliseconds since 1970.
    pub(in crate::store) fn wait(&self, first: i64, now: i64) -> i64 {
        let left = |longest: i64| first.saturating_add(longest).saturating_sub(now).max(0);
        self.longest.map_or(self.delay, |longest| self.delay.min(left(longest))).min(TaskRow::LONGEST)
    }
}
