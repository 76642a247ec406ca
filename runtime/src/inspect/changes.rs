//! The changes of a run's context, and the context as it was after any entry, from rows alone.

use crate::command::{missing_rows, recorded_version};
use crate::record::{About, Kind};
use crate::store::{EntryRow, FieldRow, RunKey, Store, StoreError, StoreErrorKind};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// The number of entries read at a time.
const PAGE: usize = 4_096;

/// The recorded values of a context's fields in one version.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    /// The context's recorded name.
    pub(crate) context: String,
    pub(crate) version: u32,
    pub(crate) fields: BTreeMap<String, FieldRow>,
}

/// An entry that changed the context, with its rows.
pub(crate) struct Change {
    pub(crate) entry: EntryRow,
    pub(crate) rows: Vec<FieldRow>,
    /// The entry in whose turn the workflow made the change.
    pub(crate) cause: Option<EntryRow>,
}

impl Snapshot {
    /// Applies a change. One of a newer version holds every field.
    pub(crate) fn apply(&mut self, change: &Change) {
        let version = recorded_version(&change.entry);
        if change.entry.kind == Kind::ContextSet || version != self.version {
            self.fields.clear();
            self.version = version;
            self.context = change.entry.name.clone().unwrap_or_default();
        }
        self.fields.extend(change.rows.iter().map(|row| (row.name.clone(), row.clone())));
    }
}

/// Returns the values as recorded after an entry; `None` if the context was not set yet.
pub(crate) fn snapshot_in(store: &dyn Store, run: i64, seq: u64) -> Result<Option<Snapshot>, StoreError> {
    Ok(latest(changes_in(store, run, seq)?))
}

pub(crate) fn latest(changes: Vec<Change>) -> Option<Snapshot> {
    let mut snapshot = None;
    for change in changes {
        if change.entry.kind != Kind::ContextRefused {
            snapshot.get_or_insert_with(Snapshot::default).apply(&change);
        }
    }
    snapshot
}

/// Checks that an entry's rows are complete: with rows missing, another context would be read.
pub(crate) fn check_rows(store: &dyn Store, run: i64, entry: &EntryRow, rows: &[FieldRow]) -> Result<(), StoreError> {
    let Some(missing) = missing_rows(entry, rows) else { return Ok(()) };
    let id = store.run(RunKey::Number(run))?.map(|row| row.id).unwrap_or_default();
    let message = format!("the history of run `{id}` (number {run}) is damaged: {missing}");
    Err(StoreError::new(StoreErrorKind::Damaged, message))
}

/// Returns the changes of a run's context up to an entry, refused ones too.
pub(crate) fn changes_in(store: &dyn Store, run: i64, to: u64) -> Result<Vec<Change>, StoreError> {
    let mut changes = Vec::new();
    each_change(store, run, to, &mut |change| {
        changes.push(change);
        ControlFlow::Continue(())
    })?;
    Ok(changes)
}

/// Passes the changes of a run's context up to an entry to `each`, in order, until it stops.
pub(super) fn each_change(
    store: &dyn Store,
    run: i64,
    to: u64,
    each: &mut dyn FnMut(Change) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let (mut after, mut cause) = (0, None::<EntryRow>);
    loop {
        let entries = store.entries(run, after, PAGE)?;
        let last = entries.last().map_or(after, |entry| entry.seq);
        let fields = store.fields(run, after + 1, last.min(to))?;
        let full = entries.len() == PAGE;
        let mut fields = fields.into_iter().peekable();
        for entry in entries {
            if entry.seq > to {
                return Ok(());
            }
            after = entry.seq;
            let mut rows = Vec::new();
            while let Some(row) = fields.next_if(|row| row.seq <= entry.seq) {
                rows.push(row);
            }
            if entry.kind.about() == About::Context {
                check_rows(store, run, &entry, &rows)?;
                let cause = cause.clone().filter(|cause| Some(cause.seq) == entry.cause);
                if each(Change { entry, rows, cause }).is_break() {
                    return Ok(());
                }
            } else if entry.kind.is_turn() {
                cause = Some(EntryRow { value: None, ..entry });
            }
        }
        if !full {
            return Ok(());
        }
    }
}
