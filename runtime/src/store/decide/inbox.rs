//! Inboxes of runs: what is sent to them.

use super::{Decided, Decision, RequestChange, Rows};
use crate::store::{NewInboxItem, Rejected, Written};

impl<R: Rows> Decision<'_, R> {
    pub(super) fn send(&mut self, item: &NewInboxItem) -> Decided<i64> {
        let run = self.rows.state(item.run)?.ok_or(Rejected::NoSuchRun)?;
        // An item that has arrived stays accepted, even if the run has ended since: the sender may not know.
        if let Some(first) = self.seen(item.run, item)? {
            return Ok(first);
        }
        if !run.status.accepts() {
            return Err(Rejected::Ended.into());
        }
        self.free_by(item.run, item)?;
        Ok(self.rows.insert_item(item.run, item)?)
    }

    /// Returns the number of the item that arrived in an inbox under the same key, taken or not.
    pub(super) fn seen(&self, run: i64, item: &NewInboxItem) -> Decided<Option<i64>> {
        let Some(key) = &item.key else { return Ok(None) };
        Ok(self.rows.item(run, key)?)
    }

    /// Puts an item into an inbox, unless its key has arrived there.
    pub(super) fn deposit(&mut self, run: i64, item: &NewInboxItem) -> Decided<i64> {
        match self.seen(run, item)? {
            Some(first) => Ok(first),
            None => Ok(self.rows.insert_item(run, item)?),
        }
    }

    /// Puts an item into an inbox, and notifies the run if its key has not arrived there.
    pub(super) fn give(&mut self, run: i64, item: &NewInboxItem, notified: &mut Vec<i64>) -> Decided<i64> {
        if let Some(first) = self.seen(run, item)? {
            return Ok(first);
        }
        notified.push(run);
        self.free_by(run, item)?;
        Ok(self.rows.insert_item(run, item)?)
    }

    pub(super) fn answer(&mut self, request: &str, hash: &str, item: &NewInboxItem) -> Decided<Written> {
        let asked = self.rows.request(request)?.ok_or(Rejected::NoSuchRun)?;
        match &asked.answered {
            Some(given) if given == hash => return Ok(Written::Done),
            Some(_) if asked.is_moved() => return Err(Rejected::Ended.into()),
            Some(_) => return Err(Rejected::Answered.into()),
            None => {}
        }
        if !self.rows.state(asked.run)?.is_some_and(|run| run.status.accepts()) {
            return Err(Rejected::Ended.into());
        }
        let item = NewInboxItem { name: Some(asked.id), position: Some(asked.position), ..item.clone() };
        let number = self.deposit(asked.run, &item)?;
        self.rows.change_request(request, &RequestChange { answered: Some(hash), ..RequestChange::default() })?;
        Ok(Written::Number(number))
    }
}
