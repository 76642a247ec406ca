//! One thread that wakes what is due: a busy runtime cannot delay it.

use super::clock::Clock;
use super::error::EngineError;
use super::threads;
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Who is woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Sleeper {
    /// The runs that are not in memory.
    Evicted,
    /// A run in memory.
    Run(i64),
}

/// Wakes sleepers when they are due; each has one due time at most.
pub(crate) struct Timers {
    state: Mutex<State>,
    changed: Condvar,
    clock: Arc<Clock>,
    /// How many things the engine is about to do by itself; sleeps are skipped only when there are none.
    busy: AtomicUsize,
}

#[derive(Default)]
struct State {
    queue: BTreeSet<(i64, Sleeper)>,
    due: HashMap<Sleeper, i64>,
    closed: bool,
}

/// The machine's clock may be set forward while we wait: look again after this long.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
const SKIP_AGAIN: Duration = Duration::from_micros(500);

impl Timers {
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn start(clock: Arc<Clock>, wake: impl Fn(Sleeper) + Send + 'static) -> Result<Arc<Self>, EngineError> {
        let timers =
            Arc::new(Self { state: Mutex::default(), changed: Condvar::new(), clock, busy: AtomicUsize::new(0) });
        let thread = timers.clone();
        threads::own("steadfast-timers", move || thread.run(&wake))?;
        Ok(timers)
    }

    /// Sets or clears when a sleeper is due.
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

    /// While the guard lives the engine has something to do by itself.
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
        while !state.closed {
            let Some(&(due, sleeper)) = state.queue.first() else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            if self.clock.skips() && self.busy.load(Ordering::SeqCst) == 0 {
                self.clock.jump(due);
            }
            let ahead = due.saturating_sub(self.clock.now());
            if ahead <= 0 {
                state.queue.pop_first();
                state.due.remove(&sleeper);
                drop(state);
                wake(sleeper);
                state = self.state();
                continue;
            }
            let wait = Duration::from_millis(u64::try_from(ahead).unwrap_or(0)).min(LOOK_AGAIN);
            let wait = if self.clock.skips() { SKIP_AGAIN } else { wait };
            state = self.changed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// See [`Timers::busy`].
pub(crate) struct Busy(Arc<Timers>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::SeqCst);
    }
}
