//! Leases of runs: an engine holds leases, sends heartbeats, and takes over the leases of dead engines.

use super::error::EngineError;
use super::queues::Queues;
use super::side_files::{Holder, SideFiles, holder_of};
use super::suspects::{Recorder, Remains};
use super::workflows::Workflows;

use crate::metrics;
use crate::store::{Lease, LeaseRow, Store, Write, Written};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// The leases that this engine holds. Runs belong to a lease, so taking over all runs of a dead engine changes one row.
pub(crate) struct Leases {
    owner: String,
    /// What this engine says of itself, as JSON.
    about: String,
    term: Duration,
    state: Mutex<State>,
    /// The time of the last heartbeat of all leases, on our own monotonic clock.
    pub(super) shown: watch::Sender<Instant>,
    /// The writer of this engine's side file, which is locked as long as this engine lives: an engine that can lock it
    /// knows that we are dead.
    pub(super) recorder: Arc<Recorder>,
    /// Where the engines of this database keep their side files; `None` for a client.
    side_files: Option<SideFiles>,
}

pub(super) struct State {
    held: Vec<Lease>,
    /// Whether the engine has stopped: it holds no lease, and takes none.
    pub(super) released: bool,
}

impl Leases {
    pub(crate) fn new(
        owner: String,
        about: String,
        term: Duration,
        side_files: Option<SideFiles>,
    ) -> Result<Self, EngineError> {
        let recorder = match &side_files {
            None => Recorder::without_file(),
            Some(files) => files.create(&owner)?,
        };
        let state = Mutex::new(State { held: Vec::new(), released: false });
        let (shown, recorder) = (watch::Sender::new(Instant::now()), Arc::new(recorder));
        Ok(Self { owner, about, term, state, shown, recorder, side_files })
    }

    /// Returns the writer of this engine's side file.
    pub(crate) const fn recorder(&self) -> &Arc<Recorder> {
        &self.recorder
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the lease to which new runs belong.
    pub(crate) fn primary(&self) -> Lease {
        self.state().held.first().copied().unwrap_or(Lease { number: 0, epoch: 0 })
    }

    /// Returns how long the leases are certain to be held yet.
    pub(crate) fn margin_left(&self) -> Duration {
        self.term.mul_f64(0.6).saturating_sub(self.shown.borrow().elapsed())
    }

    /// Returns every lease that is held.
    pub(crate) fn all(&self) -> Vec<Lease> {
        self.state().held.clone()
    }

    /// Returns a lease by its number, if it is held.
    pub(crate) fn held(&self, number: i64) -> Option<Lease> {
        self.state().held.iter().copied().find(|lease| lease.number == number)
    }

    /// Returns whether the leases are certain to be held for a while yet. A body starts only then.
    pub(crate) fn has_margin(&self) -> bool {
        self.is_fresh(*self.shown.borrow())
    }

    /// Waits until [`has_margin`](Self::has_margin).
    pub(crate) async fn margin(&self) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.shown.subscribe().wait_for(|shown| self.is_fresh(*shown)).await;
    }

    fn is_fresh(&self, shown: Instant) -> bool {
        shown.elapsed() < self.term.mul_f64(0.6)
    }

    /// Returns the heartbeats that a commit should carry, because a batch may take long and nothing else is written
    /// meanwhile. Empty if the last ones are recent.
    pub(crate) fn due_in_commit(&self) -> Vec<Lease> {
        if self.shown.borrow().elapsed() < self.term / 10 { Vec::new() } else { self.all() }
    }

    /// Records heartbeats that were submitted at `asked`, if they cover all leases.
    pub(crate) fn beaten(&self, asked: Instant, beaten: &[Lease]) {
        if !beaten.is_empty() && self.state().held.iter().all(|held| beaten.contains(held)) {
            self.shown.send_modify(|shown| {
                metrics::heartbeat(asked.saturating_duration_since(*shown));
                *shown = asked.max(*shown);
            });
        }
    }

    /// Releases all leases: others may take them over at once.
    pub(crate) fn release(&self) {
        let mut state = self.state();
        // Where a missing file says nothing, the file itself says that the engine of these leases ended in order.
        let says_so = !state.held.is_empty() && self.side_files.as_ref().is_some_and(SideFiles::are_of_machine);
        state.held.clear();
        state.released = true;
        if says_so {
            self.recorder.end();
        } else {
            self.recorder.close();
        }
    }

