//! What an engine knows of the schedules that it fires.

use super::looking::Looking;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The least time between two looks because of what other engines write.
const PAUSE: Duration = Duration::from_millis(250);

/// The schedules that an engine fires.
#[derive(Default)]
pub(crate) struct Schedules {
    /// The look for those that are due.
    pub(super) looking: Looking,
    /// Whether other engines have written since the last look, and when that was.
    is_changed: AtomicBool,
    looked: Mutex<Option<Instant>>,
    waiting: Mutex<Waiting>,
    /// The schedules whose run has ended.
    freed: Mutex<BTreeSet<String>>,
    /// Those that this engine cannot fire and that were reported, with their revisions.
    reported: Mutex<BTreeMap<String, i64>>,
    /// Whether the database does not work, which was reported.
    is_failing: AtomicBool,
}

/// The schedules that wait for the end of a run: each for one.
#[derive(Default)]
struct Waiting {
    by_run: HashMap<i64, String>,
    by_schedule: HashMap<String, i64>,
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
        let Some(schedule) = locked(&self.waiting).take(run) else { return false };
        locked(&self.freed).insert(schedule);
        true
    }

    /// Takes the schedules whose run has ended.
    pub(super) fn take_freed(&self) -> BTreeSet<String> {
        std::mem::take(&mut *locked(&self.freed))
    }

    /// Gives back what was taken, because it could not be read.
    pub(super) fn give_back(&self, freed: BTreeSet<String>) {
        locked(&self.freed).extend(freed);
    }

    /// Notes that a schedule waits for the end of a run, and for no other one any longer.
    pub(super) fn wait(&self, run: i64, schedule: String) {
        locked(&self.waiting).wait(run, schedule);
    }

    /// Notes that a schedule waits for no run.
    pub(super) fn wait_no_more(&self, schedule: &str) {
        locked(&self.waiting).forget(schedule);
    }

    /// Logs, once for a revision, that this engine cannot fire a schedule.
    pub(super) fn report(&self, schedule: &str, revision: i64, why: &str) {
        if locked(&self.reported).insert(schedule.to_owned(), revision) != Some(revision) {
            tracing::error!(schedule, why, "this engine cannot fire a schedule, and leaves it to others");
        }
    }

    /// Forgets which schedules were reported, but for those that cannot be fired now.
    pub(super) fn keep_reports(&self, of: &BTreeSet<String>) {
        locked(&self.reported).retain(|schedule, _| of.contains(schedule));
    }

    /// Logs, once until it works again, that the database does not work.
    pub(super) fn fail(&self, error: &impl Display) {
        if !self.is_failing.swap(true, Ordering::SeqCst) {
            tracing::warn!(%error, "the schedules cannot be fired now; it is tried again each second");
        }
    }

    /// Notes that the database works.
    pub(super) fn work(&self) {
        self.is_failing.store(false, Ordering::SeqCst);
    }
}

impl Waiting {
    fn wait(&mut self, run: i64, schedule: String) {
        self.forget(&schedule);
        self.by_schedule.insert(schedule.clone(), run);
        self.by_run.insert(run, schedule);
    }

    fn forget(&mut self, schedule: &str) {
        if let Some(run) = self.by_schedule.remove(schedule) {
            self.by_run.remove(&run);
        }
    }

    fn take(&mut self, run: i64) -> Option<String> {
        let schedule = self.by_run.remove(&run)?;
        self.by_schedule.remove(&schedule);
        Some(schedule)
    }
}

#[cfg(test)]
mod tests {
    use super::{Schedules, locked};
    use std::collections::BTreeSet;

    #[test]
    fn a_schedule_waits_for_one_run() {
        let schedules = Schedules::default();
        for run in 0..1_000 {
            schedules.wait(run, "nightly".to_owned());
            schedules.wait(-run - 1, "weekly".to_owned());
        }
        let waiting = locked(&schedules.waiting);
        assert_eq!((waiting.by_run.len(), waiting.by_schedule.len()), (2, 2));
        drop(waiting);
        assert!(!schedules.free(998), "a later one took its place");
        assert!(schedules.free(999) && !schedules.free(999));
        schedules.wait_no_more("weekly");
        assert!(!schedules.free(-1_000));
        assert!(locked(&schedules.waiting).by_run.is_empty());
        let freed = schedules.take_freed();
        assert_eq!(freed, BTreeSet::from(["nightly".to_owned()]));
        assert!(schedules.take_freed().is_empty());
        // What could not be read is read later, with what was freed meanwhile.
        schedules.wait(7, "weekly".to_owned());
        assert!(schedules.free(7));
        schedules.give_back(freed);
        assert_eq!(schedules.take_freed().len(), 2);
    }
}
