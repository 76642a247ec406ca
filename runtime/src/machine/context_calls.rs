//! Changes of the context by a workflow body: recorded, or compared with the recorded ones.

use super::calls::RunJournal;
use super::outgoing::index;
use super::own_turn::OUTSIDE;
use super::turn::Turn;
use crate::command::{Command, RefuseChange, recorded_version};
use crate::journal::{ContextChange, Journal, Recorded};
use crate::value::Value;

impl RunJournal {
    /// Looks up a change in the history before the workflow makes it.
    pub(super) fn change_of_history(&self, position: u64, change: &ContextChange<'_>) -> Recorded {
        let mut state = self.state();
        if state.is_outside() || position == OUTSIDE {
            return Recorded::Outside(self.outside());
        }
        let asked = change.command();
        let Some(entry) = state.recorded(position, &asked) else {
            return if state.fault.is_some() { Recorded::Diverged } else { Recorded::New };
        };
        match Command::from_entry(&entry).filter(|_| entry.position == Some(position)) {
            Some(Command::Abandon(_)) => Recorded::Abandoned,
            Some(Command::RefuseChange(refused)) if refused.is_of(&asked) => {
                Recorded::Refused(refused.error.into_owned())
            }
            Some(recorded) if recorded == asked => {
                state.context.entry = Some(entry.seq);
                let rows = state.turn.as_mut().map(|turn| turn.take_fields(entry.seq)).unwrap_or_default();
                state.context.inline.replay(&rows, change);
                Recorded::Made { version: recorded_version(&entry), rows }
            }
            _ => {
                state.diverged(&entry, &asked);
                Recorded::Diverged
            }
        }
    }

    /// Records a new change: the new values, or the reason of the refusal.
    pub(super) fn record_change(
        &self,
        position: u64,
        change: &ContextChange<'_>,
        values: Result<Vec<(&'static str, Value)>, Value>,
    ) {
        let missing_key = if values.is_err() { self.missing_key(Some(position)) } else { None };
        let mut guard = self.state();
        let state = &mut *guard;
        if let Some(reason) = missing_key {
            state.fault.get_or_insert(reason);
            return;
        }
        let Some(turn) = state.turn.as_mut().and_then(Turn::live) else { return };
        let (command, fields) = match values {
            Ok(fields) => (change.command(), fields),
            Err(error) => (Command::RefuseChange(RefuseChange::new(change.context(), error)), Vec::new()),
        };
        turn.command(&command, &mut self.at(position, state.time.now, None), None);
        let seq = turn.tail();
        state.context.inline.write(fields.iter().map(|(name, value)| (*name, value)));
        let workflow = &self.identity().workflow;
        turn.outgoing.extend(index(workflow, "", change.schema(), fields.iter().map(|(name, value)| (*name, value))));
        turn.write_fields(seq, fields);
        if !matches!(command, Command::RefuseChange(_)) {
            state.context.entry = Some(seq);
        }
    }
}
