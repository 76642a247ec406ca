//! Inboxes of runs.

use super::apply::Answer;
use super::tables::{Keyed, Tables};
use crate::store::{InboxRow, NewInboxItem, Rejected, Status, Written};

impl Tables {
    pub(super) fn accepts(&self, run: i64) -> bool {
        self.runs.get(&run).is_some_and(|run| run.row.status.accepts())
    }

    pub(super) fn send(&mut self, new: &NewInboxItem) -> Result<i64, Rejected> {
        let status: Status = self.runs.get(&new.run).ok_or(Rejected::NoSuchRun)?.row.status;
        // An item that has arrived stays accepted, even if the run has ended since: the sender may not know.
        if let Some(first) = self.seen(new.run, new) {
            return Ok(first);
        }
        if !status.accepts() {
            return Err(Rejected::Ended);
        }
        Ok(self.deposit(new.run, new).0)
    }

    /// Returns the item that arrived in an inbox under the same key, taken or not.
    pub(super) fn seen(&self, run: i64, item: &NewInboxItem) -> Option<i64> {
        Some(self.runs.get(&run)?.keys.get(item.key.as_ref()?)?.number)
    }

    /// Puts an item into the inbox of an existing run, unless its key has arrived there. Returns the number of the item
    /// in the inbox, and whether it is the new one.
    pub(super) fn deposit(&mut self, run: i64, new: &NewInboxItem) -> (i64, bool) {
        if let Some(first) = self.seen(run, new) {
            return (first, false);
        }
        self.last_item += 1;
        let number = self.last_item;
        if let Some(run) = self.runs.get_mut(&run) {
            run.items.push(number);
            if let Some(key) = &new.key {
                run.keys.insert(key.clone(), Keyed { number, kind: new.kind.clone(), at: new.at });
            }
        }
        let item = InboxRow {
            number,
            run,
            kind: new.kind.clone(),
            key: new.key.clone(),
            at: new.at,
            name: new.name.clone(),
            position: new.position,
            sender: new.sender.clone(),
            value: new.value.clone(),
        };
        self.inbox.insert(number, item);
        (number, true)
    }

    pub(super) fn answer(&mut self, request: &str, hash: &str, item: &NewInboxItem) -> Answer {
        let asked = self.requests.get(request).ok_or(Rejected::NoSuchRun)?;
        match &asked.answered {
            Some(given) if given == hash => return Ok(Written::Done),
            Some(_) if asked.is_moved() => return Err(Rejected::Ended),
            Some(_) => return Err(Rejected::Answered),
            None => {}
        }
        let (run, position) = (asked.run, asked.position);
        if !self.accepts(run) {
            return Err(Rejected::Ended);
        }
        let item = NewInboxItem { name: Some(request.to_owned()), position: Some(position), ..item.clone() };
        let (number, _) = self.deposit(run, &item);
        if let Some(asked) = self.requests.get_mut(request) {
            asked.answered = Some(hash.to_owned());
        }
        Ok(Written::Number(number))
    }
}
