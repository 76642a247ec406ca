//! Under what a run acts: its entry, and the end of a run that may not begin.

use super::Machine;
use super::turn::entry;
use crate::journal::{AnyWorkflow, Journal};
use crate::record::{Kind, RunScope};
use crate::store::{EntryRow, Status};
use crate::value::Value;
use std::collections::VecDeque;

/// The entry that says under what a run acts; `None` if there is nothing to say.
pub(crate) fn scope_entry(seq: u64, scope: &RunScope, at: i64) -> Option<EntryRow> {
    if *scope == RunScope::default() {
        return None;
    }
    let value = serde_json::to_vec(scope).expect("words and numbers are JSON");
    Some(EntryRow { value: Some(Value::json(value)), ..entry(seq, Kind::ScopeSet, at) })
}

/// Under what a run acts, if an entry says that.
pub(crate) fn recorded_scope(entry: &EntryRow) -> Option<RunScope> {
    let value = entry.value.as_ref().filter(|_| entry.kind == Kind::ScopeSet)?;
    serde_json::from_slice(&value.bytes).ok()
}

/// A copy of a run does not have its deduplication key.
pub(crate) fn forget_deduplication_key(entry: &mut EntryRow) {
    let Some(mut scope) = recorded_scope(entry) else { return };
    if scope.deduplication_key.take().is_some() {
        entry.value = Some(Value::json(serde_json::to_vec(&scope).expect("words and numbers are JSON")));
    }
}

impl Machine {
    /// Ends a run before it begins, if its principal does not have a role that its workflow asks for. Says whether it
    /// did.
    pub(super) fn refuses(&mut self, workflow: &dyn AnyWorkflow, first: &EntryRow) -> bool {
        let Some(why) = self.journal.state().scope.lacks(workflow.roles()) else { return false };
        self.journal.state().see(first);
        let why = format!("workflow `{}` was not started: {why}", self.journal.identity().workflow);
        self.finish(Status::Refused, Kind::RunRefused, first.seq, Some(Value::text(&why)));
        true
    }

    /// Whether the history says that the run was refused, whatever roles are asked for today.
    pub(super) fn was_refused(&mut self, group: &VecDeque<EntryRow>) -> bool {
        let refused = group.front().is_some_and(|entry| entry.kind == Kind::RunRefused);
        if refused {
            self.fate.ended = Some(Status::Refused);
        }
        refused
    }
}
