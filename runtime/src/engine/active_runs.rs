//! The active runs, and the callers that wait for a run to end.

use super::envelope::Envelope;
use super::sessions::Sessions;
use crate::store::Status;
use crate::value::Value;
use std::collections::{BTreeSet, HashMap, HashSet};
use tokio::sync::{mpsc, oneshot};

/// The active runs, and the callers that wait for a run to end.
#[derive(Default)]
pub(crate) struct ActiveRuns {
    pub(super) mail: HashMap<i64, mpsc::UnboundedSender<Envelope>>,
    pub(super) waiters: HashMap<i64, Vec<oneshot::Sender<Outcome>>>,
    /// The runs of other engines that are waited for.
    pub(super) far: BTreeSet<i64>,
    pub(super) sessions: Sessions,
    /// The reason why an active run is blocked, and since when.
    pub(super) blocked: HashMap<i64, (String, i64)>,
    /// A change of the system clock that not all runs have recorded.
    pub(super) setting: Option<Setting>,
}

impl ActiveRuns {
    /// Removes a run that is no longer active.
    pub(super) fn off(&mut self, run: i64) {
        self.mail.remove(&run);
        self.blocked.remove(&run);
        if let Some(setting) = &mut self.setting {
            setting.knows(run);
        }
    }
}

/// The outcome with which a run was evicted.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// The run ended with this status; the value is that of its last entry.
    Ended(Status, Option<Value>),
    /// The run was parked, evicted or lost its lease: the database has its state.
    Evicted,
}

/// The runs that have recorded a change of the system clock: those up to a number, and those that were active since.
pub(crate) struct Setting {
    before: i64,
    reached: i64,
    know: HashSet<i64>,
}

impl Setting {
    /// Begins a change; `before` is the earlier offset to the monotonic clock.
    pub(super) fn new(before: i64) -> Self {
        Self { before, reached: i64::MIN, know: HashSet::new() }
    }

    /// Marks a run as informed.
    pub(super) fn knows(&mut self, run: i64) {
        if run > self.reached {
            self.know.insert(run);
        }
    }

    /// Marks all runs before this one as informed, and returns whether this one already was.
    pub(super) fn reach(&mut self, run: i64) -> bool {
        self.reached = self.reached.max(run);
        self.know.contains(&run)
    }

    /// Returns the clock offset as of which a run has recorded time; its driver records any later change.
    pub(super) fn offset_of(&self, run: i64, now: i64) -> i64 {
        if run <= self.reached || self.know.contains(&run) { now } else { self.before }
    }
}
