//! Outputs of a run, and its patches: entries for which no call waits.

use super::Machine;
use super::calls::RunJournal;
use super::commands::History;
use super::outgoing::Sent;
use super::turn::Turn;
use crate::command::{Command, MarkPatch, TryReceive};
use crate::record::{Kind, OutputKind, StepWrite, Written};
use crate::store::{EntryRow, Outgoing};
use crate::value::Value;

impl RunJournal {
    pub(super) fn try_message(&self, position: u64, channel: &'static str) -> Option<Value> {
        let found = {
            let state = self.state();
            if state.fault.is_some() {
                return None;
            }
            state.kept.mailbox.contains_key(channel)
        };
        let command = Command::<(), ()>::TryReceive(TryReceive { channel, found });
        let mut guard = match self.history(position, &command) {
            History::Diverged => return None,
            History::Recorded(_, guard) => guard,
            History::New(mut guard) => {
                let now = guard.time.now;
                let turn = guard.turn.as_mut().and_then(Turn::live)?;
                turn.command(&command, &mut self.at(position, now, None), None);
                guard
            }
        };
        guard.take_message(channel)
    }

    /// Returns whether the run takes a patch. A run that passed this point before the patch takes the old branch for
    /// good.
    pub(super) fn takes_patch(&self, patch: &str, given_up: bool) -> bool {
        let mut guard = self.state();
        if self.is_outside(&mut guard) {
            return false;
        }
        let state = &mut *guard;
        if let Some(known) = state.patches.get(patch) {
            return *known;
        }
        let mark = Command::<(), ()>::MarkPatch(MarkPatch { patch });
        let marked = |entry: &EntryRow| Command::from_entry(entry).is_some_and(|recorded| recorded == mark);
        let taken = match state.turn.as_mut() {
            Some(Turn::Replay { group, .. }) => {
                let taken = group.front().is_some_and(marked);
                if taken {
                    group.pop_front();
                }
                taken
            }
            Some(Turn::Live(turn)) => {
                if !given_up {
                    turn.command(&mark, &mut self.at(0, state.time.now, None), None);
                }
                true
            }
            None => false,
        };
        state.patches.insert(patch.to_owned(), taken);
        taken
    }
}

impl Machine {
    /// Records an output or an event of a step; one that an earlier attempt wrote is kept.
    pub(crate) fn step_wrote(&mut self, write: StepWrite, now: i64) {
        if !self.is_open() {
            return;
        }
        if self.stands_still() {
            return self.deferred.push_back(super::suspended::Deferred::Wrote(write));
        }
        let StepWrite { position, attempt, key, what, value } = write;
        let journal = self.journal.clone();
        let mut state = journal.state();
        let Some(step) = state.step(position).filter(|step| step.attempt == attempt) else { return };
        if !step.written.insert(key.clone()) {
            return;
        }
        drop(state);
        let stream = match what {
            Written::Item { stream } => stream,
            Written::Event { name } => {
                return self.deliver(Kind::EventSent, now, |entry| {
                    entry.position = Some(position);
                    entry.name = Some(name.to_owned());
                    entry.attempt = Some(attempt);
                    entry.other = Some(key);
                    entry.value = Some(value);
                });
            }
        };
        let channel = OutputKind::Written(&stream).channel();
        let entry = self.entry(Kind::StreamWritten, now, |entry| {
            entry.position = Some(position);
            entry.name = Some(stream);
            entry.attempt = Some(attempt);
            entry.other = Some(key);
        });
        let outgoing = Outgoing::Put { channel, seq: entry.seq, value: Some(value) };
        self.unwritten.entries.push(entry);
        self.unwritten.outgoing.push(Sent { outgoing, awaited_at: None });
    }
}
