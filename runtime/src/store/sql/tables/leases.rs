//! Leases.

use super::Tables;
use crate::store::sql::columns::text_or_null;
use crate::store::sql::read::clamped;
use crate::store::sql::{Cell, Session, queries};
use crate::store::{LeaseRow, StoreError};
use std::ops::ControlFlow;

impl<S: Session> Tables<'_, S> {
    /// Returns the epoch of a lease, which is read once in a transaction.
    pub(super) fn epoch_of(&self, lease: i64) -> Result<Option<i64>, StoreError> {
        let known = self.epochs.borrow().iter().find(|(number, _)| *number == lease).copied();
        if let Some((_, epoch)) = known {
            return Ok(epoch);
        }
        let epoch = self.number(queries::LEASE_EPOCH, &[Cell::Int(lease)])?;
        self.epochs.borrow_mut().push((lease, epoch));
        Ok(epoch)
    }

    pub(super) fn claim_rows(
        &self,
        lease: i64,
        served: &[(String, u32)],
        limit: usize,
    ) -> Result<Vec<(i64, Option<i64>)>, StoreError> {
        let mut runs = Vec::new();
        for (workflow, version) in served {
            let (name, version) = (Cell::Text(workflow.as_bytes()), Cell::Int((*version).into()));
            let values = [Cell::Int(lease), name, version, clamped(limit - runs.len())];
            self.session.select(queries::CLAIM_SERVED, &values, &mut |row| {
                let int = |column| if let Cell::Int(number) = row.cell(column) { Some(number) } else { None };
                runs.extend(int(0).map(|run| (run, int(1))));
                ControlFlow::Continue(())
            })?;
        }
        runs.sort_unstable();
        Ok(runs)
    }

    pub(super) fn put_lease(&self, row: &LeaseRow) -> Result<(), StoreError> {
        self.forget_leases();
        let owner = Cell::Text(row.owner.as_bytes());
        let about = text_or_null(row.about.as_ref());
        let values = [Cell::Int(row.number), owner, Cell::Int(row.epoch), Cell::Int(row.heartbeat), about];
        self.execute(queries::CHANGE_LEASE, &values)
    }
}
