//! Changes of the context as the body of a workflow makes them: recorded, or compared with the recorded ones.

use super::calls::RunJournal;
use super::changed;
use super::turn::Turn;
use crate::journal::{ContextChange, Recorded};
use crate::record::Kind;
use crate::value::Value;

impl RunJournal {
    /// What the history says of a change that the workflow is about to make.
    pub(super) fn change_of_history(&self, position: u64, change: &ContextChange<'_>) -> Recorded {
        let mut state = self.state();
        let found = || match change {
            ContextChange::Set { context, .. } => format!("context `{context}` set"),
            ContextChange::Update { context, fields, .. } => {
                format!("context `{context}` updated ({})", fields.join(", "))
            }
        };
        let Some(entry) = state.recorded(position, found) else {
            return if state.fault.is_some() { Recorded::Diverged } else { Recorded::New };
        };
        let same = entry.position == Some(position)
            && match change {
                _ if entry.kind == Kind::CallAbandoned => true,
                ContextChange::Set { context, .. } => {
                    matches!(entry.kind, Kind::ContextSet | Kind::ContextRefused)
                        && entry.name.as_deref() == Some(context)
                }
                ContextChange::Update { fields, schema, .. } => match entry.kind {
                    Kind::ContextUpdated => changed::is_same(&entry, fields, schema),
                    Kind::ContextRefused => true,
                    _ => false,
                },
            };
        match entry.value {
            _ if !same => {
                state.diverged(&entry, found());
                Recorded::Diverged
            }
            Some(error) if entry.kind == Kind::ContextRefused => Recorded::Refused(error),
            _ if entry.kind == Kind::CallAbandoned => Recorded::Abandoned,
            _ => {
                state.context_entry = Some(entry.seq);
                let rows = state.turn.as_mut().map(|turn| turn.take_fields(entry.seq)).unwrap_or_default();
                state.inline.replay(&rows, change);
                Recorded::Made { version: changed::version(&entry), rows }
            }
        }
    }

    /// A change for the first time: the new values, or why it was refused.
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
        let (name, kind, value) = match change {
            ContextChange::Set { context, schema } => (context, Kind::ContextSet, schema.to_json()),
            ContextChange::Update { context, schema, fields } => {
                (context, Kind::ContextUpdated, changed::to_json(schema.version, fields))
            }
        };
        let (kind, value, fields) = match values {
            Ok(fields) => (kind, Value::json(value), fields),
            Err(error) => (Kind::ContextRefused, error, Vec::new()),
        };
        let seq = turn.record(kind, |entry| {
            entry.position = Some(position);
            entry.name = Some((*name).to_owned());
            entry.value = Some(value);
        });
        state.inline.write(fields.iter().map(|(name, value)| (*name, value)));
        turn.write_fields(seq, fields);
        if kind != Kind::ContextRefused {
            state.context_entry = Some(seq);
        }
    }
}
