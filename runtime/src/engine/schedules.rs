//! What an engine knows of the schedules that it fires.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The least time between two looks because of what other engines write.
const PAUSE: Duration = Duration::from_millis(250);

/// The schedules that an engine fires.
#[derive(Default)]
pub(crate) struct Schedules {
    /// Whether it is looking for those that are due, and whether it is to look again.
    pub(super) looking: AtomicBool,
    pub(super) again: AtomicBool,
    /// Whether other engines have written since the last look, and when that was.
    is_changed: AtomicBool,
    looked: Mutex<Option<Instant>>,
    /// The schedules that wait for the ends of runs, by the number of the run.
    waiting: Mutex<HashMap<i64, String>>,
    /// The schedules whose run has ended.
    freed: Mutex<BTreeSet<String>>,
    /// The names of those that this version cannot read and that were reported.
    reported: Mutex<HashSet<String>>,
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Schedules {
    /// Notes that other engines have written: they may have created a schedule.
    pub(super) fn changed(&self) {
        self.is_changed.store(true, Ordering::SeqCst);
    }

    /// Returns whether other engines have written since the last look, and takes note of a look.
    pub(super) fn is_to_look(&self) -> bool {
        if !self.is_changed.load(Ordering::SeqCst) {
            return false;
        }
        let mut looked = locked(&self.looked);
        let is_time = looked.is_none_or(|looked| looked.elapsed() >= PAUSE);
        if is_time {
            *looked = Some(Instant::now());
            self.is_changed.store(false, Ordering::SeqCst);
        }
        is_time
    }

    /// Notes the end of a run. Returns whether a schedule waits for it.
    pub(super) fn free(&self, run: i64) -> bool {
        let schedule = locked(&self.waiting).remove(&run);
        let is_waiting = schedule.is_some();
        locked(&self.freed).extend(schedule);
        is_waiting
    }

    /// Takes the schedules whose run has ended.
    pub(super) fn take_freed(&self) -> BTreeSet<String> {
        std::mem::take(&mut *locked(&self.freed))
    }

    /// Notes that a schedule waits for the end of a run.
    pub(super) fn wait(&self, run: i64, schedule: String) {
        locked(&self.waiting).insert(run, schedule);
    }

    /// Logs, once, that a schedule cannot be read.
    pub(super) fn report(&self, schedule: &str, why: &str) {
        if locked(&self.reported).insert(schedule.to_owned()) {
            tracing::error!(schedule, why, "a schedule cannot be read by this version, and is left to others");
        }
    }
}
