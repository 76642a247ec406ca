//! The size of a context in the database itself: large values belong in a store.

use crate::context::{ContextError, FieldValues};
use crate::journal::ContextChange;
use crate::record::{Limits, RunIdentity};
use crate::store::FieldRow;
use crate::value::{Encoding, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The size of each field that is in the database, in bytes.
#[derive(Default)]
pub(super) struct Inline {
    /// The sizes by current name: a removed field no longer counts.
    fields: BTreeMap<String, usize>,
    /// Values to be replayed that were loaded from stores.
    loaded: BTreeSet<(u64, String)>,
    warned: bool,
}

impl Inline {
    /// Returns the size of all fields, in bytes.
    pub(super) fn total(&self) -> usize {
        self.fields.values().sum()
    }

    /// Marks a value to be replayed as loaded from a store.
    pub(super) fn loaded(&mut self, row: &FieldRow) {
        self.loaded.insert((row.seq, row.name.clone()));
    }

    /// Counts replayed values.
    pub(super) fn replay(&mut self, rows: &[FieldRow], change: &ContextChange<'_>) {
        let schema = change.schema();
        for row in rows {
            let loaded = !self.loaded.is_empty() && self.loaded.remove(&(row.seq, row.name.clone()));
            if let Some(field) = schema.field(&row.name) {
                self.note(field.name, if loaded { 0 } else { in_database(&row.value) });
            }
        }
    }

    /// Counts written values.
    pub(super) fn write<'a>(&mut self, values: impl Iterator<Item = (&'a str, &'a Value)>) {
        for (name, value) in values {
            self.note(name, in_database(value));
        }
    }

    fn note(&mut self, name: &str, size: usize) {
        match self.fields.get_mut(name) {
            Some(before) => *before = size,
            None => drop(self.fields.insert(name.to_owned(), size)),
        }
    }

    /// Checks that the context is not too large with these values, or at least no larger than before: a smaller budget
    /// must not stop existing runs. Warns once when the context becomes large.
    pub(super) fn fits(
        &mut self,
        change: &ContextChange<'_>,
        values: &FieldValues,
        limits: &Limits,
        run: &RunIdentity,
    ) -> Result<(), ContextError> {
        let schema = change.schema();
        let context = schema.name;
        let routed = |name: &str| schema.field(name).is_some_and(|field| field.store.is_some());
        let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
        if let ContextChange::Update { .. } = change {
            sizes.extend(self.fields.iter().map(|(name, size)| (name.as_str(), *size)));
        }
        let before: usize = sizes.values().sum();
        for (name, value) in values {
            let size = if routed(name) { 0 } else { value.bytes.len() };
            sizes.insert(name, size);
        }
        let total: usize = sizes.values().sum();
        if total <= limits.large_context {
            return Ok(());
        }
        let mut largest: Vec<_> = sizes.into_iter().collect();
        largest.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
        let names = largest.iter().take(3).map(|(name, size)| format!("`{name}` ({size} bytes)"));
        let names = names.collect::<Vec<_>>().join(", ");
        if total > limits.context && total > before {
            let message = format!(
                "the stored context would take {total} bytes in the database, the limit is {}; the largest fields are \
                 {names}. Route large ones to a store: `#[context(store = \"blobs\")]`",
                limits.context
            );
            return Err(ContextError { context: context.into(), field: Some(largest[0].0.into()), message });
        }
        if !self.warned {
            self.warned = true;
            let (run, workflow) = (&run.id, &run.workflow);
            tracing::warn!(run, workflow, context, bytes = total, largest = names, "the stored context is large");
        }
        Ok(())
    }
}

/// Returns the size of a value in the database; a pointer counts as nothing.
fn in_database(value: &Value) -> usize {
    if value.encoding == Encoding::Stored { 0 } else { value.bytes.len() }
}
