//! A run that continues with the context of another: its entry, and how the workflow gets the context.

use super::Machine;
use super::replay::{LoadField, Rebuild};
use super::run_scope::recorded_scope;
use super::turn::entry;
use crate::journal::{AnyWorkflow, Continued};
use crate::record::Kind;
use crate::store::{EntryRow, FieldRow};
use crate::value::Value;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The entry that says which context a run continues with; the values are the fields that it wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Continuing {
    /// The id of the run that had ended.
    pub(crate) run: String,
    /// The version of the context in which the values are recorded.
    pub(crate) version: u32,
}

impl Continuing {
    /// Decodes an entry, if it is of this kind.
    pub(crate) fn of(entry: &EntryRow) -> Option<Self> {
        let value = entry.value.as_ref().filter(|_| entry.kind == Kind::ContextContinued)?;
        serde_json::from_slice(&value.bytes).ok()
    }

    /// Returns the entry, which follows the other first entries and writes this many fields.
    pub(crate) fn entry(&self, seq: u64, context: &str, fields: usize, at: i64) -> EntryRow {
        let value = serde_json::to_vec(self).expect("words and numbers are JSON");
        let (name, context) = (Some(context.to_owned()), Some(fields as u64));
        EntryRow { name, context, value: Some(Value::json(value)), ..entry(seq, Kind::ContextContinued, at) }
    }
}

impl Machine {
    /// Keeps the scope, if the entry has one.
    pub(super) fn set_scope(&mut self, entry: &EntryRow) {
        if let Some(scope) = recorded_scope(entry) {
            self.journal.state().scope = Arc::new(scope);
        }
    }

    /// Keeps the context of the other run for the workflow, which reads it in its first turn.
    pub(super) fn go_on_with(
        &mut self,
        workflow: &dyn AnyWorkflow,
        entry: &EntryRow,
        mut rows: Vec<FieldRow>,
        load: LoadField<'_>,
    ) -> Result<(), Rebuild> {
        let (Some(Continuing { version, .. }), Some(context)) = (Continuing::of(entry), entry.name.clone()) else {
            return Err(self.damaged(&format!("entry {} does not say which context it is", entry.seq)).into());
        };
        self.load_stored(workflow, rows.iter_mut(), &|_| version, load)?;
        self.journal.state().context.continued = Some(Continued { context, version, rows });
        Ok(())
    }
}
