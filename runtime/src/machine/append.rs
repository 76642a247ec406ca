//! Appends of a run: the entries since the last append, and the changes of its row.

use super::Machine;
use super::effect::Effect;
use super::elapsed::UNNOTICED;
use super::outgoing::Sent;
use crate::store::{Append, Change, EntryRow, FieldRow, RunRow, Status};

/// The changes since the last append.
#[derive(Default)]
pub(super) struct Unwritten {
    /// The last sequence number that was assigned.
    pub(super) tail: u64,
    /// The tail when the last append was taken.
    pub(super) appended: u64,
    pub(super) entries: Vec<EntryRow>,
    pub(super) fields: Vec<FieldRow>,
    /// The numbers of the items that are taken from the inbox.
    pub(super) taken: Vec<i64>,
    /// The writes beyond the rows of this run.
    pub(super) outgoing: Vec<Sent>,
    /// The number of edits of the shared state that are entries by now, since the run was loaded.
    pub(super) edits: u64,
    /// Whether the entries contain a turn: the run has made progress.
    pub(super) progressed: bool,
    /// The effects to perform once all this is durable.
    pub(super) pending_effects: Vec<Effect>,
}

/// The state of the run's row.
pub(super) struct RowState {
    pub(super) status: Status,
    pub(super) wake_at: Option<i64>,
    loads: u32,
    parked: bool,
    pub(super) dedup: Option<String>,
}

impl RowState {
    pub(super) fn of(row: &RunRow) -> Self {
        let (status, wake_at, loads) = (row.status, row.wake_at, row.loads);
        Self { status, wake_at, loads, parked: row.parked.is_some(), dedup: row.dedup.clone() }
    }
}

/// The point at which effects are released.
#[cfg(feature = "testing")]
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Release {
    #[default]
    WhenDurable,
    /// Before they may be, for a test of the test that must find this fault.
    TooEarly,
}

impl Machine {
    /// Returns all changes since the last call, to be committed together; `None` if there are none.
    pub(crate) fn take_append(&mut self, now: i64) -> Option<Append> {
        if self.nothing_to_append() {
            return None;
        }
        let change = self.change();
        let (outgoing, asked) =
            std::mem::take(&mut self.unwritten.outgoing).into_iter().map(super::outgoing::Sent::split).unzip();
        let append = Append {
            run: self.number,
            lease: self.lease,
            after: self.unwritten.appended,
            entries: std::mem::take(&mut self.unwritten.entries),
            fields: std::mem::take(&mut self.unwritten.fields),
            taken: std::mem::take(&mut self.unwritten.taken),
            outgoing,
            transaction: self.begin_transaction(now),
            change,
            at: now,
        };
        self.unwritten.appended = self.unwritten.tail;
        self.unwritten.progressed = false;
        self.fate.closed = self.fate.parked.is_some() || self.fate.ended.is_some();
        let effects = std::mem::take(&mut self.unwritten.pending_effects);
        #[cfg(feature = "testing")]
        let effects = if self.release == Release::TooEarly {
            self.unwritten.pending_effects = effects;
            Vec::new()
        } else {
            effects
        };
        self.waiting.push(effects, asked, self.unwritten.edits);
        Some(append)
    }

    /// Makes the machine release effects before the entries that they depend on are durable.
    #[cfg(feature = "testing")]
    pub(crate) fn releasing_early(mut self: Box<Self>) -> Box<Self> {
        self.release = Release::TooEarly;
        self
    }

    /// Returns effects that wait for nothing, because there is nothing to append.
    pub(crate) fn take_free_effects(&mut self) -> Vec<Effect> {
        if (!self.stands_still() || self.is_replacing()) && self.nothing_to_append() {
            std::mem::take(&mut self.unwritten.pending_effects)
        } else {
            Vec::new()
        }
    }

    /// Returns the status and the due time that the run's row should have.
    pub(super) fn row_state(&self) -> (Status, Option<i64>) {
        if self.fate.parked.is_some() {
            (Status::Parked, None)
        } else if let Some(status) = self.fate.ended {
            (status, None)
        } else if self.held_back.paused {
            (Status::Paused, None)
        } else if self.has_bodies() || self.awaits_answer() || self.is_replacing() {
            (Status::Running, Some(0))
        } else {
            (Status::Sleeping, self.next_due())
        }
    }

    /// Returns when a sleeping run is due, if its row has a later time or none. A duration is recorded by the wall
    /// clock of its entry but is in the row by the monotonic clock; the two may differ by what goes unnoticed.
    pub(crate) fn due_before_row(&self) -> Option<i64> {
        let (status, due) = self.row_state();
        let due = due.filter(|_| status == Status::Sleeping && self.row.status == Status::Sleeping)?;
        self.row.wake_at.is_none_or(|row| row >= due.saturating_add(UNNOTICED)).then_some(due)
    }

    /// Returns whether a call waits for the database's outcome of a write: if the process dies before that, the run
    /// must be loaded again and repeat the write.
    fn awaits_answer(&self) -> bool {
        self.attaching > 0
            || self.waiting.is_awaited()
            || self.unwritten.outgoing.iter().any(|sent| sent.awaited_at.is_some())
    }

    fn change(&mut self) -> Change {
        let mut change = Change::default();
        let (status, wake_at) = self.row_state();
        change.release = self.fate.parked.is_some() || self.fate.ended.is_some();
        if status != self.row.status {
            self.row.status = status;
            change.status = Some(status);
        }
        if wake_at != self.row.wake_at {
            self.row.wake_at = wake_at;
            change.wake_at = Some(wake_at);
        }
        if (self.unwritten.progressed || self.fate.parked.is_some()) && self.row.loads > 0 {
            self.row.loads = 0;
            change.loads = Some(0);
        }
        match &self.fate.parked {
            Some(reason) => change.parked = Some(Some(reason.to_json())),
            None if self.row.parked && self.fate.unfinished.is_none() => {
                self.row.parked = false;
                change.parked = Some(None);
            }
            None => {}
        }
        change
    }
}
