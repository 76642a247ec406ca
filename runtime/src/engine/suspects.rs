//! Finds the run that ends its process, and no other.
//!
//! The end of a process counts for the runs that were at work in it; an engine that ends in order removes its side
//! file, and nothing counts. A run at work in too many deaths without progress
//! ([`max_loads`](crate::EngineBuilder::max_loads)) is a *suspect*. Suspects are held back for a while after a start
//! (an end in that time clears them), then loaded in groups (`groups.rs`), each on probation for as long. Meanwhile the
//! side file records which suspects are on probation and whose code is being polled (`recorder.rs`, `watch.rs`); the
//! next engine derives the verdict from that (`verdict.rs`). A run is parked only if its code was being polled, alone,
//! several times in a row: a kill from outside mostly finds code that waits. A run that leaves no such trace, because a
//! thread of its own ends the process, is never parked but loaded later and later.

mod groups;
mod record;
mod recorder;
mod verdict;
mod watch;

pub(crate) use record::Record;
pub(crate) use recorder::{Recorder, Remains, SideFile};
pub(crate) use watch::{Watch, watched, watched_code};

pub(super) use groups::Group;
use groups::{Held, LONGEST};
use recorder::Stage;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The shortest time for which suspects are held back, and then watched.
const SHORTEST: Duration = Duration::from_secs(1);

/// The suspects of an engine.
pub(crate) struct Suspects {
    recorder: Arc<Recorder>,
    /// The number of deaths that makes a run a suspect.
    threshold: u32,
    /// Whether there has been any suspect: other runs pay one load of this flag.
    any: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The remains of the dead holders of our leases, and the runs for which each death has been counted.
    deaths: HashMap<i64, (Arc<Remains>, HashSet<i64>)>,
    /// The time for which suspects are held back and then watched.
    window: Duration,
    held: BTreeMap<i64, Record>,
    /// The time since which all of them are held back.
    since: Option<Instant>,
    /// The suspects that may be loaded.
    admitted: HashMap<i64, Arc<Watch>>,
    /// Whether a task is running their probation.
    looked_after: bool,
}

/// The next action for the suspects that are held back.
pub(super) enum Next {
    Nothing,
    Wait(Duration),
    Load(Group, Duration),
}

impl Suspects {
    pub(crate) fn new(recorder: Arc<Recorder>, threshold: u32) -> Self {
        Self { recorder, threshold, any: AtomicBool::new(false), state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that a lease was taken whose holder had died.
    pub(crate) fn inherit(&self, lease: i64, remains: Arc<Remains>) {
        let mut state = self.state();
        let window = remains.time_to_death().saturating_mul(2).clamp(SHORTEST, LONGEST);
        // A probation in progress must not become shorter.
        state.window = if state.looked_after { state.window.max(window) } else { window };
        state.deaths.insert(lease, (remains, HashSet::new()));
    }

    /// Forgets the death of a lease's holder, once all runs at work under it have been counted.
    pub(crate) fn settle(&self, lease: i64) {
        self.state().deaths.remove(&lease);
    }

    /// Returns whether runs of the lease were at work in a process that died, and have not all been counted.
    pub(crate) fn is_inherited(&self, lease: i64) -> bool {
        self.state().deaths.contains_key(&lease)
    }

    /// Returns a run's record after the death of the last process, if that was not counted yet.
    pub(crate) fn count(&self, lease: i64, run: i64, record: Record) -> Option<Record> {
        let state = self.state();
        let (remains, counted) = state.deaths.get(&lease)?;
        (!counted.contains(&run)).then(|| verdict::after_death(run, record, remains)).filter(|after| *after != record)
    }

    /// Marks the death of the last process as counted for this run.
    pub(crate) fn counted(&self, lease: i64, run: i64) {
        if let Some((_, counted)) = self.state().deaths.get_mut(&lease) {
            counted.insert(run);
        }
    }

    /// Returns whether a run may be loaded now; a suspect may once it is admitted.
    pub(crate) fn admits(&self, run: i64, record: Record) -> bool {
        !record.is_suspect(self.threshold) || self.state().admitted.contains_key(&run)
    }

    /// Holds a suspect back until it is admitted; `true` if the caller must spawn
    /// [`look_after`](super::probation::look_after).
    pub(crate) fn hold(&self, run: i64, id: &str, record: Record) -> bool {
        self.any.store(true, Ordering::Release);
        let looked_after = {
            let mut state = self.state();
            if state.admitted.contains_key(&run) || state.held.insert(run, record).is_some() {
                return false;
            }
            state.since = Some(Instant::now());
            std::mem::replace(&mut state.looked_after, true)
        };
        self.recorder.set(run, Stage::Held, 0);
        let deaths = record.deaths();
        tracing::warn!(run = %id, deaths, "{deaths} processes died while the run was running: it is loaded apart from the others");
        !looked_after
    }

    /// Returns the watch of a loaded run, if it is a suspect.
    pub(crate) fn watch(&self, run: i64) -> Option<Arc<Watch>> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        self.state().admitted.get(&run).cloned()
    }

    /// Acquits a run that has made progress.
    pub(crate) fn acquit(&self, run: i64) {
        if !self.any.load(Ordering::Acquire) {
            return;
        }
        let watch = self.state().admitted.remove(&run);
        if let Some(watch) = watch {
            watch.end();
            self.recorder.clear(run);
        }
    }

    /// Returns why a run is not loaded yet, for people.
    pub(crate) fn blocked(&self, run: i64) -> Option<String> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        let record = *self.state().held.get(&run)?;
        Some(format!(
            "{} processes died while it was running, so it is loaded later than the others, to find the run that ends them; it then resumes \
             automatically",
            record.deaths()
        ))
    }

