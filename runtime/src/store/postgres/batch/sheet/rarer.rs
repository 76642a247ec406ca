//! Changes of rows that few batches have: requests, outputs and schedules.

use super::Sheet;
use crate::store::decide::RequestChange;
use crate::store::postgres::batch::own::Own;
use crate::store::postgres::listener::ALL;
use crate::store::sql::{REMOVE_SCHEDULE, queries};
use crate::store::{OutputRow, ScheduleRow, StoreError};

impl Sheet {
    pub(super) fn change_request_row(&mut self, id: &str, change: &RequestChange<'_>) -> Result<(), StoreError> {
        let Some(Some(row)) = self.known.requests.get_mut(id) else {
            return self.missing(|keys| {
                keys.requests.insert(id.to_owned());
            });
        };
        if change.run.is_some() {
            return self.needs_all();
        }
        if let Some(answered) = change.answered {
            row.answered = Some(answered.to_owned());
            if let Some(open) = self.known.open_requests.get_mut(&row.run) {
                open.remove(id);
            }
        }
        let [form, body] = Own::value(change.value);
        let answered = change.answered.map_or(Own::Null, Own::text);
        self.execute(queries::CHANGE_REQUEST, vec![Own::text(id), Own::Null, answered, form, body]);
        Ok(())
    }

    pub(super) fn insert_output_row(
        &mut self,
        first_run: i64,
        channel: &str,
        output: &OutputRow,
    ) -> Result<i64, StoreError> {
        let key = (first_run, channel.to_owned());
        let Some(last) = self.known.channels.get_mut(&key) else {
            return self.missing(|keys| {
                keys.channels.insert(key);
            });
        };
        *last += 1;
        let item = *last;
        self.changes.put(first_run, channel, item, output);
        Ok(item)
    }

    pub(super) fn put_schedule_row(&mut self, row: &ScheduleRow) -> Result<(), StoreError> {
        let before = self.known.schedules.insert(row.name.clone(), Some(row.clone())).flatten();
        if before.is_none() {
            // There is no row to be locked, and another process may create the same one.
            return self.needs_all();
        }
        self.changes.schedules.insert(row.name.clone());
        // Engines know when the next one is due. Any of them may have its workflow.
        if row.due.is_some_and(|due| before.and_then(|row| row.due).is_none_or(|before| due < before)) {
            self.changes.owners.insert(ALL);
        }
        Ok(())
    }

    pub(super) fn remove_schedule_row(&mut self, name: &str) {
        self.known.schedules.insert(name.to_owned(), None);
        self.changes.schedules.remove(name);
        self.execute(REMOVE_SCHEDULE, vec![Own::text(name)]);
    }
}
