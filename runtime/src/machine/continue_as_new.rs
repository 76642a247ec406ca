//! Continue-as-new: the successor has a fresh journal and keeps the run's id and outputs.

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

/// The parameters of a continue-as-new: the version of the workflow, and its input.
#[derive(Clone, Debug)]
pub(crate) struct ContinueWith {
    pub(crate) version: u32,
    pub(crate) input: Value,
    /// The end of its time limit as recorded now: a pause or a change of the clock may have moved it.
    pub(crate) limit: Option<i64>,
}

impl RunJournal {
    pub(super) fn go_on_as_another(&self, position: u64, version: u32, input: Result<Value, String>) {
        if self.is_outside(&mut self.state()) {
            return;
        }
        match input {
            Ok(input) => self.state().replaced = Some(ContinueWith { version, input, limit: None }),
            Err(why) => self.cannot_store(position, &format!("the input of the run with a fresh journal: {why}")),
        }
    }
}

impl State {
    /// Returns what the run received and the body did not take, and the open requests, as first entries of the
    /// successor.
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
    /// Keeps what the previous run received and did not read.
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

    /// Begins a continue-as-new: the body has ended, but nothing is delivered until the successor is made. Items that
    /// arrive meanwhile are for the successor.
    pub(super) fn replace(&mut self, with: ContinueWith, cause: u64, at: i64) {
        let kept = self.journal.state().unread(at);
        let with = ContinueWith { limit: self.limit(), ..with };
        self.drop_body();
        self.cancel_attempts();
        self.dequeue_all();
        self.suspended = Some(OpenTurn { cause, at, replacing: true });
        self.unwritten.pending_effects.push(Effect::Replace { with, kept });
    }

    /// Returns whether the successor is being made.
    pub(super) fn is_replacing(&self) -> bool {
        self.suspended.as_ref().is_some_and(|turn| turn.replacing)
    }

    /// Ends the run with its successor, which begins in the same commit.
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
