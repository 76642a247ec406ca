//! Items for the inboxes of runs.

use crate::record::{AttemptOutcome, InboxKind, RemoteEnd, RemoteWrite, StepWrite};
use crate::store::{InboxRow, RunRow, Status};
use crate::value::Value;

/// An item to put into a run's inbox.
#[derive(Clone, Debug)]
pub struct NewInboxItem {
    /// The run it is for.
    pub run: i64,
    /// The kind of the item.
    pub kind: InboxKind,
    /// The key: the same item sent twice under one key arrives once.
    pub key: Option<String>,
    /// The current time, in milliseconds since 1970.
    pub at: i64,
    /// The channel of a message, the id of a request, or the status of a run that ended.
    pub name: Option<String>,
    /// The command index of the call that waits for it.
    pub position: Option<u64>,
    /// The id of the run that sends it.
    pub sender: Option<String>,
    /// The payload.
    pub value: Option<Value>,
}

impl NewInboxItem {
    /// Creates the notice for a waiting run that `row` is being deleted, at the time of that row's last change.
    pub(in crate::store) fn deleted(run: i64, position: u64, row: &RunRow) -> Self {
        let end = End { id: row.id.clone(), status: Status::Deleting, value: None };
        Self::ended(run, position, &end, row.updated_at)
    }

    /// Creates an empty item of a kind for a run.
    pub(crate) const fn new(run: i64, kind: InboxKind, at: i64) -> Self {
        Self { run, kind, key: None, at, name: None, position: None, sender: None, value: None }
    }

    /// Creates the item that requests the cancellation of a run; it arrives once.
    pub(crate) fn cancellation(run: i64, reason: &str, at: i64) -> Self {
        let (key, value) = (Some("cancel".to_owned()), Some(Value::text(reason)));
        Self { key, value, ..Self::new(run, InboxKind::Cancel, at) }
    }

    /// Creates the notice for a run that an attempt of its step has no outcome, because the engine that ran it is gone.
    pub(crate) fn lost(run: i64, position: u64, attempt: u32, at: i64) -> Self {
        Self::of_attempt(run, position, (RemoteEnd::lost(attempt), None), at)
    }

    /// Creates the outcome of an attempt for its run; without one its engine has stopped.
    pub(crate) fn ended_attempt(
        run: i64,
        (position, attempt): (u64, u32),
        outcome: Option<AttemptOutcome>,
        at: i64,
    ) -> Self {
        let end = outcome.map(|outcome| RemoteEnd::of(attempt, outcome));
        Self::of_attempt(run, position, end.unwrap_or_else(|| (RemoteEnd::stopped(attempt), None)), at)
    }

    fn of_attempt(run: i64, position: u64, (name, value): (String, Option<Value>), at: i64) -> Self {
        Self { name: Some(name), position: Some(position), value, ..Self::new(run, InboxKind::Attempt, at) }
    }

    /// Creates the write of a step for its run; `None` for one that no remote step makes.
    pub(crate) fn written(run: i64, write: StepWrite, at: i64) -> Option<Self> {
        let position = Some(write.position);
        let (name, value) = RemoteWrite::of(write)?;
        Some(Self { name: Some(name), position, value: Some(value), ..Self::new(run, InboxKind::Wrote, at) })
    }

    /// Creates the notice of another run's end for the call at this position; it arrives once.
    pub(in crate::store) fn ended(run: i64, position: u64, end: &End, at: i64) -> Self {
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

/// Copies an item for another inbox.
impl From<InboxRow> for NewInboxItem {
    fn from(row: InboxRow) -> Self {
        let InboxRow { run, kind, key, at, name, position, sender, value, .. } = row;
        Self { run, kind, key, at, name, position, sender, value }
    }
}

/// The end of a run, for runs that wait for it.
pub(in crate::store) struct End {
    pub(in crate::store) id: String,
    pub(in crate::store) status: Status,
    /// The value of its last entry.
    pub(in crate::store) value: Option<Value>,
}
