//! The sessions of the runs in memory: they outlast a reload, and go when the run leaves.

use crate::session::Session;
use std::collections::HashMap;

/// The sessions of the runs in memory.
#[derive(Default)]
pub(super) struct Sessions(HashMap<i64, (String, Session)>);

/// A session whose run has left memory. Nobody may hold a lock while its values are dropped: their `Drop` is the user's.
#[must_use = "its values are dropped by `drop_values`"]
pub(super) struct TakenSession(Option<(String, Session)>);

/// Why a run has left memory.
#[derive(Clone, Copy)]
pub(super) enum Why {
    /// It has ended, so nobody needs the values any longer.
    Ended,
    /// The engine stops, and values do not outlast a process.
    Stopping,
    /// It waits, is parked or has moved: its steps will ask for the values and find none.
    Away,
}

impl Sessions {
    /// The session of a run, with what an earlier load has left in it.
    pub(super) fn of(&mut self, run: i64, id: &str) -> Session {
        self.0.entry(run).or_insert_with(|| (id.to_owned(), Session::default())).1.clone()
    }

    pub(super) fn take(&mut self, run: i64) -> TakenSession {
        TakenSession(self.0.remove(&run))
    }
}

impl TakenSession {
    pub(super) fn drop_values(self, why: Why) {
        let Some((run, session)) = self.0 else { return };
        let types = session.clear();
        if types.is_empty() {
            return;
        }
        match why {
            Why::Ended => {}
            Why::Stopping => {
                tracing::debug!(run, ?types, "the engine stops, so the live values of the session are dropped");
            }
            Why::Away => {
                tracing::warn!(run, ?types, "the run leaves memory, so the live values of its session are dropped");
            }
        }
    }
}
