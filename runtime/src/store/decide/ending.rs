//! The effects of a run's end on other rows, and the deletion of runs.

use super::{Decided, Decision, Part, Related, Relation, RequestChange, Rows, RunChange};
use crate::store::{NewInboxItem, Rejected, RequestRow, RunKey, RunRow, Status, StoreErrorKind, Written, write::End};

/// The rows of a run beside its own, in the order in which they are removed.
const PARTS: [Part; 9] = [
    Part::Entries,
    Part::Fields,
    Part::Items,
    Part::Requests,
    Part::Watches,
    Part::Labels,
    Part::Traces,
    Part::Indexed,
    Part::Outputs,
];

impl<R: Rows> Decision<'_, R> {
    /// Applies the end of a run with this final status: notifies its watchers, withdraws its requests, frees its
    /// deduplication key. The watchers and requests of a replaced run wait for its successor.
    pub(super) fn end(
        &mut self,
        run: i64,
        status: Status,
        has_dedup: bool,
        at: i64,
        notified: &mut Vec<i64>,
    ) -> Decided<()> {
        if has_dedup {
            self.rows.change_run(run, &RunChange { frees_dedup: true, ..RunChange::default() })?;
        }
        if status == Status::Replaced {
            return Ok(());
        }
        let watchers = self.rows.related(run, Relation::Waiting)?;
        if !watchers.is_empty()
            && let Some(row) = self.rows.run(RunKey::Number(run))?
        {
            let end = self.end_of(row)?;
            for Related { run: watcher, position } in watchers {
                self.give(watcher, &NewInboxItem::ended(watcher, position, &end, at), notified)?;
            }
            self.rows.end_watch(run)?;
        }
        for id in self.rows.open_requests(run)? {
            if status == Status::Moved {
                let moved = RequestChange { answered: Some(RequestRow::MOVED), ..RequestChange::default() };
                self.rows.change_request(&id, &moved)?;
            } else {
                self.rows.remove_request(&id)?;
            }
        }
        Ok(())
    }

    /// Returns how a run ended.
    pub(super) fn end_of(&self, row: RunRow) -> Decided<End> {
        let value = self.rows.value(row.number, row.seq)?;
        Ok(End { id: row.id, status: row.status, value })
    }

    /// Removes at most `rows` rows of a run that has ended, or is parked and has no owner: an engine may claim any other run
    /// at any time. Its own row counts, and is removed last.
    pub(super) fn delete(&mut self, number: i64, rows: usize) -> Decided<Written> {
        let run = self.rows.state(number)?.ok_or(Rejected::NoSuchRun)?;
        let is_deletable = match run.status {
            Status::Parked => run.lease.is_none(),
            status => status.is_final() || status == Status::Deleting,
        };
        if !is_deletable {
            return Err(Rejected::Fenced.into());
        }
        if run.status != Status::Deleting {
            let mut notified = self.notify_of_deletion(number)?;
            for task in self.rows.tasks_in(number)? {
                self.end_task(&task)?;
            }
            let status = Some(Status::Deleting);
            let (lease, wake_at, frees_dedup) = (Some(None), Some(None), true);
            self.rows.change_run(number, &RunChange { status, lease, wake_at, frees_dedup, ..RunChange::default() })?;
            notified.dedup();
            if !notified.is_empty() {
                return Ok(Written::Marked(notified));
            }
        }
        let mut left = rows;
        for part in PARTS {
            let of = match part {
                // Outputs are removed with the last execution of a first run.
                Part::Outputs if run.successor.is_some() => continue,
                Part::Outputs => run.first_run,
                _ => number,
            };
            left -= if left == 0 { 0 } else { self.rows.remove_part(of, part, left)?.min(left) };
        }
        if left > 0 {
            self.rows.remove_run(number)?;
        }
        Ok(Written::Deleted(left > 0))
    }

    /// Notifies the runs that wait for the end of a run which is about to be marked as deleting, and returns them.
    fn notify_of_deletion(&mut self, run: i64) -> Decided<Vec<i64>> {
        let watchers = self.rows.related(run, Relation::Waiting)?;
        let mut notified = Vec::new();
        if watchers.is_empty() {
            return Ok(notified);
        }
        let row = match self.rows.run(RunKey::Number(run)) {
            // A row that cannot be read is deleted all the same.
            Err(error) if matches!(error.kind, StoreErrorKind::Damaged | StoreErrorKind::Newer) => None,
            row => row?,
        };
        let Some(row) = row else { return Ok(notified) };
        for Related { run: watcher, position } in watchers {
            self.give(watcher, &NewInboxItem::deleted(watcher, position, &row), &mut notified)?;
        }
        self.rows.end_watch(run)?;
        Ok(notified)
    }
}
