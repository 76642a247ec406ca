//! A run that goes on as another with a fresh journal: that one keeps its id and all that outsiders know of it.

use super::Machine;
use super::calls::RunJournal;
use super::effect::Effect;
use super::outgoing::Sent;
use super::suspended::OpenTurn;
use crate::journal::Kind;
use crate::store::{ImportedRun, Outgoing, Status};
use crate::value::Value;

impl RunJournal {
    pub(super) fn go_on_as_another(&self, position: u64, input: Result<Value, String>) {
        match input {
            Ok(input) => self.state().replaced = Some(input),
            Err(why) => self.cannot_store(position, &format!("the input of the run with a fresh journal: {why}")),
        }
    }
}

impl Machine {
    /// The body is at its end and the run is not: nothing is delivered until the other run is made. What comes meanwhile is
    /// for that one.
    pub(super) fn replace(&mut self, input: Value, cause: u64, at: i64) {
        self.drop_body();
        self.tell_bodies();
        self.suspended = Some(OpenTurn { cause, at, replacing: true });
        self.fresh.push(Effect::Replace { input });
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
        self.entries.push(last);
        self.outgoing.push(Sent { outgoing: Outgoing::Replace(run), awaited_at: None });
        self.ended = Some(Status::Replaced);
        self.fresh.push(Effect::Ended);
    }
}
