//! A run that is imported with all its history in one commit.

use super::{Lease, NewInboxItem};
use crate::store::{EntryRow, FieldRow, OutputRow, RequestRow, Status, TakenItem};

/// A run that began elsewhere: in another database, or as a copy of another run.
#[derive(Clone, Debug)]
pub struct ImportedRun {
    /// The id that it will have.
    pub id: String,
    /// The name of the workflow.
    pub workflow: String,
    /// The status; not [`Status::Deleting`].
    pub status: Status,
    /// The lease that it will belong to: set if it is running or sleeping, optional if it is paused, otherwise `None`.
    pub lease: Option<Lease>,
    /// The time at which the run must be active next.
    pub wake_at: Option<i64>,
    /// Its execution.
    pub execution: [u8; 16],
    /// Set if no other run in this database may have its execution: the number up to which the importer has searched
    /// for one. The store compares it with later runs only.
    pub unique: Option<i64>,
    /// The seed of its random numbers.
    pub seed: [u8; 16],
    /// The time at which it was started, in milliseconds since 1970.
    pub created_at: i64,
    /// The reason why it is parked, as JSON.
    pub parked: Option<String>,
    /// The current time, in milliseconds since 1970.
    pub at: i64,
    /// Its entries, from number 1 on without gaps. The number of the last is that of the run's row.
    pub entries: Vec<EntryRow>,
    /// The values of context fields that they wrote.
    pub fields: Vec<FieldRow>,
    /// The items of its inbox, which come before those of the run that it replaces; `run` is ignored.
    pub items: Vec<NewInboxItem>,
    /// Its outputs, with the names of the channels, in order. `item` and `run` are ignored, and `seq` is 0 for an
    /// output that none of the entries wrote.
    pub outputs: Vec<(String, OutputRow)>,
    /// The keys of inbox items that arrived and were taken.
    pub taken: Vec<TakenItem>,
    /// Its requests; `run` is ignored. A request that is open in this database gets this value, and belongs to this run
    /// from now on.
    pub requests: Vec<RequestRow>,
    /// The version of the workflow.
    pub version: u32,
    /// The first run of the run whose cancellation reaches it.
    pub parent: Option<i64>,
    /// The run whose history it begins with.
    pub forked_from: Option<i64>,
    /// Its deduplication key, unless its status is final. Rejected with [`Rejected::Held`](super::Rejected::Held) if
    /// another run holds it. If this is `None`, it gets the key of the run that it replaces.
    pub dedup: Option<String>,
    /// The labels by which it can be found.
    pub labels: Vec<(String, String)>,
    /// The indexed fields by which it can be found, each name once, with the keys of their values.
    pub indexed: Vec<(String, String)>,
    /// The run whose id, first run, deduplication key and inbox it gets. That run is [`Status::Replaced`] afterwards,
    /// unless it had ended, and its id is then the new one with a suffix. Rejected with
    /// [`Rejected::Fenced`](super::Rejected::Fenced) if that run belongs to another lease than [`lease`](Self::lease).
    pub replaces: Option<i64>,
    /// Whether it continues where the replaced run is: then it gets that run's open requests, pauses and resumptions.
    /// Otherwise those requests are withdrawn, and its untaken pauses and resumptions are dropped.
    pub goes_on: bool,
    /// Whether the holder of the lease owes the spans of the run that it replaces.
    pub traced: bool,
}

impl ImportedRun {
    /// Returns the new id of the run that this one replaces.
    pub(in crate::store) fn name_of_replaced(&self, number: i64) -> String {
        format!("{}~{number}", self.id)
    }
}
