//! The queues that an engine serves, and the tasks that it runs.

use super::envelope::{DriverEvent, Envelope};
use super::looking::Looking;
use super::rooms::QueuedRuns;
use crate::step::StepTable;
use crate::store::{Lease, TaskRow};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;

/// The queues that an engine serves, by name.
#[derive(Clone, Default)]
pub(crate) struct Queues(pub(super) BTreeMap<String, Queue>);

/// A queue that an engine serves.
#[derive(Clone, Default)]
pub(crate) struct Queue {
    /// How many of its tasks the engine runs at once.
    pub(super) slots: usize,
    /// The steps, by their recorded names.
    pub(super) steps: BTreeMap<&'static str, &'static StepTable>,
}

impl Queue {
    /// Returns the names by which an engine with these workflows claims of it.
    pub(super) fn names(&self, served: &[(String, u32)]) -> impl Iterator<Item = String> {
        let runs = served.iter().map(|(name, version)| TaskRow::run_step(name, *version));
        self.steps.keys().map(|name| (*name).to_owned()).chain(runs)
    }
}

impl Queues {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns each queue with the number of its slots.
    pub(super) fn slots(&self) -> Vec<(String, usize)> {
        self.0.iter().map(|(name, queue)| (name.clone(), queue.slots)).collect()
    }

    /// Returns each step, and each workflow in the words of a queue, with the queue from which the engine takes it.
    pub(super) fn names(&self, served: &[(String, u32)]) -> Vec<(String, String)> {
        let names = |(queue, of): (&String, &Queue)| {
            let names: Vec<_> = of.names(served).map(|name| (queue.clone(), name)).collect();
            names
        };
        self.0.iter().flat_map(names).collect()
    }
}

/// The tasks that an engine runs.
#[derive(Default)]
pub(crate) struct Tasks {
    claimed: Mutex<BTreeMap<TaskId, Claimed>>,
    /// The look for tasks.
    pub(super) looking: Looking,
    /// Whether another look is planned.
    pub(super) planned: AtomicBool,
    /// Whether tasks may have been cancelled since the last look.
    pub(super) changed: AtomicBool,
    pub(super) runs: super::task_run::Runs,
    pub(super) queued: QueuedRuns,
}

/// A task: run, command index and attempt.
pub(super) type TaskId = (i64, u64, u32);

/// Returns the id of a task.
pub(super) const fn id_of(task: &TaskRow) -> TaskId {
    (task.run, task.position, task.attempt)
}

/// A task that this engine has claimed.
pub(super) struct Claimed {
    pub(super) queue: String,
    pub(super) lease: Lease,
    /// Whether its body has ended, and its outcome is to be committed.
    pub(super) has_ended: bool,
    /// The mailbox of what runs it.
    pub(super) mail: mpsc::UnboundedSender<Envelope>,
}

impl Tasks {
    fn claimed(&self) -> MutexGuard<'_, BTreeMap<TaskId, Claimed>> {
        self.claimed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a task; `false` if it is there.
    pub(super) fn enter(&self, id: TaskId, claimed: Claimed) -> bool {
        match self.claimed().entry(id) {
            Entry::Vacant(place) => {
                place.insert(claimed);
                true
            }
            Entry::Occupied(_) => false,
        }
    }

    pub(super) fn ids(&self) -> BTreeSet<TaskId> {
        self.claimed().keys().copied().collect()
    }

    pub(super) fn leave(&self, id: TaskId) {
        self.claimed().remove(&id);
        // From now on it is idle.
        drop(self.runs.get(id.0));
    }

    /// Forgets the runs of which this engine has run no attempt for this time.
    pub(super) fn forget_idle(&self, idle: Duration) {
        let at_work = self.claimed().keys().map(|(run, ..)| *run).collect();
        self.runs.forget_idle(&at_work, idle);
    }

    /// Notes that the body of a task has ended, which frees its slot.
    pub(super) fn body_has_ended(&self, id: TaskId) {
        self.claimed().get_mut(&id).into_iter().for_each(|claimed| claimed.has_ended = true);
    }

    /// Returns how many tasks and runs of a queue have a slot of this engine.
    pub(super) fn running(&self, queue: &str) -> usize {
        let has_slot = |claimed: &&Claimed| claimed.queue == queue && !claimed.has_ended;
        self.claimed().values().filter(has_slot).count() + self.queued.running(queue)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.claimed().is_empty() && !self.queued.is_moving()
    }

    /// Sends an event to each task for which `is_meant` holds.
    pub(super) fn send(&self, is_meant: impl Fn(TaskId, &Claimed) -> bool, event: impl Fn() -> DriverEvent) {
        for (_, claimed) in self.claimed().iter().filter(|(id, claimed)| is_meant(**id, claimed)) {
            // It may have ended.
            let _ = claimed.mail.send(Envelope { event: event(), busy: None });
        }
    }
}
