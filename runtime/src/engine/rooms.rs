//! The room that runs have in queues, as their engine knows it.

use crate::store::Lease;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The runs in queues that this engine drives.
#[derive(Default)]
pub(crate) struct QueuedRuns {
    rooms: Mutex<HashMap<i64, Room>>,
    /// Those that are driven without room, because they are to stop.
    without: Mutex<HashSet<i64>>,
    /// Whether this engine has had to do with queues of runs: only then it looks for those whose time is over.
    is_used: AtomicBool,
}

/// What a run has in its queue.
#[derive(Clone)]
pub(super) struct Room {
    pub(super) queue: String,
    pub(super) lease: Lease,
    /// The claim by which it has room.
    pub(super) attempt: u32,
    /// Whether it keeps its room while it waits.
    pub(super) held: bool,
    /// Whether it is giving its room back.
    pub(super) leaving: bool,
}

impl QueuedRuns {
    pub(super) fn rooms(&self) -> MutexGuard<'_, HashMap<i64, Room>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the runs that have room here.
    pub(super) fn ids(&self) -> BTreeSet<i64> {
        self.rooms().keys().copied().collect()
    }

    /// Notes that this engine has had to do with queues of runs.
    pub(super) fn used(&self) {
        self.is_used.store(true, Ordering::Relaxed);
    }

    /// Returns whether this engine has had to do with queues of runs.
    pub(super) fn is_used(&self) -> bool {
        self.is_used.load(Ordering::Relaxed)
    }

    /// Returns how many runs have room in a queue here.
    pub(super) fn running(&self, queue: &str) -> usize {
        self.rooms().values().filter(|room| room.queue == queue).count()
    }

    /// Forgets runs that other engines have ended: they have no room any more, and are not driven here.
    pub(super) fn forget(&self, is_gone: impl Fn(i64) -> bool) {
        self.rooms().retain(|run, room| room.leaving || !is_gone(*run));
    }

    /// Forgets the room of runs under a lost lease: it is that of its next holder.
    pub(super) fn lose(&self, lease: Lease) {
        self.rooms().retain(|_, room| room.lease != lease);
    }

    /// Returns whether a run is giving its room back, which is not yet durable.
    pub(super) fn is_moving(&self) -> bool {
        self.rooms().values().any(|room| room.leaving)
    }

    /// Returns whether the run gives its room back while it waits.
    pub(super) fn gives_back(&self, run: i64) -> bool {
        self.rooms().get(&run).is_some_and(|room| !room.held)
    }

    pub(super) fn has_room(&self, run: i64) -> bool {
        self.rooms().get(&run).is_some_and(|room| !room.leaving)
    }

    fn without(&self) -> MutexGuard<'_, HashSet<i64>> {
        self.without.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether a run is driven here without room: then it may not go on.
    pub(super) fn is_without(&self, run: i64) -> bool {
        self.is_used() && self.without().contains(&run)
    }

    pub(super) fn enter_without(&self, run: i64) {
        self.without().insert(run);
    }

    pub(super) fn leave_without(&self, run: i64) -> bool {
        self.is_used() && self.without().remove(&run)
    }

    pub(super) fn enter(&self, run: i64, room: Room) {
        self.used();
        self.leave_without(run);
        self.rooms().insert(run, room);
    }
}
