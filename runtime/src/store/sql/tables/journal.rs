//! Entries, fields and outputs.

use super::Tables;
use crate::store::sql::columns::{text_or_null, value_cells};
use crate::store::sql::read::clamped;
use crate::store::sql::{Cell, Session, queries};
use crate::store::{EntryRow, FieldRow, OutputRow, StoreError};

impl<S: Session> Tables<'_, S> {
    pub(in crate::store::sql) fn insert_entries(&self, run: i64, entries: &[EntryRow]) -> Result<(), StoreError> {
        entries.iter().try_for_each(|entry| self.insert_entry(run, entry))
    }

    fn insert_entry(&self, run: i64, entry: &EntryRow) -> Result<(), StoreError> {
        let [encoding, body] = value_cells(entry.value.as_ref());
        let values = [
            Cell::Int(run),
            clamped(entry.seq),
            Cell::Int(entry.format.into()),
            Cell::Text(entry.kind.as_str().as_bytes()),
            entry.cause.map_or(Cell::Null, clamped),
            Cell::Int(entry.at),
            entry.position.map_or(Cell::Null, clamped),
            text_or_null(entry.name.as_ref()),
            entry.attempt.map_or(Cell::Null, clamped),
            entry.context.map_or(Cell::Null, clamped),
            entry.due.map_or(Cell::Null, Cell::Int),
            encoding,
            body,
            text_or_null(entry.other.as_ref()),
        ];
        self.execute(queries::INSERT_ENTRY, &values)
    }

    pub(in crate::store::sql) fn insert_fields(&self, run: i64, fields: &[FieldRow]) -> Result<(), StoreError> {
        fields.iter().try_for_each(|field| {
            let [encoding, body] = value_cells(Some(&field.value));
            let values = [
                Cell::Int(run),
                clamped(field.seq),
                Cell::Text(field.name.as_bytes()),
                Cell::Int(field.format.into()),
                encoding,
                body,
            ];
            self.execute(queries::INSERT_FIELD, &values)
        })
    }

    pub(super) fn insert_output_row(
        &self,
        first_run: i64,
        channel: &str,
        output: &OutputRow,
    ) -> Result<i64, StoreError> {
        let [encoding, body] = value_cells(output.value.as_ref());
        let values = [
            Cell::Int(first_run),
            Cell::Text(channel.as_bytes()),
            Cell::Int(output.run),
            clamped(output.seq),
            Cell::Int(output.at),
            encoding,
            body,
        ];
        self.drawn(queries::INSERT_OUTPUT, &values)
    }
}
