//! Wakes what is due from one thread of its own, so that a busy runtime cannot delay it.

use super::clock::Clock;
use super::error::EngineError;
use super::threads;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

/// The target of a wake-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Sleeper {
    /// The runs that are not active.
    Evicted,
    /// An active run.
    Run(i64),
    /// The check for a change of the wall clock.
    Clock,
    /// The schedules.
    #[cfg(feature = "schedules")]
    Schedules,
}

/// A time limit.
pub(super) trait Limit: Send + Sync {
    /// Checks the limit when its time is over. Returns the time until the next check; `None` once the attempt has
    /// ended.
    fn look(&self) -> Option<Duration>;
}

/// Running limits, by the time when they are over.
type Limits = BTreeMap<(Instant, u64), Weak<dyn Limit>>;

/// Wakes sleepers when they are due; each has at most one due time.
pub(crate) struct Timers {
    state: Mutex<State>,
    changed: Condvar,
    clock: Arc<Clock>,
    /// The number of actions that the engine is about to take on its own; sleeps are skipped only if there are none.
    busy: AtomicUsize,
}

#[derive(Default)]
struct State {
    queue: BTreeSet<(i64, Sleeper)>,
    due: HashMap<Sleeper, i64>,
    /// Time limits of bodies, which run in real time even where sleeps are skipped.
    limits: Limits,
    /// The number of limits ever set, which makes their keys unique.
    begun: u64,
    closed: bool,
}

/// The interval at which the wall clock is checked for a change.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
const SKIP_AGAIN: Duration = Duration::from_micros(500);

impl Timers {
    /// Starts the timer thread.
    ///
    /// # Errors
    /// The system cannot start a thread.
    pub(crate) fn start(clock: Arc<Clock>, wake: impl Fn(Sleeper) + Send + 'static) -> Result<Arc<Self>, EngineError> {
        let timers =
            Arc::new(Self { state: Mutex::default(), changed: Condvar::new(), clock, busy: AtomicUsize::new(0) });
        let thread = timers.clone();
        threads::own("steadfast-timers", move || thread.run(&wake))?;
        Ok(timers)
    }

    /// Sets or clears when a sleeper is due, on the monotonic clock.
    pub(crate) fn set(&self, sleeper: Sleeper, due: Option<i64>) {
        self.change(&mut self.state(), sleeper, due);
    }

    fn change(&self, state: &mut State, sleeper: Sleeper, due: Option<i64>) {
        let before = match due {
            Some(due) => state.due.insert(sleeper, due),
            None => state.due.remove(&sleeper),
        };
        if before == due {
            return;
        }
        if let Some(before) = before {
            state.queue.remove(&(before, sleeper));
        }
        if let Some(due) = due {
            state.queue.insert((due, sleeper));
            if state.queue.first() == Some(&(due, sleeper)) {
                self.changed.notify_one();
            }
        }
    }

    /// Makes a sleeper due at a moment, or earlier if it is due earlier already.
    pub(crate) fn no_later_than(&self, sleeper: Sleeper, due: i64) {
        let mut state = self.state();
        if state.due.get(&sleeper).is_none_or(|before| due < *before) {
            self.change(&mut state, sleeper, Some(due));
        }
    }

    /// Sets a time limit, which is checked when it is over unless it is removed before. Returns its number.
    pub(super) fn limit(&self, over: Instant, limit: Weak<dyn Limit>) -> u64 {
        let mut state = self.state();
        state.begun += 1;
        let key = (over, state.begun);
        state.limits.insert(key, limit);
        if state.limits.first_key_value().is_some_and(|(first, _)| *first == key) {
            self.changed.notify_one();
        }
        key.1
    }

    /// Removes a time limit whose body has ended.
    pub(super) fn unlimit(&self, armed: (Instant, u64)) {
        self.state().limits.remove(&armed);
    }

    /// Marks the engine as busy while the guard lives.
    pub(crate) fn busy(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::SeqCst);
        Busy(self.clone())
    }

    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.changed.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, wake: &dyn Fn(Sleeper)) {
        let mut state = self.state();
        let mut looked = Instant::now();
        while !state.closed {
            let now = Instant::now();
            if now.saturating_duration_since(looked) >= LOOK_AGAIN {
                looked = now;
                if self.clock.was_set().is_some() {
                    drop(state);
                    wake(Sleeper::Clock);
                    state = self.state();
                    continue;
                }
            }
            if let Some(over) = state.limits.first_entry().filter(|first| first.key().0 <= now) {
                let limit = over.remove();
                drop(state);
                let again = limit.upgrade().and_then(|limit| limit.look());
                state = self.state();
                if let Some(again) = again {
                    // Its number stays unique; if the body has ended meanwhile, the next check ends it.
                    state.begun += 1;
                    let key = (now + again, state.begun);
                    state.limits.insert(key, limit);
                }
                continue;
            }
            let wait = match self.next_sleeper(&mut state) {
                Ok(sleeper) => {
                    drop(state);
                    wake(sleeper);
                    state = self.state();
                    continue;
                }
                Err(wait) => wait,
            };
            let over = state.limits.first_key_value().map(|((over, _), _)| over.saturating_duration_since(now));
            let look = (!self.clock.skips()).then_some(LOOK_AGAIN);
            state = match wait.into_iter().chain(over).chain(look).min() {
                Some(wait) => self.changed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0,
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Removes the next sleeper that is due, or returns how long to wait for it; `None` if there are no sleepers.
    fn next_sleeper(&self, state: &mut State) -> Result<Sleeper, Option<Duration>> {
        let Some(&(due, sleeper)) = state.queue.first() else { return Err(None) };
        if self.clock.skips() && self.busy.load(Ordering::SeqCst) == 0 {
            self.clock.jump(due);
        }
        let ahead = due.saturating_sub(self.clock.elapsed());
        if ahead <= 0 {
            state.queue.pop_first();
            state.due.remove(&sleeper);
            return Ok(sleeper);
        }
        let wait = Duration::from_millis(u64::try_from(ahead).unwrap_or(0));
        Err(Some(if self.clock.skips() { SKIP_AGAIN } else { wait }))
    }
}

/// A guard of [`Timers::busy`].
pub(crate) struct Busy(Arc<Timers>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::SeqCst);
    }
}
