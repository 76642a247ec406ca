//! The look for writes of other processes: one cheap query in each `poll`, however many leases there are.

use super::session::Pg;
use crate::store::sql::{Cell, Session as _};
use crate::store::{Rejected, StoreError, Write, Written};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Returns a row if an item waits for the runs of some leases, a run has no owner, or a schedule is due. The engine then
/// looks for these in detail. The condition of runs is that of their index.
const WAITS: &str = "SELECT 1 WHERE EXISTS (SELECT 1 FROM steadfast_inbox w JOIN steadfast_runs r ON r.number = w.run
            WHERE w.taken IS NULL AND r.lease = ANY (string_to_array(?1, ' ')::bigint[]))
        OR EXISTS (SELECT 1 FROM steadfast_runs WHERE lease IS NULL AND status IN ('running', 'sleeping', 'paused'))
        OR EXISTS (SELECT 1 FROM steadfast_schedules WHERE due <= CAST(unixepoch('subsec') * 1000 AS BIGINT))";

/// The leases of this process, and how often it has found something.
#[derive(Debug, Default)]
pub(super) struct Looking {
    own: Mutex<BTreeSet<i64>>,
    looks: Mutex<Looks>,
}

#[derive(Debug, Default)]
struct Looks {
    /// The number of `poll`s before the last look.
    polls: u128,
    /// How often something was found.
    found: u64,
}

impl Looking {
    /// Notes the leases that a batch shows to be held or lost by this process. The next heartbeat adds one that is
    /// missed.
    pub(super) fn learns(&self, writes: &[Write], answers: &[Result<Written, Rejected>]) {
        let mut own = locked(&self.own);
        for (write, answer) in writes.iter().zip(answers) {
            match (write, answer) {
                (Write::OpenLease { .. }, Ok(Written::Number(number))) => drop(own.insert(*number)),
                (Write::TakeLease { .. }, Ok(Written::Lease(lease))) => drop(own.insert(lease.number)),
                (Write::CloseLease(lease), Ok(_)) => drop(own.remove(&lease.number)),
                (write, Ok(_)) => own.extend(lease(write)),
                (write, Err(Rejected::Fenced)) => drop(lease(write).map(|lease| own.remove(&lease))),
                (_, Err(_)) => {}
            }
        }
    }

    /// Returns whether this process holds a lease.
    pub(super) fn holds(&self, lease: i64) -> bool {
        locked(&self.own).contains(&lease)
    }

    /// Returns those leases that this process does not hold.
    pub(super) fn of_others(&self, leases: &BTreeSet<i64>) -> BTreeSet<i64> {
        leases.difference(&locked(&self.own)).copied().collect()
    }

    /// Returns how often something was found, after a look if `polls` have passed since the first one.
    ///
    /// # Errors
    /// The database cannot be read. The next call looks again.
    pub(super) fn found(
        &self,
        polls: u128,
        look: impl FnOnce(&BTreeSet<i64>) -> Result<bool, StoreError>,
    ) -> Result<u64, StoreError> {
        let mut looks = locked(&self.looks);
        if looks.polls != polls {
            let own = locked(&self.own).clone();
            looks.found += u64::from(look(&own)?);
            looks.polls = polls;
        }
        Ok(looks.found)
    }
}

/// Returns whether an item waits for the runs of these leases, a run has no owner, or a schedule is due.
pub(super) fn is_anything_there(session: &Pg<'_>, own: &BTreeSet<i64>) -> Result<bool, StoreError> {
    let leases: Vec<_> = own.iter().map(i64::to_string).collect();
    let mut is_there = false;
    session.select(WAITS, &[Cell::Text(leases.join(" ").as_bytes())], &mut |row| {
        is_there = matches!(row.cell(0), Cell::Int(_));
        ControlFlow::Break(())
    })?;
    Ok(is_there)
}

/// Returns the lease under which a write is made.
fn lease(write: &Write) -> Option<i64> {
    match write {
        Write::Start(run) => run.lease.map(|lease| lease.number),
        Write::Append(append) => Some(append.lease.number),
        Write::Heartbeat(lease) => Some(lease.number),
        _ => None,
    }
}

pub(super) fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
