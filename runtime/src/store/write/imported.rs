//! A run that comes with all its history in one commit.

use super::{Lease, NewInboxItem};
use crate::store::{EntryRow, FieldRow, OutputRow, RequestRow, Status, TakenItem};

/// A run that began elsewhere: in another database, or as the copy of another run.
#[derive(Clone, Debug)]
pub struct ImportedRun {
    /// The id it shall have.
    pub id: String,
    /// The name of the workflow.
    pub workflow: String,
    /// What it is doing; not [`Status::Deleting`].
    pub status: Status,
    /// The lease that it shall belong to if it is running or sleeping; `None` otherwise.
    pub lease: Option<Lease>,
    /// When the run must be in memory next.
    pub wake_at: Option<i64>,
    /// Its execution.
    pub execution: [u8; 16],
    /// If no other run in this database may have its execution: the number up to which the importer has looked for one. The
    /// store compares it with later runs only.
    pub unique: Option<i64>,
    /// What its random numbers come from.
    pub seed: [u8; 16],
    /// When it was started, in milliseconds since 1970.
    pub created_at: i64,
    /// Why it is parked, as JSON.
    pub parked: Option<String>,
    /// Now, in milliseconds since 1970.
    pub at: i64,
    /// Its entries, from number 1 on without gaps. The number of the last is that of the run's row.
    pub entries: Vec<EntryRow>,
    /// The values of context fields that they wrote.
    pub fields: Vec<FieldRow>,
    /// What waits in its inbox, before what comes from the inbox of the run that it replaces; `run` is ignored.
    pub items: Vec<NewInboxItem>,
    /// Its outputs, with the names of the channels, in order; `item` and `run` are ignored, and `seq` is 0
    /// for what is not written by one of the entries.
    pub outputs: Vec<(String, OutputRow)>,
    /// The keys of what has come to its inbox and was taken.
    pub taken: Vec<TakenItem>,
    /// Its questions; `run` is ignored. One that is open in this database already gets this value, and belongs to this run
    /// from now on.
    pub requests: Vec<RequestRow>,
    /// The version of the workflow.
    pub version: u32,
    /// The first run of the run whose cancellation reaches it.
    pub parent: Option<i64>,
    /// The run whose history it begins with.
    pub forked_from: Option<i64>,
    /// Its deduplication key, unless its status is final. Rejected with [`Rejected::Held`](super::Rejected::Held) if another run holds it. A run that
    /// it replaces gives it its own if this is `None`.
    pub dedup: Option<String>,
    /// Names and values by which it can be found.
    pub labels: Vec<(String, String)>,
    /// The run whose id, first run, deduplication key and inbox it takes over; that run is [`Status::Replaced`] afterwards,
    /// unless it had ended, with an id of which the new one is a part. Rejected with [`Rejected::Fenced`](super::Rejected::Fenced) if that run
    /// belongs to another lease than [`lease`](Self::lease).
    pub replaces: Option<i64>,
    /// Whether it goes on from where the run that it replaces is: open requests of that one are open for this one, and it is
    /// told to stand still and to go on as that one would be. Otherwise those requests are withdrawn, and those items of the
    /// inbox that were not taken are gone.
    pub goes_on: bool,
}

impl ImportedRun {
    /// What the run is called from now on whose place this one takes.
    pub(in crate::store) fn name_of_replaced(&self, number: i64) -> String {
        format!("{}~{number}", self.id)
    }
}