    /// Takes over the leases of dead engines, unless this engine takes nothing; opens a lease if there is none to take.
    /// Returns the leases whose holders died, with the remains of these.
    pub(crate) fn acquire(&self, store: &dyn Store, takes: Takes) -> Result<Vec<(i64, Arc<Remains>)>, EngineError> {
        let mut inherited = Vec::new();
        let others = if takes == Takes::Nothing { Vec::new() } else { store.leases()? };
        for row in others {
            match self.holder_of(&row) {
                Holder::Lives | Holder::Unknown => {}
                Holder::Ended => drop(self.take(store, &row)?),
                Holder::Died(remains) => {
                    if self.take(store, &row)? {
                        inherited.push((row.number, remains));
                    }
                }
            }
        }
        self.open_if_none(store)?;
        self.adopt(store, takes)?;
        self.sweep(store)?;
        self.shown.send_replace(Instant::now());
        Ok(inherited)
    }

    /// Says what this engine is, and adopts the unfinished runs that no lease owns, as after a repair of the file by
    /// hand; those of a database that engines share are for the one that has their workflow.
    fn adopt(&self, store: &dyn Store, takes: Takes) -> Result<(), EngineError> {
        let mut writes = self.descriptions();
        if takes == Takes::All && !store.shares_work() {
            writes.push(Write::Adopt(self.primary()));
        }
        let answers = store.commit(&writes)?;
        if let Some(Ok(Written::Number(runs @ 1..))) = answers.last() {
            tracing::warn!(runs, "runs that had not ended and belonged to no engine are adopted");
        }
        Ok(())
    }

    /// Returns the writes by which this engine says what it is.
    pub(super) fn descriptions(&self) -> Vec<Write> {
        self.all().into_iter().map(|lease| Write::Describe { lease, about: self.about.clone() }).collect()
    }

    /// Removes the side files of engines that died and own no lease any longer.
    pub(super) fn sweep(&self, store: &dyn Store) -> Result<(), EngineError> {
        self.side_files.as_ref().map_or(Ok(()), |files| files.sweep(store, &self.owner))
    }

    /// Returns what is known of the holder of a lease.
    pub(super) fn holder_of(&self, row: &LeaseRow) -> Holder {
        holder_of(self.side_files.as_ref(), row)
    }

    /// Returns the path of the side file of a lease's holder.
    pub(super) fn side_file_of(&self, row: &LeaseRow) -> Option<PathBuf> {
        self.side_files.as_ref().map(|files| files.of_owner(&row.owner))
    }

    pub(super) fn open_if_none(&self, store: &dyn Store) -> Result<(), EngineError> {
        if !self.state().held.is_empty() {
            return Ok(());
        }
        let opened = store.commit(&[Write::OpenLease { owner: self.owner.clone() }])?;
        if let Some(Ok(Written::Number(number))) = opened.first() {
            self.state().held.push(Lease { number: *number, epoch: 1 });
        }
        Ok(())
    }

    /// Forgets one lease that was lost.
    pub(crate) fn forget(&self, lease: Lease) {
        self.state().held.retain(|held| *held != lease);
    }

    /// Closes a lease that was taken over and owns no run any more. Otherwise an engine would end up with the leases of
    /// all engines that have ever died.
    pub(super) fn close(&self, store: &dyn Store, lease: Lease) -> Result<(), EngineError> {
        // Forgotten first: a heartbeat of a closed lease would look like a loss.
        self.forget(lease);
        let answers = store.commit(&[Write::CloseLease(lease)]);
        if !matches!(answers.as_deref(), Ok([Ok(_)])) {
            self.state().held.push(lease);
        }
        answers.map(drop).map_err(EngineError::from)
    }

    pub(super) fn take(&self, store: &dyn Store, row: &LeaseRow) -> Result<bool, EngineError> {
        let seen = Lease { number: row.number, epoch: row.epoch };
        let write = Write::TakeLease { seen, heartbeat: row.heartbeat, owner: self.owner.clone() };
        let answers = store.commit(&[write])?;
        let Some(Ok(Written::Lease(lease))) = answers.first() else { return Ok(false) };
        self.state().held.push(*lease);
        if row.owner != NOBODY {
            metrics::taken_over();
        }
        Ok(true)
    }
}

/// What an engine takes over from dead engines.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Everything, whatever their workflows.
    All,
    /// Leases; runs whose workflow it lacks are left to others.
    Leases,
    /// Nothing: it has no workflow.
    Nothing,
}

impl Takes {
    /// Returns what an engine with these workflows and queues takes over, as a function of whether engines on several
    /// machines share the database.
    pub(crate) fn by(workflows: &Workflows, queues: &Queues) -> impl Fn(bool) -> Self + Send + use<> {
        let (drives, serves) = (!workflows.is_empty(), !queues.is_empty());
        move |is_shared| match (drives || !serves, is_shared || serves) {
            (false, _) => Self::Nothing,
            (true, true) => Self::Leases,
            (true, false) => Self::All,
        }
    }
}

pub(super) use crate::store::NOBODY;
