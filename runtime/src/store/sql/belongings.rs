//! What a run has beside its journal.

use super::read::Reader;
use super::tables::Tables;
use super::{Cell, Session, queries};
use crate::store::decide::bonds;
use crate::store::{Belongings, RequestRow, RunKey, StoreError};

impl<S: Session> Reader<'_, S> {
    pub(in crate::store) fn belongings(&self, number: i64) -> Result<Option<Belongings>, StoreError> {
        let Some(row) = self.run(RunKey::Number(number))? else { return Ok(None) };
        let mut requests: Vec<RequestRow> =
            self.rows(Some(number), queries::ALL_REQUESTS_OF_RUN, &[Cell::Int(number)])?;
        requests.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        Ok(Some(Belongings {
            channels: self.texts(queries::CHANNELS, row.first_run)?,
            taken: self.rows(Some(number), queries::TAKEN_ITEMS, &[Cell::Int(number)])?,
            requests,
            bonds: bonds(&Tables::new(self.session, self.database), &row)?,
        }))
    }
}
