//! Deletes a run, a slice at a time.

use super::apply::{Answer, Apply};
use super::read::clamped;
use super::{Cell, Session, queries};
use crate::store::{Rejected, Status, StoreError, Written};

/// The queries that delete the rows of a run, except its own.
const PARTS: [&str; 7] = [
    queries::DELETE_ENTRIES,
    queries::DELETE_FIELDS,
    queries::DELETE_ITEMS,
    queries::DELETE_REQUESTS,
    queries::DELETE_WATCHERS,
    queries::DELETE_LABELS,
    queries::DELETE_OUTPUTS,
];

impl<S: Session> Apply<'_, S> {
    /// Removes at most `rows` rows of a run. Its own row counts, and is removed last.
    pub(super) fn delete(&self, run: i64, rows: usize) -> Answer {
        let Some((status, lease)) = self.state(run)? else { return Ok(Err(Rejected::NoSuchRun)) };
        if lease.is_some() && !status.is_final() {
            return Ok(Err(Rejected::Fenced));
        }
        if status != Status::Deleting {
            let mut notified = self.notify_of_deletion(run)?;
            notified.dedup();
            let deleting = Cell::Text(Status::Deleting.as_str().as_bytes());
            self.session.execute(queries::MARK_DELETING, &[Cell::Int(run), deleting])?;
            if !notified.is_empty() {
                return Ok(Ok(Written::Marked(notified)));
            }
        }
        let mut left = rows;
        for query in PARTS {
            left -= self.slice(query, run, left)?;
        }
        if left > 0 {
            self.session.execute(queries::DELETE_RUN, &[Cell::Int(run)])?;
        }
        Ok(Ok(Written::Deleted(left > 0)))
    }

    fn slice(&self, query: &str, run: i64, rows: usize) -> Result<usize, StoreError> {
        if rows == 0 {
            return Ok(0);
        }
        self.session.execute(query, &[Cell::Int(run), clamped(rows)]).map(|removed| removed.min(rows))
    }
}
