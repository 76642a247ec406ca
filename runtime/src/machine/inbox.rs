//! Takes items from the inbox into the journal, each once.

use super::Machine;
use super::outgoing::Sent;
use super::state::{Call, Outside, State, What};
use super::suspended::Deferred;
use crate::command::{Command, Receive};
use crate::journal::{Completion, Journal};
use crate::record::{InboxKind, Kind};
use crate::store::{InboxRow, NewInboxItem, Outgoing, Status};
use crate::value::Value;
use std::task::Waker;

impl Machine {
    /// Takes an inbox item into the journal.
    pub(crate) fn receive(&mut self, item: InboxRow, now: i64) {
        if item.number <= self.read_to || !self.is_open() {
            return;
        }
        self.read_to = item.number;
        self.take_in(item, now);
    }

    /// Returns the number of the last item that the run has seen.
    pub(crate) const fn read_to(&self) -> i64 {
        self.read_to
    }

    pub(super) fn take_in(&mut self, item: InboxRow, now: i64) {
        if !self.is_open() {
            return;
        }
        if self.held_back.paused && !item.kind.reaches_paused() {
            return self.held_back.items.push(item);
        }
        // A cancellation does not wait for fields to be saved.
        if self.is_transacting() || (self.suspended.is_some() && item.kind != InboxKind::Cancel) {
            return self.deferred.push_back(Deferred::Item(item));
        }
        // Once the time is over, later items do not change how the run ends.
        if !self.held_back.paused && self.is_over(now) {
            self.due(now);
            return;
        }
        let number = item.number;
        match item.kind {
            InboxKind::Cancel => {
                self.cut_turn();
                self.unwritten.taken.push(number);
                self.end_early(Kind::CancelRequested, item.value, now);
            }
            InboxKind::Message => {
                self.unwritten.taken.push(number);
                self.deliver(Kind::MessageReceived, now, |entry| {
                    (entry.name, entry.other, entry.value) = (item.name, item.sender, item.value);
                });
            }
            InboxKind::Answer => {
                self.unwritten.taken.push(number);
                self.take_answer_of(item, now);
            }
            InboxKind::Ended => {
                self.unwritten.taken.push(number);
                if let (Some(position), Some(status)) = (item.position, item.name.as_deref().and_then(Status::parse)) {
                    self.child_ended(position, status, item.value, now);
                }
            }
            InboxKind::Pause => {
                self.unwritten.taken.push(number);
                self.pause(item.value, now);
            }
            InboxKind::Resume => {
                self.unwritten.taken.push(number);
                self.resume(now);
            }
            InboxKind::Attempt => self.take_attempt(item, now),
            InboxKind::Wrote => self.take_write(item, now),
            // An item of a newer version stays in the inbox.
            InboxKind::Unknown(_) => {}
        }
    }

    /// Takes the answer to a request.
    fn take_answer_of(&mut self, item: InboxRow, now: i64) {
        let name = item.name.unwrap_or_default();
        let (id, asked) = {
            let state = self.journal.state();
            let id = state.kept.requests.known_as(&name).unwrap_or(name);
            let asked = state.asked_for(&id);
            (id, asked)
        };
        let (position, answer) = asked.unzip();
        // The answer belongs to the run from which the history comes, so the request here has no answer.
        if let (None, Some(position)) = (&item.key, position) {
            self.expire(position);
        }
        self.deliver(Kind::RequestAnswered, now, |entry| {
            (entry.position, entry.other, entry.value) = (position, Some(id), item.value);
            entry.name = answer;
        });
    }

    /// Cancels every attached child of this run.
    pub(super) fn notify_children(&mut self, reason: Option<&Value>, now: i64) {
        let item = NewInboxItem {
            key: Some("cancel".to_owned()),
            value: reason.cloned(),
            sender: Some(self.journal.identity().id.clone()),
            ..NewInboxItem::new(0, InboxKind::Cancel, now)
        };
        self.unwritten.outgoing.push(Sent { outgoing: Outgoing::NotifyChildren(item), awaited_at: None });
    }
}

impl State {
    /// Returns whether a call at a command index waits for a completion from outside.
    pub(super) fn is_waiting(&self, position: u64) -> bool {
        self.waits.contains(&position)
    }

    /// Returns the command index at which the answer to a request is waited for.
    pub(super) fn asked(&self, id: &str) -> Option<u64> {
        let asks = |position: &&u64| {
            let outside = self.outside(**position);
            outside.is_some_and(|outside| outside.command.answer().is_some() && outside.id.as_deref() == Some(id))
        };
        self.waits.iter().find(asks).copied()
    }

