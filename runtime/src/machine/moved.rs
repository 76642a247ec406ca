//! A run that is moved into a file: it ends here, and continues where the file is imported.

use super::Machine;
use super::effect::Effect;
use super::suspended::Deferred;
use super::turn::entry;
use crate::record::Kind;
use crate::store::{EntryRow, Status};
use crate::value::Value;
use serde::{Deserialize, Serialize};

/// The state of a run's row before the move, which is restored where the run continues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MovedState {
    status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) wake_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) parked: Option<String>,
    /// The deduplication key, which is released by the move.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dedup: Option<String>,
}

impl MovedState {
    pub(crate) fn new(status: Status, wake_at: Option<i64>, parked: Option<String>, dedup: Option<String>) -> Self {
        Self { status: status.as_str().to_owned(), wake_at, parked, dedup }
    }

    /// Decodes the last entry of a moved run.
    #[cfg(feature = "sqlite")]
    pub(crate) fn of(last: &EntryRow) -> Option<Self> {
        let value = last.value.as_ref().filter(|_| last.kind == Kind::RunMoved)?;
        serde_json::from_slice(&value.bytes).ok()
    }

    #[cfg(feature = "sqlite")]
    pub(crate) fn status(&self) -> Option<Status> {
        Status::parse(&self.status)
    }

    /// Returns the entry with which a run is moved.
    pub(crate) fn entry(&self, seq: u64, at: i64) -> EntryRow {
        let value = serde_json::to_vec(self).expect("words and numbers are JSON");
        EntryRow { value: Some(Value::json(value)), ..entry(seq, Kind::RunMoved, at) }
    }
}

impl Machine {
    /// Ends the run here, between two turns: its bodies are cancelled, and nothing more is delivered.
    pub(crate) fn move_away(&mut self, now: i64) {
        if !self.is_open() {
            return;
        }
        if self.stands_still() {
            return self.deferred.push_back(Deferred::Moved);
        }
        // An open active run is no longer parked, whatever its row said before.
        let (status, wake_at) = self.row_state();
        let at = now;
        let last = MovedState::new(status, wake_at, None, self.row.dedup.clone()).entry(self.next_seq(), at);
        self.unwritten.entries.push(last);
        self.drop_body();
        self.cancel_attempts();
        self.dequeue_all();
        self.fate.ended = Some(Status::Moved);
        self.unwritten.pending_effects.push(Effect::Ended);
    }
}
