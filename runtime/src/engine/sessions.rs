//! Sessions of active runs: they outlast a reload, and are dropped when the run is evicted.

use crate::session::Session;
use std::collections::HashMap;

/// The sessions of active runs.
#[derive(Default)]
pub(super) struct Sessions(HashMap<i64, (String, Session)>);

/// The session of an evicted run. Its values must be dropped without holding a lock, because their `Drop` is user code.
#[must_use = "its values are dropped by `drop_values`"]
pub(super) struct TakenSession(Option<(String, Session)>);

/// The reason why a run was evicted.
#[derive(Clone, Copy)]
pub(super) enum Why {
    /// The end of the run: its values are no longer needed.
    Ended,
    /// The stop of the engine: values do not outlast a process.
    Stopping,
    /// A wait, a park or a move of the run: its steps will look for the values and find none.
    Away,
}

impl Sessions {
    /// Returns the session of a run, with the values of an earlier load.
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