    /// Returns the command index with the type of the answer.
    fn asked_for(&self, id: &str) -> Option<(u64, String)> {
        let position = self.asked(id)?;
        Some((position, self.outside(position)?.command.answer()?.to_owned()))
    }

    /// Returns the call at a command index, if its completion comes from outside.
    fn outside(&self, position: u64) -> Option<&Outside> {
        match &self.calls.get(&position)?.what {
            What::Outside(outside) => Some(outside),
            What::Step(_) | What::Timer(_) => None,
        }
    }

    /// Returns the first call that waits for a message on a channel.
    fn receiver(&self, channel: &str) -> Option<u64> {
        let waiting = |position: &&u64| {
            self.outside(**position).is_some_and(|outside| outside.command.channel() == Some(channel))
        };
        self.waits.iter().find(waiting).copied()
    }

    /// Delivers a message to the first call that waits on its channel, or keeps it for a later one.
    pub(super) fn message(&mut self, channel: &str, value: Value) -> Option<Waker> {
        if let Some(position) = self.receiver(channel) {
            return self.complete(position, Completion::Message(value));
        }
        self.kept.mailbox.entry(channel.to_owned()).or_default().push_back(value);
        None
    }

    /// Delivers an answer to the call that waits for it, or keeps it for a later one.
    pub(super) fn answer(&mut self, id: &str, position: Option<u64>, value: Value) -> Option<Waker> {
        self.kept.requests.is_answered(id);
        // In a history copied from another run, the request has the id of that run.
        let recorded = || position.filter(|position| self.waits.contains(position));
        if let Some(position) = self.asked(id).or_else(recorded) {
            return self.complete(position, Completion::Message(value));
        }
        self.kept.answers.insert(id.to_owned(), value);
        None
    }

    /// Takes the oldest message on a channel.
    pub(super) fn take_message(&mut self, channel: &str) -> Option<Value> {
        let messages = self.kept.mailbox.get_mut(channel)?;
        let first = messages.pop_front();
        if messages.is_empty() {
            self.kept.mailbox.remove(channel);
        }
        first
    }

    /// Completes a new call with what has arrived for it before.
    pub(super) fn dispatch(&mut self, position: u64) {
        let Some(Call { what: What::Outside(outside), completion: None, .. }) = self.calls.get(&position) else {
            return;
        };
        let completion = match &outside.command {
            Command::Receive(receive) => {
                let channel = receive.channel;
                self.take_message(channel).map(Completion::Message)
            }
            Command::AwaitAnswer(answer) => {
                let id = answer.request.clone();
                match self.kept.answers.remove(&*id) {
                    Some(value) => Some(Completion::Message(value)),
                    None => self.kept.requests.take_expired(&id).then_some(Completion::Fired),
                }
            }
            // Nothing arrives before the call, or nothing at all.
            Command::RunStep(_)
            | Command::Sleep(_)
            | Command::TryReceive(_)
            | Command::Send(_)
            | Command::Request(_)
            | Command::StartChild(_)
            | Command::CancelChild(_)
            | Command::Publish(_)
            | Command::WriteStream(_)
            | Command::CloseStream(_)
            | Command::SetLabel(_)
            | Command::SetContext(_)
            | Command::UpdateContext(_)
            | Command::RefuseChange(_)
            | Command::MarkPatch(_)
            | Command::Abandon(_)
            | Command::Finish(_) => None,
        };
        if let Some(completion) = completion {
            self.complete(position, completion);
        }
    }

    /// Puts back the message of a call that was dropped before taking it: for another call, or a later one.
    pub(super) fn put_back(&mut self, call: &mut Call) -> Option<Waker> {
        let What::Outside(outside) = &call.what else { return None };
        if let (Command::AwaitAnswer(answer), Some(Completion::Message(value))) = (&outside.command, &call.completion) {
            self.kept.answers.insert(answer.request.clone().into_owned(), value.clone());
            return None;
        }
        let Command::Receive(Receive { channel, .. }) = &outside.command else { return None };
        let channel = *channel;
        let Some(Completion::Message(value)) = call.completion.take() else { return None };
        if let Some(position) = self.receiver(channel) {
            return self.complete(position, Completion::Message(value));
        }
        self.kept.mailbox.entry(channel.to_owned()).or_default().push_front(value);
        None
    }
}
