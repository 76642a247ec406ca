//! The effects of a run's end on other rows.

use super::apply::{Apply, refused_if_damaged};
use super::{Cell, Session, queries};
use crate::store::{ImportedRun, NewInboxItem, RequestRow, RunRow, Status, StoreError, write::End};
use std::ops::ControlFlow;

impl<S: Session> Apply<'_, S> {
    /// Applies the end of a run with this final status: notifies its watchers, withdraws its requests, frees its
    /// deduplication key. The watchers and requests of a replaced run wait for its successor.
    pub(super) fn end(&self, run: i64, status: Status, at: i64, notified: &mut Vec<i64>) -> Result<(), StoreError> {
        // Most runs leave nothing behind: one query saves the statements below.
        let (mut watched, mut asked, mut held) = (false, false, false);
        self.session.select(queries::LEFT_BEHIND, &[Cell::Int(run)], &mut |row| {
            (watched, asked, held) = (yes(row.cell(0)), yes(row.cell(1)), yes(row.cell(2)));
            ControlFlow::Break(())
        })?;
        if watched && status != Status::Replaced {
            self.notify_watchers(run, at, notified)?;
        }
        match status {
            Status::Moved if asked => {
                let values = [Cell::Int(run), Cell::Text(RequestRow::MOVED.as_bytes())];
                self.session.execute(queries::MOVE_AWAY_REQUESTS, &values)?;
            }
            Status::Replaced => {}
            _ if asked => drop(self.session.execute(queries::WITHDRAW_REQUESTS, &[Cell::Int(run)])?),
            _ => {}
        }
        if held {
            self.session.execute(queries::FREE_DEDUP, &[Cell::Int(run)])?;
        }
        Ok(())
    }

    fn notify_watchers(&self, run: i64, at: i64, notified: &mut Vec<i64>) -> Result<(), StoreError> {
        let Some(row) = self.numbered(run)? else { return Ok(()) };
        let end = self.end_of(row)?;
        for (watcher, position) in self.listening(queries::WATCHERS, run)? {
            let item = NewInboxItem::ended(watcher, position, &end, at);
            if self.seen(watcher, &item)?.is_none() {
                self.insert_item(watcher, &item)?;
                notified.push(watcher);
            }
        }
        self.session.execute(queries::END_WATCH, &[Cell::Int(run)]).map(drop)
    }

    /// Notifies the runs that wait for the end of a run which is about to be marked as deleting, and returns them.
    pub(super) fn notify_of_deletion(&self, run: i64) -> Result<Vec<i64>, StoreError> {
        let listening = self.listening(queries::WATCHERS, run)?;
        let mut notified = Vec::new();
        if listening.is_empty() {
            return Ok(notified);
        }
        // A row that cannot be read is deleted all the same.
        let Some(row) = self.numbered(run).ok().flatten() else { return Ok(notified) };
        for (watcher, position) in listening {
            let item = NewInboxItem::deleted(watcher, position, &row);
            if self.seen(watcher, &item)?.is_none() {
                self.insert_item(watcher, &item)?;
                notified.push(watcher);
            }
        }
        self.session.execute(queries::END_WATCH, &[Cell::Int(run)])?;
        Ok(notified)
    }

    /// Returns how a run ended.
    pub(super) fn end_of(&self, row: RunRow) -> Result<End, StoreError> {
        let last = self.reader().entries(row.number, row.seq.saturating_sub(1), 1).map_err(refused_if_damaged)?;
        let value = last.into_iter().next_back().and_then(|entry| entry.value);
        Ok(End { id: row.id, status: row.status, value })
    }

    /// Returns the runs found by a query whose inboxes still accept items, with the position in the query's row.
    pub(super) fn listening(&self, query: &str, value: i64) -> Result<Vec<(i64, u64)>, StoreError> {
        self.reader().listening(query, value)
    }

    /// Moves the watchers of a run to its successor, and its inbox items after those that the successor brings.
    pub(super) fn hand_over(&self, old: &RunRow, new: i64, run: &ImportedRun) -> Result<(), StoreError> {
        let values = [Cell::Int(old.number), Cell::Int(new)];
        for query in [queries::SET_SUCCESSOR, queries::MOVE_WATCHERS] {
            self.session.execute(query, &values)?;
        }
        if run.goes_on {
            self.session.execute(queries::MOVE_REQUESTS, &values)?;
        } else {
            self.session.execute(queries::WITHDRAW_REQUESTS, &values[..1])?;
            self.session.execute(queries::DROP_PAUSES, &values[..1])?;
        }
        // Items are read in the order of their numbers: those that must follow the successor's own get new ones.
        if run.items.is_empty() {
            return self.session.execute(queries::MOVE_ITEMS, &values).map(drop);
        }
        self.session.execute(queries::MOVE_TAKEN_ITEMS, &values)?;
        for item in &run.items {
            self.deposit(new, item)?;
        }
        self.session.execute(queries::APPEND_ITEMS, &values)?;
        self.session.execute(queries::REMOVE_MOVED_ITEMS, &values[..1]).map(drop)
    }
}

fn yes(cell: Cell<'_>) -> bool {
    matches!(cell, Cell::Int(found) if found != 0)
}
