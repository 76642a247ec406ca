//! Values in field stores, which a replay reads back.

use super::Machine;
use super::replay::{LoadField, Rebuild};
use crate::journal::AnyWorkflow;
use crate::store::{EntryRow, FieldRow};
use crate::value::{Encoding, Pointer};

impl Machine {
    /// Replaces pointers by the values in stores, unless these are loaded lazily. A removed field of an older version
    /// is loaded if a migration may read it.
    pub(super) fn load_stored<'a>(
        &self,
        workflow: &dyn AnyWorkflow,
        rows: impl Iterator<Item = &'a mut FieldRow>,
        version: &dyn Fn(&FieldRow) -> u32,
        load: LoadField<'_>,
    ) -> Result<(), Rebuild> {
        for row in rows.filter(|row| row.value.encoding == Encoding::Stored) {
            if let Ok(pointer) = Pointer::read(&row.value) {
                self.env.fields.note(&pointer);
            }
            if workflow.schema().is_some_and(|schema| schema.reads(&row.name, version(row))) {
                row.value = load(row)?;
                self.journal.state().context.inline.loaded(row);
            }
        }
        Ok(())
    }

    /// Replaces the pointer in the entry of a step's result by the result.
    pub(super) fn load_result(
        &self,
        entry: &mut EntryRow,
        rows: &[FieldRow],
        load: LoadField<'_>,
    ) -> Result<(), Rebuild> {
        for row in rows {
            if let Ok(pointer) = Pointer::read(&row.value) {
                self.env.fields.note(&pointer);
            }
            entry.value = Some(load(row)?);
        }
        Ok(())
    }
}
