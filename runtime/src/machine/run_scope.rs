//! The scope of a run: its entry, and the end of a run that may not begin.

use super::Machine;
use super::turn::entry;
use crate::journal::{AnyWorkflow, Journal};
use crate::record::{Kind, RunScope};
use crate::store::{EntryRow, Status};
use crate::value::Value;
use std::collections::VecDeque;

/// Returns the entry that records the scope of a run; `None` for an empty scope.
pub(crate) fn scope_entry(seq: u64, scope: &RunScope, at: i64) -> Option<EntryRow> {
    if *scope == RunScope::default() {
        return None;
    }
    let value = serde_json::to_vec(scope).expect("words and numbers are JSON");
    Some(EntryRow { value: Some(Value::json(value)), ..entry(seq, Kind::ScopeSet, at) })
}

/// Returns the scope that an entry records, if any.
pub(crate) fn recorded_scope(entry: &EntryRow) -> Option<RunScope> {
    let value = entry.value.as_ref().filter(|_| entry.kind == Kind::ScopeSet)?;
    serde_json::from_slice(&value.bytes).ok()
}

/// Removes the deduplication key, which a copy of a run does not have.
pub(crate) fn forget_deduplication_key(entry: &mut EntryRow) {
    let Some(mut scope) = recorded_scope(entry) else { return };
    if scope.deduplication_key.take().is_some() {
        entry.value = Some(Value::json(serde_json::to_vec(&scope).expect("words and numbers are JSON")));
    }
}

impl Machine {
    /// Ends a run before it begins, if its principal lacks a role that its workflow requires. Returns whether it did.
    pub(super) fn refuses(&mut self, workflow: &dyn AnyWorkflow, first: &EntryRow) -> bool {
        let Some(why) = self.journal.state().scope.lacks(workflow.roles()) else { return false };
        self.journal.state().see(first);
        let why = format!("workflow `{}` was not started: {why}", self.journal.identity().workflow);
        self.finish(Status::Refused, Kind::RunRefused, first.seq, Some(Value::text(&why)));
        true
    }

    /// Returns whether the history records a refusal, whatever roles are required now.
    pub(super) fn was_refused(&mut self, group: &VecDeque<EntryRow>) -> bool {
        let refused = group.front().is_some_and(|entry| entry.kind == Kind::RunRefused);
        if refused {
            self.fate.ended = Some(Status::Refused);
        }
        refused
    }
}
