//! The runs in memory, and who waits for the end of which run.

use super::envelope::Envelope;
use super::sessions::Sessions;
use crate::store::Status;
use crate::value::Value;
use std::collections::{HashMap, HashSet};
use tokio::sync::{mpsc, oneshot};

/// The runs in memory, and who waits for the end of which run.
#[derive(Default)]
pub(crate) struct ActiveRuns {
    pub(super) mail: HashMap<i64, mpsc::UnboundedSender<Envelope>>,
    pub(super) waiters: HashMap<i64, Vec<oneshot::Sender<Outcome>>>,
    pub(super) sessions: Sessions,
    /// What keeps runs in memory from going on at the moment.
    pub(super) blocked: HashMap<i64, (String, i64)>,
    /// The time of day was set, and not all runs know.
    pub(super) setting: Option<Setting>,
}

impl ActiveRuns {
    /// A run is no longer in memory.
    pub(super) fn off(&mut self, run: i64) {
        self.mail.remove(&run);
        self.blocked.remove(&run);
        if let Some(setting) = &mut self.setting {
            setting.knows(run);
        }
    }
}

/// How a run left memory.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// It ended: with this status, and what its last entry says.
    Ended(Status, Option<Value>),
    /// It is parked, evicted or no longer ours: the database says.
    Evicted,
}

/// Which runs know that the time of day was set: those up to a number, and those that were in memory since.
pub(crate) struct Setting {
    before: i64,
    reached: i64,
    know: HashSet<i64>,
}

impl Setting {
    /// `before` is what was added to the monotonic clock before.
    pub(super) fn new(before: i64) -> Self {
        Self { before, reached: i64::MIN, know: HashSet::new() }
    }

    /// A run knows.
    pub(super) fn knows(&mut self, run: i64) {
        if run > self.reached {
            self.know.insert(run);
        }
    }

    /// All runs before this one know; says whether this one does.
    pub(super) fn reach(&mut self, run: i64) -> bool {
        self.reached = self.reached.max(run);
        self.know.contains(&run)
    }

    /// What was added to the monotonic clock for what a run has recorded: what has happened since, its driver records.
    pub(super) fn offset_of(&self, run: i64, now: i64) -> i64 {
        if run <= self.reached || self.know.contains(&run) { now } else { self.before }
    }
}
