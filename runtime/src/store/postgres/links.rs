//! Connections that are kept between uses, for one purpose.

use super::fault::{Place, fault};
use super::link::Link;
use super::options::PgOptions;
use crate::store::StoreError;
use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The time after which an idle connection is closed, but for one.
const IDLE: Duration = Duration::from_secs(10);

/// The time for which a connection counts as alive after its last use.
const FRESH: Duration = Duration::from_millis(10);

/// Connections for one purpose, made when they are needed. A call that finds all in use waits.
pub(super) struct Links {
    options: PgOptions,
    name: String,
    /// The most connections at a time.
    most: usize,
    state: Mutex<State>,
    free: Condvar,
}

#[derive(Default)]
struct State {
    /// With the time of their last use, which grows.
    idle: Vec<(Link, Instant)>,
    in_use: usize,
}

impl Links {
    pub(super) fn new(options: PgOptions, name: String, most: usize) -> Self {
        Self { options, name, most, state: Mutex::default(), free: Condvar::new() }
    }

    /// Does something with a connection that nobody else uses meanwhile.
    ///
    /// # Errors
    /// Those of `act`; or no connection can be made.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut Link) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let _place = self.place();
        let mut link = self.link()?;
        // After a panic it is closed, and with it a transaction that was left open.
        let answer = act(&mut link);
        let patience = self.options.patience();
        if answer.is_ok() || !link.has_ended() && link.wait(patience, |client| client.batch_execute("ROLLBACK")).is_ok()
        {
            self.keep(link);
        } else {
            // The others probably went the same way: what is tried again gets a new connection.
            self.state().idle.clear();
        }
        answer
    }

    /// Waits until there are fewer connections in use than there may be, and counts one more until the guard is dropped.
    fn place(&self) -> impl Drop + '_ {
        struct Place<'a>(&'a Links);
        impl Drop for Place<'_> {
            fn drop(&mut self) {
                self.0.state().in_use -= 1;
                self.0.free.notify_one();
            }
        }
        let all_in_use = |state: &mut State| state.in_use >= self.most;
        let mut state = self.free.wait_while(self.state(), all_in_use).unwrap_or_else(PoisonError::into_inner);
        state.in_use += 1;
        drop(state);
        Place(self)
    }

    fn link(&self) -> Result<Link, StoreError> {
        let mut idle = std::iter::from_fn(|| self.state().idle.pop());
        let usable = |(mut link, used): (Link, Instant)| (used.elapsed() < FRESH || link.is_alive()).then_some(link);
        if let Some(link) = idle.find_map(usable) {
            return Ok(link);
        }
        Link::connect(&self.options).map_err(|error| fault(&self.name, error, Place::Connecting))
    }

    fn keep(&self, link: Link) {
        if link.has_ended() {
            return;
        }
        let mut state = self.state();
        state.idle.push((link, Instant::now()));
        let spare = state.idle.len() - 1;
        let old = state.idle.iter().take(spare).take_while(|(_, used)| used.elapsed() > IDLE).count();
        let closed: Vec<_> = state.idle.drain(..old).collect();
        // Not under the lock.
        drop(state);
        drop(closed);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Links").field("most", &self.most).finish_non_exhaustive()
    }
}
