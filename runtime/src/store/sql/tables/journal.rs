//! Entries, fields and outputs.

use super::Tables;
use crate::store::sql::columns::value_cells;
use crate::store::sql::read::clamped;
use crate::store::sql::{Cell, Session, packed, queries};
use crate::store::{EntryRow, FieldRow, OutputRow, StoreError};

impl<S: Session> Tables<'_, S> {
    pub(super) fn insert_entries(&self, run: i64, entries: &[EntryRow]) -> Result<(), StoreError> {
        packed::rows(entries).filter_map(packed::pack).try_for_each(|row| {
            let values = [
                Cell::Int(run),
                clamped(row.last),
                clamped(row.count),
                Cell::Int(row.at),
                Cell::Int(row.format.into()),
                Cell::Text(&row.entries),
                Cell::Bytes(&row.bodies),
            ];
            self.execute(queries::INSERT_ENTRIES, &values)
        })
    }

    pub(super) fn insert_fields(&self, run: i64, fields: &[FieldRow]) -> Result<(), StoreError> {
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
