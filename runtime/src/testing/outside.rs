//! Sends items from outside to the runs of a scenario.

use super::fault::Disturbance;
use super::loaded::Loaded;
use super::scenario::Scenario;
use super::script::Word;
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
        // A run that waits in a queue may be resumed before its pause is recorded.
        if self.paused && self.places.is_used && self.dice.below(3) == 0 {
            notified = self.resume()?;
        }
        if self.plan.early.is_some_and(|from| from <= commit) {
            notified = self.say()?.or(notified);
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
        Ok(self.next_word()?.is_some() || (open && (self.paused || self.answer()?.is_some())))
    }

    /// Sends the next item, if there is one, because nothing else can happen.
    pub(super) fn say_next(&mut self) -> Result<bool, String> {
        let main = self.main()?;
        let open = !main.status.is_final();
        if open && self.paused {
            self.resume()?;
            return Ok(true);
        }
        if self.next_word()?.is_some() {
            self.say()?;
            return Ok(true);
        }
        if !open {
            return Ok(false);
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

    fn resume(&mut self) -> Result<Option<i64>, String> {
        self.paused = false;
        self.send(NewInboxItem::new(self.main()?.number, InboxKind::Resume, self.now))
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

    /// Returns which message or start is next. A run that has ended gets no more messages.
    fn next_word(&self) -> Result<Option<usize>, String> {
        let open = !self.main()?.status.is_final();
        let next = self.subject.script.words().iter().enumerate().skip(self.said);
        Ok(next.filter(|(_, word)| open || matches!(word, Word::Start(_))).map(|(which, _)| which).next())
    }

    /// Sends the next message, or starts the next run, if there is one; returns the run that has got something.
    fn say(&mut self) -> Result<Option<i64>, String> {
        let Some(which) = self.next_word()? else { return Ok(None) };
        self.said = which + 1;
        let subject = self.subject;
        match &subject.script.words()[which] {
            Word::Message(name, encode) => {
                let main = self.main()?;
                let (name, value) = (Some((*name).to_owned()), Some(encode(&self.fields(&main))?));
                self.send(NewInboxItem { name, value, ..NewInboxItem::new(main.number, InboxKind::Message, self.now) })
            }
            Word::Start(start) => self.start_outside(start, which).map(|()| None),
        }
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
        let is_without = loaded.run.is_paused() && self.is_without_room(loaded.number)?;
        let items: Result<Vec<InboxRow>, _> =
            self.store.inbox(RunKey::Number(loaded.number), loaded.run.read_to(), usize::MAX);
        let fields = loaded.run.env().fields.clone();
        for mut item in items.map_err(|error| error.to_string())? {
            // It is loaded again once it has room.
            if is_without && item.kind == InboxKind::Resume {
                break;
            }
            if let Some(pointer) = result_of(&item) {
                // The stores of a scenario are in memory.
                item.value = fields.load(&pointer).now_or_never().and_then(Result::ok);
            }
            loaded.run.receive(item, self.now);
        }
        Ok(())
    }
}
