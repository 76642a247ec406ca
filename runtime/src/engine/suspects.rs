//! Finds the run that ends its process, and no other.
//!
//! The end of a process counts for the runs that were at work in it; an engine that ends in order removes its side file, and
//! nothing counts. A run at work in so many deaths without progress ([`max_loads`](crate::EngineBuilder::max_loads)) is a
//! *suspect*. Suspects are held back for a while after a start (an end in that time clears them), then loaded in groups
//! (`groups.rs`), each on probation for as long. Meanwhile the side file has which suspects are on probation and whose code
//! is being polled (`recorder.rs`, `watch.rs`); from that the next engine tells what the end means (`verdict.rs`). Only a
//! run whose code was being polled, alone, several times in a row is parked: a kill from outside mostly finds code that waits.
//! A run that leaves no such trace, because a thread of its own ends the process, is never parked but loaded later and later.

mod groups;
mod record;
mod recorder;
mod verdict;
mod watch;

pub(crate) use record::Record;
pub(crate) use recorder::{Recorder, Remains, remains_of};
pub(crate) use watch::{Watch, watched};

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
    /// So many deaths make a run a suspect.
    threshold: u32,
    /// Whether there has been any: other runs cost one look at this.
    any: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What the holders of our leases left behind that died, and the runs that it has been counted for.
    deaths: HashMap<i64, (Arc<Remains>, HashSet<i64>)>,
    /// How long suspects are held back and then watched.
    window: Duration,
    held: BTreeMap<i64, Record>,
    /// Since when all of them are held back.
    since: Option<Instant>,
    /// Those that may be loaded.
    admitted: HashMap<i64, Arc<Watch>>,
    /// Whether a task looks after them.
    looked_after: bool,
}

/// What a task does next for the suspects that are held back.
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

    /// A lease was taken whose holder had died.
    pub(crate) fn inherit(&self, lease: i64, remains: Arc<Remains>) {
        let mut state = self.state();
        let window = remains.time_to_death().saturating_mul(2).clamp(SHORTEST, LONGEST);
        // Not in the middle of a probation.
        state.window = if state.looked_after { state.window.max(window) } else { window };
        state.deaths.insert(lease, (remains, HashSet::new()));
    }

    /// All runs that were at work under the lease have been looked at.
    pub(crate) fn settle(&self, lease: i64) {
        self.state().deaths.remove(&lease);
    }

    /// Whether runs of the lease were at work in a process that died, and have not been looked at.
    pub(crate) fn is_inherited(&self, lease: i64) -> bool {
        self.state().deaths.contains_key(&lease)
    }

    /// A run's record after the end of the process before, if that was not counted yet.
    pub(crate) fn count(&self, lease: i64, run: i64, record: Record) -> Option<Record> {
        let state = self.state();
        let (remains, counted) = state.deaths.get(&lease)?;
        (!counted.contains(&run)).then(|| verdict::after_death(run, record, remains)).filter(|after| *after != record)
    }

    /// The end of the process before was counted for this run.
    pub(crate) fn counted(&self, lease: i64, run: i64) {
        if let Some((_, counted)) = self.state().deaths.get_mut(&lease) {
            counted.insert(run);
        }
    }

    /// Whether a run may be loaded now; a suspect may when its turn has come.
    pub(crate) fn admits(&self, run: i64, record: Record) -> bool {
        !record.is_suspect(self.threshold) || self.state().admitted.contains_key(&run)
    }

    /// Holds a suspect back until its turn comes; `true` if a task is to [look after](super::probation::look_after) them.
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
        tracing::warn!(run = %id, deaths, "{deaths} processes died with the run at work: it is loaded apart from the others");
        !looked_after
    }

    /// The watch of a run that is loaded, if it is a suspect.
    pub(crate) fn watch(&self, run: i64) -> Option<Arc<Watch>> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        self.state().admitted.get(&run).cloned()
    }

    /// The run has made progress: it is no suspect any longer.
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

    /// Why a run is not loaded yet, for people.
    pub(crate) fn blocked(&self, run: i64) -> Option<String> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        let record = *self.state().held.get(&run)?;
        Some(format!(
            "{} processes died with it at work, so it is loaded later than the others, to find the run that ends them; it \
             goes on by itself",
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
            // Another may come meanwhile that goes first.
            Some(left) if !left.is_zero() => Next::Wait(left.min(window)),
            _ => Next::Load(group, window),
        }
    }

    /// The turn of these has come.
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

    /// Their probation is over.
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
