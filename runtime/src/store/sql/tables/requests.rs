//! Requests.

use super::Tables;
use crate::store::decide::RequestChange;
use crate::store::sql::columns::{text_or_null, value_cells};
use crate::store::sql::read::clamped;
use crate::store::sql::{Cell, Session, queries};
use crate::store::{RequestRow, StoreError};

impl<S: Session> Tables<'_, S> {
    pub(super) fn insert_request_row(&self, row: &RequestRow) -> Result<(), StoreError> {
        let [encoding, body] = value_cells(Some(&row.value));
        let values = [
            Cell::Text(row.id.as_bytes()),
            Cell::Int(row.run),
            clamped(row.position),
            Cell::Text(row.name.as_bytes()),
            Cell::Text(row.answer.as_bytes()),
            Cell::Int(row.at),
            row.due.map_or(Cell::Null, Cell::Int),
            text_or_null(row.answered.as_ref()),
            encoding,
            body,
        ];
        self.execute(queries::INSERT_REQUEST, &values)
    }

    pub(super) fn change_request_row(&self, id: &str, change: &RequestChange<'_>) -> Result<(), StoreError> {
        let RequestChange { run, answered, value } = *change;
        let [encoding, body] = value_cells(value);
        let answered = answered.map_or(Cell::Null, |answered| Cell::Text(answered.as_bytes()));
        let values = [Cell::Text(id.as_bytes()), run.map_or(Cell::Null, Cell::Int), answered, encoding, body];
        self.execute(queries::CHANGE_REQUEST, &values)
    }
}
