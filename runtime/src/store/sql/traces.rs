//! How far the spans of runs were exported, and who owes the rest.

use super::read::{Reader, clamped};
use super::{Cell, Session};
use crate::store::{StoreError, TraceKey, TracedRow};
use std::ops::ControlFlow;

/// Run, lease.
pub(in crate::store) const OWE_TRACE: &str = "INSERT INTO steadfast_traces (run, seq, lease) VALUES (?1, 0, ?2)
    ON CONFLICT (run) DO UPDATE SET lease = excluded.lease";

/// Run, last entry. A mark never goes back, and a run that has ended gets none.
pub(super) const MARK_TRACE: &str = "INSERT INTO steadfast_traces (run, seq)
    SELECT number, ?2 FROM steadfast_runs WHERE number = ?1 AND status IN ('running', 'sleeping', 'queued', 'paused', 'parked')
    ON CONFLICT (run) DO UPDATE SET seq = CASE WHEN excluded.seq > steadfast_traces.seq THEN excluded.seq ELSE steadfast_traces.seq END";

/// Run.
pub(super) const END_TRACE: &str = "DELETE FROM steadfast_traces WHERE run = ?1";

/// Run, how many.
pub(super) const DELETE_TRACES: &str = "DELETE FROM steadfast_traces WHERE run = ?1 AND ?2 > 0";

/// Lease.
pub(in crate::store) const CLAIM_TRACES: &str = "UPDATE steadfast_traces SET lease = ?1
    WHERE lease IS NOT NULL AND NOT EXISTS (SELECT 1 FROM steadfast_leases l WHERE l.number = steadfast_traces.lease)";

/// Run.
const TRACED: &str = "SELECT seq, lease FROM steadfast_traces WHERE run = ?1";

/// Lease, after, limit.
const OWED: &str = "SELECT run FROM steadfast_traces WHERE lease = ?1 AND run > ?2 ORDER BY run LIMIT ?3";

/// After, limit.
const LOST: &str = "SELECT run FROM steadfast_traces
    WHERE lease IS NOT NULL AND NOT EXISTS (SELECT 1 FROM steadfast_leases l WHERE l.number = steadfast_traces.lease)
        AND run > ?1
    LIMIT ?2";

impl<S: Session> Reader<'_, S> {
    pub(in crate::store) fn traced(&self, run: i64) -> Result<Option<TracedRow>, StoreError> {
        let mut found = None;
        self.session.select(TRACED, &[Cell::Int(run)], &mut |row| {
            if let Cell::Int(seq) = row.cell(0) {
                let lease = if let Cell::Int(lease) = row.cell(1) { Some(lease) } else { None };
                found = Some(TracedRow { seq: u64::try_from(seq).unwrap_or(0), lease });
            }
            ControlFlow::Break(())
        })?;
        Ok(found)
    }

    pub(in crate::store) fn owed_traces(
        &self,
        which: TraceKey,
        after: i64,
        limit: usize,
    ) -> Result<Vec<i64>, StoreError> {
        let (after, limit) = (Cell::Int(after), clamped(limit));
        match which {
            TraceKey::Lease(lease) => self.numbers(OWED, &[Cell::Int(lease), after, limit]),
            TraceKey::Nobody => self.numbers(LOST, &[after, limit]),
        }
    }

    fn numbers(&self, query: &str, values: &[Cell<'_>]) -> Result<Vec<i64>, StoreError> {
        let mut numbers = Vec::new();
        self.session.select(query, values, &mut |row| {
            if let Cell::Int(number) = row.cell(0) {
                numbers.push(number);
            }
            ControlFlow::Continue(())
        })?;
        Ok(numbers)
    }
}

/// Returns the queries of this module, for the test of their plans.
#[cfg(all(test, feature = "sqlite"))]
pub(super) fn texts() -> Vec<(String, String)> {
    let all = [
        ("OWE_TRACE", OWE_TRACE),
        ("MARK_TRACE", MARK_TRACE),
        ("END_TRACE", END_TRACE),
        ("DELETE_TRACES", DELETE_TRACES),
        ("CLAIM_TRACES", CLAIM_TRACES),
        ("TRACED", TRACED),
        ("OWED", OWED),
        ("LOST", LOST),
    ];
    all.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect()
}
