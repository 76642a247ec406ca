//! The record of suspects in a database, on which engines reach no common file. A thread of its own writes it, which
//! begins with the first suspect.

use super::super::threads;
use crate::store::Store;
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The time for which code of a suspect waits until its record is written. Longer than a database takes that works.
const PATIENCE: Duration = Duration::from_secs(1);

/// The writer of one engine's rows. Dropping it ends its thread.
pub(super) struct Rows {
    shared: Arc<Shared>,
    is_running: bool,
}

struct Shared {
    store: Arc<dyn Store>,
    owner: String,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// What is not written yet, by run; only the latest record counts.
    changes: BTreeMap<i64, Option<Vec<u8>>>,
    /// How many changes there were, and how many of them are written.
    put: u64,
    written: u64,
    is_closed: bool,
}

/// All changes up to now, to be waited for.
pub(super) struct Written {
    shared: Arc<Shared>,
    put: u64,
}

impl Rows {
    pub(super) fn new(store: Arc<dyn Store>, owner: String) -> Self {
        let shared = Shared { store, owner, state: Mutex::default(), changed: Condvar::new() };
        Self { shared: Arc::new(shared), is_running: false }
    }

    /// Has the record of a run written soon.
    pub(super) fn put(&mut self, run: i64, record: Option<Vec<u8>>) {
        if !self.is_running {
            let shared = self.shared.clone();
            // Without a thread the record is missing, which costs restarts, not correctness.
            self.is_running = threads::own("steadfast-suspects", move || shared.run()).is_ok();
        }
        let mut state = self.shared.state();
        state.changes.insert(run, record);
        state.put += 1;
        drop(state);
        self.shared.changed.notify_all();
    }

    pub(super) fn written(&self) -> Written {
        Written { shared: self.shared.clone(), put: self.shared.state().put }
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        self.shared.state().is_closed = true;
        self.shared.changed.notify_all();
    }
}

impl Written {
    /// Waits until the changes are committed, but not for a database that does not answer.
    pub(super) fn wait(&self) {
        let is_open = |state: &mut State| state.written < self.put && !state.is_closed;
        // What is not written in time costs restarts.
        let _ = self.shared.changed.wait_timeout_while(self.shared.state(), PATIENCE, is_open);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        loop {
            let state = self.changed.wait_while(self.state(), |state| state.changes.is_empty() && !state.is_closed);
            let mut state = state.unwrap_or_else(PoisonError::into_inner);
            if state.is_closed {
                return;
            }
            let (changes, put) = (std::mem::take(&mut state.changes), state.put);
            drop(state);
            let changes: Vec<_> = changes.into_iter().collect();
            if let Err(error) = self.store.keep_suspects(&self.owner, &changes) {
                tracing::warn!(%error, "the runs that may end this process cannot be recorded now");
            }
            self.state().written = put;
            self.changed.notify_all();
        }
    }
}
