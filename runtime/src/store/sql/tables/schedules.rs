//! The table of schedules.

use super::Tables;
use crate::store::sql::columns::value_cells;
use crate::store::sql::schedules::PUT_SCHEDULE;
use crate::store::sql::{Cell, Session};
use crate::store::{ScheduleRow, StoreError};

impl<S: Session> Tables<'_, S> {
    pub(super) fn put_schedule_row(&self, row: &ScheduleRow) -> Result<(), StoreError> {
        let state = row.state.to_json();
        let [form, body] = value_cells(Some(&row.input));
        let values = [
            Cell::Text(row.name.as_bytes()),
            Cell::Text(row.workflow.as_bytes()),
            Cell::Int(row.version.into()),
            Cell::Text(row.spec.as_bytes()),
            Cell::Int(row.revision),
            row.due.map_or(Cell::Null, Cell::Int),
            Cell::Text(state.as_bytes()),
            form,
            body,
        ];
        self.execute(PUT_SCHEDULE, &values)
    }
}
