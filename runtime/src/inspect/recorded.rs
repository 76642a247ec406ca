//! The shared state of a run as rows alone have it, and its changes.

use super::changes::check_rows;
use crate::record::Kind;
use crate::shared_state::{rows, rows::StateRow};
use crate::store::{EntryRow, FieldRow, Store, StoreError};
use crate::value::Value;
use std::collections::BTreeMap;

/// The number of entries read at a time.
const PAGE: usize = 4_096;

/// The recorded shared state: the newest row of each field and key.
#[derive(Clone, Default)]
pub(crate) struct Recorded {
    /// The entry that last wrote the whole typed part.
    pub(crate) set: Option<EntryRow>,
    pub(crate) rows: BTreeMap<String, FieldRow>,
}

/// An entry that changed the state, with its rows.
pub(crate) struct StateChange {
    pub(crate) entry: EntryRow,
    pub(crate) rows: Vec<FieldRow>,
}

impl Recorded {
    pub(crate) fn apply(&mut self, change: &StateChange) {
        if change.entry.kind == Kind::StateSet && change.entry.name.is_some() {
            self.rows.retain(|name, _| !matches!(rows::parse(name), Some(StateRow::Field(_))));
            self.set = Some(change.entry.clone());
        }
        for row in &change.rows {
            if rows::is_gone(&row.value) {
                self.rows.remove(&row.name);
            } else {
                self.rows.insert(row.name.clone(), row.clone());
            }
        }
    }

    /// Returns the value of a row by its name.
    pub(crate) fn value(&self, row: &str) -> Option<&Value> {
        self.rows.get(row).map(|row| &row.value)
    }
}

/// Returns the shared state of a run as it was after an entry.
pub(crate) fn recorded_in(store: &dyn Store, run: i64, to: u64) -> Result<Recorded, StoreError> {
    let mut recorded = Recorded::default();
    for change in changes(store, run, to)? {
        recorded.apply(&change);
    }
    Ok(recorded)
}

/// Returns the changes of a run's shared state up to an entry.
pub(crate) fn changes(store: &dyn Store, run: i64, to: u64) -> Result<Vec<StateChange>, StoreError> {
    let (mut after, mut changes) = (0, Vec::new());
    loop {
        let entries = store.entries(run, after, PAGE)?;
        let full = entries.len() == PAGE;
        let Some(last) = entries.last().map(|entry| entry.seq) else { return Ok(changes) };
        let of_state = |entry: &EntryRow| matches!(entry.kind, Kind::StateSet | Kind::StateEdited) && entry.seq <= to;
        let found: Vec<EntryRow> = entries.into_iter().filter(of_state).collect();
        if let Some(first) = found.first() {
            let mut by_entry: BTreeMap<u64, Vec<FieldRow>> = BTreeMap::new();
            for row in store.fields(run, first.seq, last.min(to))? {
                by_entry.entry(row.seq).or_default().push(row);
            }
            for entry in found {
                let rows = by_entry.remove(&entry.seq).unwrap_or_default();
                check_rows(store, run, &entry, &rows)?;
                changes.push(StateChange { entry, rows });
            }
        }
        if !full || last >= to {
            return Ok(changes);
        }
        after = last;
    }
}
