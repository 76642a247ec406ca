//! Leases, and the runs that they own.

use super::{Decided, Decision, Rows, RunChange};
use crate::store::{Lease, LeaseRow, Rejected, RunKey, Status, Written};

impl<R: Rows> Decision<'_, R> {
    /// Rejects a write under a lease that is not held in this epoch.
    pub(super) fn held(&self, lease: Lease) -> Decided<()> {
        if self.rows.epoch(lease.number)? == Some(lease.epoch) { Ok(()) } else { Err(Rejected::Fenced.into()) }
    }

    fn held_row(&self, lease: Lease) -> Decided<LeaseRow> {
        let row = self.rows.lease(lease.number)?.filter(|row| row.epoch == lease.epoch);
        row.ok_or_else(|| Rejected::Fenced.into())
    }

    pub(super) fn heartbeat(&mut self, lease: Lease) -> Decided<Written> {
        let row = self.held_row(lease)?;
        self.rows.change_lease(&LeaseRow { heartbeat: next(row.heartbeat, 0), ..row })?;
        Ok(Written::Done)
    }

    pub(super) fn describe(&mut self, lease: Lease, about: &str) -> Decided<Written> {
        let row = self.held_row(lease)?;
        self.rows.change_lease(&LeaseRow { about: Some(about.to_owned()), ..row })?;
        Ok(Written::Done)
    }

    pub(super) fn take_lease(&mut self, seen: Lease, heartbeat: i64, owner: &str) -> Decided<Written> {
        let row = self.held_row(seen)?;
        if row.heartbeat != heartbeat {
            return Err(Rejected::Fenced.into());
        }
        self.lose_tasks(row.number)?;
        let (epoch, heartbeat) = (next(row.epoch, 1), next(row.heartbeat, 0));
        self.rows.change_lease(&LeaseRow { owner: owner.to_owned(), epoch, heartbeat, about: None, ..row })?;
        Ok(Written::Lease(Lease { number: row.number, epoch }))
    }

    pub(super) fn close_lease(&mut self, lease: Lease) -> Decided<Written> {
        let row = self.held_row(lease)?;
        if self.rows.owns_runs(row.number)? || !self.rows.tasks_of(row.number)?.is_empty() {
            return Err(Rejected::Fenced.into());
        }
        self.rows.remove_lease(row.number)?;
        Ok(Written::Done)
    }

    pub(super) fn claim(&mut self, run: i64, lease: Lease) -> Decided<Written> {
        let mut row = self.rows.run(RunKey::Number(run))?.ok_or(Rejected::NoSuchRun)?;
        if row.lease.is_some() || !row.status.accepts() {
            return Err(Rejected::Fenced.into());
        }
        self.held(lease)?;
        row.lease = Some(lease.number);
        let mut change = RunChange { lease: Some(row.lease), ..RunChange::default() };
        if row.status == Status::Queued {
            self.wait_no_more(run)?;
            (row.status, row.wake_at) = (Status::Running, Some(0));
            (change.status, change.wake_at) = (Some(row.status), Some(row.wake_at));
        }
        self.rows.change_run(run, &change)?;
        Ok(Written::Claimed(Box::new(row)))
    }

    pub(super) fn claim_served(&mut self, lease: Lease, served: &[(String, u32)], limit: usize) -> Decided<Written> {
        self.held(lease)?;
        Ok(Written::Runs(self.rows.claim_served(lease.number, served, limit)?))
    }

    pub(super) fn give_run(&mut self, run: i64, from: Lease, to: Lease) -> Decided<Written> {
        self.held(from)?;
        self.held(to)?;
        let row = self.rows.state(run)?.ok_or(Rejected::NoSuchRun)?;
        if row.lease != Some(from.number) || row.status != Status::Sleeping {
            return Err(Rejected::Fenced.into());
        }
        self.rows.change_run(run, &RunChange { lease: Some(Some(to.number)), ..RunChange::default() })?;
        Ok(Written::Done)
    }

    pub(super) fn adopt(&mut self, lease: Lease) -> Decided<Written> {
        self.held(lease)?;
        let adopted = self.rows.adopt(lease.number)?;
        Ok(Written::Number(i64::try_from(adopted).unwrap_or(i64::MAX)))
    }
}

/// Counts on. Epochs and heartbeats are only compared for equality, so they may start again after the largest one.
fn next(number: i64, first: i64) -> i64 {
    number.checked_add(1).unwrap_or(first)
}