    pub(super) fn next(&self, now: Instant) -> Next {
        let mut state = self.state();
        let held: Vec<Held> = state.held.iter().map(|(run, record)| Held { run: *run, record: *record }).collect();
        let window = state.window.max(SHORTEST);
        let Some(group) = groups::next(&held, window, self.threshold) else {
            state.looked_after = false;
            return Next::Nothing;
        };
        let held_for = state.since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        match group.after.checked_sub(held_for) {
            // A suspect that goes first may arrive meanwhile.
            Some(left) if !left.is_zero() => Next::Wait(left.min(window)),
            _ => Next::Load(group, window),
        }
    }

    /// Admits a group to its probation.
    pub(super) fn admit(&self, group: &Group) {
        let alone = group.runs.len() == 1;
        for run in &group.runs {
            self.recorder.set(*run, if alone { Stage::Alone } else { Stage::Group }, group.rank);
        }
        let mut state = self.state();
        for run in &group.runs {
            state.held.remove(run);
            state.admitted.insert(*run, Watch::new(*run, self.recorder.clone()));
        }
    }

    /// Ends the probation of a group.
    pub(super) fn clear(&self, group: &Group) {
        for run in &group.runs {
            if self.state().admitted.contains_key(run) {
                self.recorder.set(*run, Stage::Cleared, group.rank);
            }
        }
    }

    pub(super) fn is_acquitted(&self, run: i64) -> bool {
        !self.state().admitted.contains_key(&run)
    }
}

#[cfg(test)]
mod tests {
    use super::groups::Group;
    use super::{Record, Recorder, Remains, Suspects};
    use std::collections::HashMap;
    use std::sync::Arc;
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    fn suspects() -> Suspects {
        Suspects::new(Arc::new(Recorder::without_file()), 5)
    }

    fn died_after(seconds: u64) -> Arc<Remains> {
        Arc::new(Remains::new(Duration::from_secs(seconds), HashMap::new()))
    }

    #[test]
    fn the_end_of_a_process_counts_once_for_each_run() {
        let suspects = suspects();
        suspects.inherit(1, died_after(0));
        let after = suspects.count(1, 7, Record::default()).expect("it counts");
        assert_eq!(after.deaths(), 1);
        suspects.counted(1, 7);
        assert_eq!(suspects.count(1, 7, after), None);
        assert_eq!(suspects.count(1, 8, Record::default()).map(Record::deaths), Some(1));
        suspects.settle(1);
        assert_eq!(suspects.count(1, 9, Record::default()), None);
    }

    #[test]
    fn a_run_that_has_made_progress_is_watched_no_longer() {
        let suspects = suspects();
        suspects.any.store(true, Ordering::SeqCst);
        suspects.admit(&Group { runs: vec![7, 8], after: Duration::ZERO, rank: 6 });
        suspects.acquit(7);
        assert!(suspects.watch(7).is_none() && suspects.is_acquitted(7));
        assert!(suspects.watch(8).is_some() && !suspects.is_acquitted(8));
    }

    #[test]
    fn a_probation_is_not_made_shorter_by_another_death() {
        let suspects = suspects();
        let window = |seconds| {
            suspects.inherit(1, died_after(seconds));
            suspects.state().window
        };
        assert_eq!(window(60), Duration::from_mins(2));
        suspects.state().looked_after = true;
        assert_eq!(window(3), Duration::from_mins(2));
        suspects.state().looked_after = false;
        assert_eq!(window(3), Duration::from_secs(6));
    }

    #[test]
    fn the_side_file_says_whose_probation_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db-owner-1");
        let suspects = Suspects::new(Arc::new(Recorder::create(path.clone()).unwrap()), 5);
        let group = Group { runs: vec![7], after: Duration::ZERO, rank: 6 };
        let stage = || std::fs::read(&path).unwrap()[8 + 18];
        suspects.admit(&group);
        assert_eq!(stage(), b'a');
        suspects.clear(&group);
        assert_eq!(stage(), b'c');
    }
}
