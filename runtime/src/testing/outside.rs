//! Sends items from outside to the runs of a scenario.

use super::fault::Disturbance;
use super::loaded::Loaded;
use super::scenario::Scenario;
use crate::engine::{hash_of_answer, result_of};
use crate::record::InboxKind;
use crate::store::{InboxRow, NewInboxItem, Rejected, RequestKey, RequestRow, RunKey, Write};
use crate::value::Value;
use futures_util::FutureExt;

impl Scenario<'_> {
    /// Sends the items that the plan has at this commit, which is in flight.
    pub(super) fn interfere(&mut self, commit: usize, writing: &mut Loaded, number: i64) -> Result<(), String> {
        if self.sends_at(commit)? == Some(number) {
            writing.look = true;
            // The owner may read it before its append is written, or afterwards.
            if self.dice.below(2) == 0 {
                self.read_into(writing)?;
            }
        }
        Ok(())
    }

    /// Sends the items that the plan has at a commit; returns the run that has got the last one.
    pub(super) fn sends_at(&mut self, commit: usize) -> Result<Option<i64>, String> {
        let mut notified = None;
        if self.plan.early.is_some_and(|from| from <= commit) && self.said < self.subject.script.messages() {
            notified = self.next_message()?;
        }
        if let Some((disturbance, at)) = self.plan.disturbance
            && at == commit
        {
            let (kind, key, value) = match disturbance {
                Disturbance::Cancelled => (InboxKind::Cancel, Some("cancel".to_owned()), "enough"),
                Disturbance::Paused if self.plan.order.is_multiple_of(2) => (InboxKind::Pause, None, "drain"),
                Disturbance::Paused => (InboxKind::Pause, None, "abandon"),
            };
            let value = Some(Value::text(value));
            let item = NewInboxItem { key, value, ..NewInboxItem::new(self.main()?.number, kind, self.now) };
            let number = self.send(item)?;
            self.paused = number.is_some() && disturbance == Disturbance::Paused;
            notified = number.or(notified);
        }
        Ok(notified)
    }

    /// Returns whether there is something left to send.
    pub(super) fn has_words(&self) -> Result<bool, String> {
        let open = !self.main()?.status.is_final();
        Ok(open && (self.paused || self.said < self.subject.script.messages() || self.answer()?.is_some()))
    }

    /// Sends the next item, if there is one, because nothing else can happen.
    pub(super) fn say_next(&mut self) -> Result<bool, String> {
        let main = self.main()?;
        if main.status.is_final() {
            return Ok(false);
        }
        if self.paused {
            self.paused = false;
            self.send(NewInboxItem::new(main.number, InboxKind::Resume, self.now))?;
            return Ok(true);
        }
        if self.said < self.subject.script.messages() {
            self.next_message()?;
            return Ok(true);
        }
        let Some((request, value)) = self.answer()? else { return Ok(false) };
        let key = Some(format!("answer:{}", request.id));
        let item = NewInboxItem {
            key,
            value: Some(value.clone()),
            ..NewInboxItem::new(request.run, InboxKind::Answer, self.now)
        };
        self.store.write(Write::Answer { request: request.id, hash: hash_of_answer(&value), item })?;
        self.is_notified(request.run);
        Ok(true)
    }

    /// Returns an open request that has an answer.
    fn answer(&self) -> Result<Option<(RequestRow, Value)>, String> {
        let open = self.store.requests(RequestKey::Open { after: "", limit: usize::MAX });
        for request in open.map_err(|error| error.to_string())? {
            let row = self.row(request.run)?;
            if let Some(value) = self.subject.script.reply(&self.fields(&row), &request) {
                return Ok(Some((request, value?)));
            }
        }
        Ok(None)
    }

    fn next_message(&mut self) -> Result<Option<i64>, String> {
        let main = self.main()?;
        let item = self.subject.script.item(self.said, &self.fields(&main), main.number, self.now)?;
        let notified = self.send(item)?;
        self.said += 1;
        Ok(notified)
    }

    /// Puts an item into the inbox of a run, unless it has ended; returns the run.
    pub(super) fn send(&mut self, item: NewInboxItem) -> Result<Option<i64>, String> {
        let number = item.run;
        let answers = self.store.commit(&[Write::Send(item)]).map_err(|error| error.to_string())?;
        match answers.into_iter().next() {
            Some(Ok(_)) => {}
            Some(Err(Rejected::Ended)) => return Ok(None),
            other => return Err(format!("a word from outside was answered with {other:?}")),
        }
        self.is_notified(number);
        self.look()?;
        Ok(Some(number))
    }

    /// Makes an active run read its inbox.
    pub(super) fn read_inbox(&mut self, number: i64) -> Result<(), String> {
        if let Some(mut loaded) = self.loaded.remove(&number) {
            self.read_into(&mut loaded)?;
            self.loaded.insert(number, loaded);
        }
        Ok(())
    }

    pub(super) fn read_into(&self, loaded: &mut Loaded) -> Result<(), String> {
        loaded.look = false;
        let items: Result<Vec<InboxRow>, _> =
            self.store.inbox(RunKey::Number(loaded.number), loaded.run.read_to(), usize::MAX);
        let fields = loaded.run.env().fields.clone();
        for mut item in items.map_err(|error| error.to_string())? {
            if let Some(pointer) = result_of(&item) {
                // The stores of a scenario are in memory.
                item.value = fields.load(&pointer).now_or_never().and_then(Result::ok);
            }
            loaded.run.receive(item, self.now);
        }
        Ok(())
    }
}
