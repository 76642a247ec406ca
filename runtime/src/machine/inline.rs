//! How much of a context is in the database itself: large values belong into a store.

use super::Limits;
use crate::context::{ContextError, FieldValues};
use crate::journal::{ContextChange, RunIdentity};
use crate::value::{Form, Value};
use std::collections::BTreeMap;

/// The size of each field that is in the database, in bytes.
#[derive(Default)]
pub(super) struct Inline {
    fields: BTreeMap<String, usize>,
    warned: bool,
}

impl Inline {
    /// These values were written.
    pub(super) fn write<'a>(&mut self, values: impl Iterator<Item = (&'a str, &'a Value)>) {
        for (name, value) in values {
            let size = if value.form == Form::Stored { 0 } else { value.bytes.len() };
            match self.fields.get_mut(name) {
                Some(before) => *before = size,
                None => drop(self.fields.insert(name.to_owned(), size)),
            }
        }
    }

    /// Whether the context is not too large with these values; warns once when it becomes large.
    pub(super) fn fits(
        &mut self,
        change: &ContextChange<'_>,
        values: &FieldValues,
        limits: &Limits,
        run: &RunIdentity,
    ) -> Result<(), ContextError> {
        let (context, schema) = match change {
            ContextChange::Set { context, schema } | ContextChange::Update { context, schema, .. } => {
                (*context, *schema)
            }
        };
        let routed = |name: &str| schema.field(name).is_some_and(|field| field.store.is_some());
        let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
        if let ContextChange::Update { .. } = change {
            sizes.extend(self.fields.iter().map(|(name, size)| (name.as_str(), *size)));
        }
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
        if total > limits.context {
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
