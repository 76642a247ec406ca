//! The history of a run's shared state.

use crate::engine::time_travel::{FieldChange, Since};
use crate::inspect::recorded::{Recorded, StateChange};
use crate::record::Kind;
use crate::shared_state::{rows, rows::StateRow};
use crate::store::EntryRow;
use serde::Serialize;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The changes of a run's shared state, from [`Run::state_history`](crate::Run::state_history).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StateHistory {
    run: String,
    #[serde(serialize_with = "crate::record::millis::serialize")]
    started_at: SystemTime,
    entries: Vec<StateEntry>,
}

/// One change of shared state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StateEntry {
    /// The number of its entry in the journal.
    pub seq: u64,
    /// The time of the change.
    #[serde(serialize_with = "crate::record::millis::serialize")]
    pub at: SystemTime,
    /// The step that made it; `None` where the whole typed part was written.
    pub step: Option<String>,
    /// The command index of the step's call.
    pub position: Option<u64>,
    /// The step's attempt.
    pub attempt: Option<u32>,
    /// The fields that it changed, in alphabetical order.
    pub fields: Vec<FieldChange>,
    /// The keys that it changed, in alphabetical order.
    pub keys: Vec<FieldChange>,
}

impl StateHistory {
    pub(super) fn new(run: &str, started_at: SystemTime, changes: &[StateChange]) -> Self {
        let mut before = Recorded::default();
        let entries = changes.iter().map(|change| {
            let entry = StateEntry::new(change, &before);
            before.apply(change);
            entry
        });
        Self { run: run.to_owned(), started_at, entries: entries.collect() }
    }

    /// Returns the changes, the oldest first.
    #[must_use]
    pub fn entries(&self) -> &[StateEntry] {
        &self.entries
    }
}

impl StateEntry {
    fn new(change: &StateChange, before: &Recorded) -> Self {
        let EntryRow { seq, at, kind, name, position, attempt, .. } = &change.entry;
        let (mut fields, mut keys) = (Vec::new(), Vec::new());
        for row in &change.rows {
            let Some(parsed) = rows::parse(&row.name) else { continue };
            let (StateRow::Field(name) | StateRow::Key(name)) = parsed;
            let new = Some(row.value.clone()).filter(|value| !rows::is_gone(value));
            let changed = FieldChange { field: name.to_owned(), old: before.value(&row.name).cloned(), new };
            match parsed {
                StateRow::Field(_) => fields.push(changed),
                StateRow::Key(_) => keys.push(changed),
            }
        }
        Self {
            seq: *seq,
            at: UNIX_EPOCH + Duration::from_millis(u64::try_from(*at).unwrap_or(0)),
            step: name.clone().filter(|_| *kind == Kind::StateEdited),
            position: *position,
            attempt: *attempt,
            fields,
            keys,
        }
    }
}

impl fmt::Display for StateHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.entries.is_empty() {
            return write!(f, "run `{}` has no shared state", self.run);
        }
        write!(f, "shared state of run `{}`", self.run)?;
        for entry in &self.entries {
            let since = entry.at.duration_since(self.started_at).unwrap_or_default();
            write!(f, "\n{:>6}  {:>9}  ", entry.seq, Since(since))?;
            match (&entry.step, entry.position) {
                (Some(step), Some(position)) => write!(f, "edited by step `{step}` @{position}")?,
                _ => f.write_str("written")?,
            }
            if let Some(attempt) = entry.attempt.filter(|attempt| *attempt > 1) {
                write!(f, ", attempt {attempt}")?;
            }
            for change in &entry.fields {
                write!(f, "\n          {}  {change}", change.field)?;
            }
            for change in &entry.keys {
                write!(f, "\n          {:?}  {change}", change.field)?;
            }
        }
        Ok(())
    }
}
