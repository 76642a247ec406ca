//! What a run shows to outsiders, and the ways it takes of newer code: entries that nobody waits for.

use super::Machine;
use super::calls::RunJournal;
use super::outgoing::Sent;
use super::turn::Turn;
use crate::record::{Kind, Shown, StepWrite, Written};
use crate::store::{EntryRow, Outgoing};
use crate::value::Value;

impl RunJournal {
    pub(super) fn show_to_outsiders(&self, position: u64, what: Shown<'_>, value: Option<Value>) {
        let (kind, name) = match what {
            Shown::Published(key) => (Kind::ValuePublished, key),
            Shown::Written(stream) => (Kind::StreamWritten, stream),
            Shown::Closed(stream) => (Kind::StreamClosed, stream),
        };
        let found = || match what {
            Shown::Published(key) => format!("value `{key}` published"),
            Shown::Written(stream) => format!("an item written to stream `{stream}`"),
            Shown::Closed(stream) => format!("stream `{stream}` closed"),
        };
        let mut guard = self.state();
        let state = &mut *guard;
        if let Some(entry) = state.recorded(position, found) {
            // Like the fields of an update: what was shown then is what was shown.
            if entry.kind != kind || entry.position != Some(position) || entry.name.as_deref() != Some(name) {
                state.diverged(&entry, found());
            }
            return;
        }
        let Some(turn) = state.turn.as_mut().and_then(Turn::live) else { return };
        let seq = turn.record(kind, |entry| {
            entry.position = Some(position);
            entry.name = Some(name.to_owned());
        });
        let outgoing = Outgoing::Put { channel: what.channel(), seq, value };
        turn.outgoing.push(Sent { outgoing, awaited_at: None });
    }

    pub(super) fn try_message(&self, position: u64, channel: &'static str) -> Option<Value> {
        let found = |some: bool| {
            let found = if some { "one was there" } else { "none was there" };
            format!("a look for a message `{channel}`: {found}")
        };
        let mut guard = self.state();
        let state = &mut *guard;
        if state.fault.is_some() {
            return None;
        }
        let some = state.mailbox.contains_key(channel);
        if let Some(entry) = state.recorded(position, || found(some)) {
            let agrees = entry.kind == Kind::MessageTried
                && entry.position == Some(position)
                && entry.name.as_deref() == Some(channel)
                && entry.attempt == Some(u32::from(some));
            if !agrees {
                state.diverged(&entry, found(some));
                return None;
            }
        } else {
            let turn = state.turn.as_mut().and_then(Turn::live)?;
            turn.record(Kind::MessageTried, |entry| {
                entry.position = Some(position);
                entry.name = Some(channel.to_owned());
                entry.attempt = Some(u32::from(some));
            });
        }
        state.take_message(channel)
    }

    /// A run that came past here before the patch goes the old way for good.
    pub(super) fn takes_patch(&self, patch: &str, given_up: bool) -> bool {
        let mut guard = self.state();
        let state = &mut *guard;
        if let Some(known) = state.patches.get(patch) {
            return *known;
        }
        let marked = |entry: &EntryRow| entry.kind == Kind::PatchMarked && entry.name.as_deref() == Some(patch);
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
                    turn.record(Kind::PatchMarked, |entry| entry.name = Some(patch.to_owned()));
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
    /// A step has written something; what an earlier attempt has written stays.
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
        let channel = Shown::Written(&stream).channel();
        let entry = self.entry(Kind::StreamWritten, now, |entry| {
            entry.position = Some(position);
            entry.name = Some(stream);
            entry.attempt = Some(attempt);
            entry.other = Some(key);
        });
        let outgoing = Outgoing::Put { channel, seq: entry.seq, value: Some(value) };
        self.entries.push(entry);
        self.outgoing.push(Sent { outgoing, awaited_at: None });
    }
}
