//! Inboxes of runs: the items sent to them, and those already taken.

use super::apply::{Answer, Apply, Numbered, refused_if_damaged, text_or_null};
use super::columns::value_cells;
use super::read::clamped;
use super::{Cell, Session, queries};
use crate::store::{Append, NewInboxItem, Rejected, RequestKey, StoreError, Written};

impl<S: Session> Apply<'_, S> {
    pub(super) fn send(&self, item: &NewInboxItem) -> Numbered {
        let Some((status, _)) = self.state(item.run)? else { return Ok(Err(Rejected::NoSuchRun)) };
        // An item that has arrived stays accepted, even if the run has ended since: the sender may not know.
        if let Some(first) = self.seen(item.run, item)? {
            return Ok(Ok(first));
        }
        if !status.accepts() {
            return Ok(Err(Rejected::Ended));
        }
        self.insert_item(item.run, item).map(Ok)
    }

    /// Puts an item into an inbox, unless its key has arrived there.
    pub(super) fn deposit(&self, run: i64, item: &NewInboxItem) -> Result<i64, StoreError> {
        match self.seen(run, item)? {
            Some(first) => Ok(first),
            None => self.insert_item(run, item),
        }
    }

    /// Returns the item that arrived in an inbox under the same key, taken or not.
    pub(super) fn seen(&self, run: i64, item: &NewInboxItem) -> Result<Option<i64>, StoreError> {
        let Some(key) = &item.key else { return Ok(None) };
        self.number(queries::INBOX_KEY, &[Cell::Int(run), Cell::Text(key.as_bytes())])
    }

    pub(super) fn insert_item(&self, run: i64, item: &NewInboxItem) -> Result<i64, StoreError> {
        let [encoding, body] = value_cells(item.value.as_ref());
        let values = [
            Cell::Int(run),
            Cell::Text(item.kind.as_str().as_bytes()),
            text_or_null(item.key.as_ref()),
            Cell::Int(item.at),
            text_or_null(item.name.as_ref()),
            item.position.map_or(Cell::Null, clamped),
            text_or_null(item.sender.as_ref()),
            encoding,
            body,
        ];
        self.drawn(queries::INSERT_ITEM, &values)
    }

    /// Takes an item: deletes one without a key, and keeps the row of one with a key.
    pub(super) fn take(&self, run: i64, item: i64, at: i64) -> Result<(), StoreError> {
        let values = [Cell::Int(run), Cell::Int(item), Cell::Int(at)];
        if self.session.execute(queries::TAKE_ITEM_WITH_KEY, &values)? == 0 {
            self.session.execute(queries::TAKE_ITEM, &values[..2])?;
        }
        Ok(())
    }

    /// Returns whether a request whose time is over has an answer all the same.
    pub(super) fn is_answered(&self, append: &Append) -> Result<bool, StoreError> {
        for id in append.expired() {
            let found = self.reader().requests(RequestKey::Id(id))?;
            if found.iter().any(|asked| asked.run == append.run && asked.answered.is_some()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) fn answer(&self, request: &str, hash: &str, item: &NewInboxItem) -> Answer {
        let mut found = self.reader().requests(RequestKey::Id(request)).map_err(refused_if_damaged)?;
        let Some(asked) = found.pop() else { return Ok(Err(Rejected::NoSuchRun)) };
        match &asked.answered {
            Some(given) if given == hash => return Ok(Ok(Written::Done)),
            Some(_) if asked.is_moved() => return Ok(Err(Rejected::Ended)),
            Some(_) => return Ok(Err(Rejected::Answered)),
            None => {}
        }
        if !self.state(asked.run)?.is_some_and(|(status, _)| status.accepts()) {
            return Ok(Err(Rejected::Ended));
        }
        let item = NewInboxItem { name: Some(asked.id), position: Some(asked.position), ..item.clone() };
        let number = self.deposit(asked.run, &item)?;
        let values = [Cell::Text(request.as_bytes()), Cell::Text(hash.as_bytes())];
        self.session.execute(queries::ANSWER_REQUEST, &values)?;
        Ok(Ok(Written::Number(number)))
    }
}
