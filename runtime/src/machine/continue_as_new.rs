//! A run that goes on as another with a fresh journal: that one keeps its id and all that observers know of it.

use super::Machine;
use super::calls::RunJournal;
use super::effect::Effect;
use super::outgoing::Sent;
use super::state::{State, What};
use super::suspended::OpenTurn;
use super::turn::entry;
use crate::journal::Completion;
use crate::record::Kind;
use crate::store::{EntryRow, ImportedRun, Outgoing, Status};
use crate::value::Value;

/// As what a run goes on: the version of its workflow, and its input.
#[derive(Clone, Debug)]
pub(crate) struct ContinueWith {
    pub(crate) version: u32,
    pub(crate) input: Value,
    /// When its time limit is over, as it is recorded now: a pause or a clock that was set may have moved it.
    pub(crate) limit: Option<i64>,
}

impl RunJournal {
    pub(super) fn go_on_as_another(&self, position: u64, version: u32, input: Result<Value, String>) {
        match input {
            Ok(input) => self.state().replaced = Some(ContinueWith { version, input, limit: None }),
            Err(why) => self.cannot_store(position, &format!("the input of the run with a fresh journal: {why}")),
        }
    }
}

impl State {
    /// What has come and the body has not taken, as the first entries of another run have it, and the requests that are open.
    fn unread(&self, at: i64) -> Vec<EntryRow> {
        let message = |name: &str, value: &Value| EntryRow {
            name: Some(name.to_owned()),
            value: Some(value.clone()),
            ..entry(0, Kind::MessageKept, at)
        };
        let answer = |id: &str, value: &Value| EntryRow {
            other: Some(id.to_owned()),
            value: Some(value.clone()),
            ..entry(0, Kind::AnswerKept, at)
        };
        let mut kept = Vec::new();
        for call in self.calls.values() {
            let (What::Outside(outside), Some(Completion::Message(value))) = (&call.what, &call.completion) else {
                continue;
            };
            if let Some(channel) = outside.command.channel() {
                kept.push(message(channel, value));
            } else if let (Some(_), Some(id)) =
                (outside.command.answer(), outside.known.as_ref().or(outside.id.as_ref()))
            {
                kept.push(answer(id, value));
            }
        }
        for (channel, messages) in &self.kept.mailbox {
            kept.extend(messages.iter().map(|value| message(channel, value)));
        }
        kept.extend(self.kept.answers.iter().map(|(id, value)| answer(id, value)));
        kept.extend(self.unanswered(at));
        kept
    }
}

impl Machine {
    /// What the run before this one has received and not read is there from the beginning.
    pub(super) fn keep(&mut self, entry: EntryRow) {
        if entry.kind == Kind::RequestKept {
            return self.keep_request(entry);
        }
        let Some(value) = entry.value else { return };
        let mut state = self.journal.state();
        if entry.kind == Kind::MessageKept {
            state.kept.mailbox.entry(entry.name.unwrap_or_default()).or_default().push_back(value);
        } else {
            state.kept.answers.insert(entry.other.unwrap_or_default(), value);
        }
    }

    /// The body is at its end and the run is not: nothing is delivered until the other run is made. What comes meanwhile is
    /// for that one.
    pub(super) fn replace(&mut self, with: ContinueWith, cause: u64, at: i64) {
        let kept = self.journal.state().unread(at);
        let with = ContinueWith { limit: self.limit(), ..with };
        self.drop_body();
        self.cancel_attempts();
        self.suspended = Some(OpenTurn { cause, at, replacing: true });
        self.unwritten.pending_effects.push(Effect::Replace { with, kept });
    }

    /// Whether the other run is being made.
    pub(super) fn is_replacing(&self) -> bool {
        self.suspended.as_ref().is_some_and(|turn| turn.replacing)
    }

    /// The other run is made, and begins with the commit in which this one ends.
    pub(crate) fn replaced_by(&mut self, run: Box<ImportedRun>, now: i64) {
        if !self.is_open() || !self.is_replacing() {
            return;
        }
        self.suspended = None;
        self.deferred.clear();
        let input = run.entries.first().and_then(|first| first.value.clone());
        let last = self.entry(Kind::RunReplaced, now, |entry| entry.value = input);
        self.unwritten.entries.push(last);
        self.unwritten.outgoing.push(Sent { outgoing: Outgoing::Replace(run), awaited_at: None });
        self.fate.ended = Some(Status::Replaced);
        self.unwritten.pending_effects.push(Effect::Ended);
    }
}
