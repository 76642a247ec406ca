//! Outgoing writes of a run beyond its own rows, and their outcomes.

use super::Machine;
use super::effect::Effect;
use super::state::What;
use super::suspended::Deferred;
use crate::command::{Command, StartChild};
use crate::context::Schema;
use crate::lengths;
use crate::record::Kind;
use crate::store::{EntryRow, Outgoing, Rejected, Status};
use crate::value::Value;

/// An outgoing write, in the commit of its entry.
pub(super) struct Sent {
    pub(super) outgoing: Outgoing,
    /// The command index of the call that waits for the outcome.
    pub(super) awaited_at: Option<u64>,
}

/// Returns the writes to the index of fields, for values that an entry writes. The names begin with `prefix`.
pub(super) fn index<'a>(
    workflow: &str,
    prefix: &str,
    schema: &'static Schema,
    values: impl IntoIterator<Item = (&'a str, &'a Value)>,
) -> Vec<Sent> {
    let write = |(name, value)| {
        let outgoing = Outgoing::Index { workflow: workflow.to_owned(), name: format!("{prefix}{name}"), value };
        Sent { outgoing, awaited_at: None }
    };
    schema.keys(values).map(write).collect()
}

/// The handling of an outgoing write's outcome.
pub(super) struct Asked {
    /// The command index of the call that waits for it.
    pub(super) awaited_at: Option<u64>,
    /// Whether it starts another run, which is to be driven.
    is_start: bool,
}

impl Sent {
    /// Creates the outgoing write of a call. The call waits for the outcome, unless its completion comes by the inbox
    /// or there is none.
    pub(super) fn of_call(position: u64, outgoing: Outgoing) -> Self {
        let awaited_at = match &outgoing {
            Outgoing::Deliver { .. } | Outgoing::Start { .. } | Outgoing::Watch { .. } => Some(position),
            Outgoing::NotifyChildren(_)
            | Outgoing::DeliverToWatched { .. }
            | Outgoing::Ask(_)
            | Outgoing::Withdraw { .. }
            | Outgoing::Expire { .. }
            | Outgoing::Put { .. }
            | Outgoing::Enqueue(_)
            | Outgoing::Dequeue { .. }
            | Outgoing::Withhold { .. }
            | Outgoing::Label { .. }
            | Outgoing::Index { .. }
            | Outgoing::Replace(_) => None,
        };
        Self { outgoing, awaited_at }
    }

    /// Splits the write from the handling of its outcome.
    pub(super) fn split(self) -> (Outgoing, Asked) {
        let is_start = matches!(self.outgoing, Outgoing::Start { .. });
        (self.outgoing, Asked { awaited_at: self.awaited_at, is_start })
    }
}

/// The outcome of an outgoing write for which a call waits.
pub(super) struct Answered {
    pub(super) position: u64,
    pub(super) outcome: Result<i64, Rejected>,
}

impl Machine {
    /// Queues outgoing writes, with lease and parent, which only the machine knows, and the effects that follow them.
    pub(super) fn send_out(&mut self, sent: impl IntoIterator<Item = Sent>) {
        for mut sent in sent {
            match &mut sent.outgoing {
                Outgoing::Start { run, .. } => {
                    run.lease = Some(self.lease);
                    run.parent = run.parent.map(|_| self.first_run);
                }
                Outgoing::Ask(row) => row.run = self.number,
                Outgoing::Enqueue(_) => self.unwritten.pending_effects.push(Effect::TaskWaits),
                Outgoing::Dequeue { .. } => self.unwritten.pending_effects.push(Effect::TaskCancelled),
                Outgoing::Deliver { .. }
                | Outgoing::DeliverToWatched { .. }
                | Outgoing::NotifyChildren(_)
                | Outgoing::Watch { .. }
                | Outgoing::Withdraw { .. }
                | Outgoing::Expire { .. }
                | Outgoing::Put { .. }
                | Outgoing::Withhold { .. }
                | Outgoing::Label { .. }
                | Outgoing::Index { .. }
                | Outgoing::Replace(_) => {}
            }
            self.unwritten.outgoing.push(sent);
        }
    }

    /// Hands the outcomes of a durable append to the waiting calls. Returns the started runs as effects: they are
    /// driven even if this run has ended.
    pub(super) fn answered(
        &mut self,
        asked: Vec<Asked>,
        outcomes: Vec<Result<i64, Rejected>>,
        now: i64,
    ) -> Vec<Effect> {
        let mut started = Vec::new();
        for (asked, outcome) in asked.into_iter().zip(outcomes) {
            if let (true, Ok(number)) = (asked.is_start, &outcome) {
                started.push(Effect::StartRun { number: *number });
            }
            let Some(position) = asked.awaited_at else { continue };
            let answered = Answered { position, outcome };
            if self.stands_still() {
                self.deferred.push_back(Deferred::Answered(answered));
            } else {
                self.take_answer(answered, now);
            }
        }
        started
    }

    pub(super) fn take_answer(&mut self, Answered { position, outcome }: Answered, now: i64) {
        if !self.is_open() {
            return;
        }
        let journal = self.journal.clone();
        let state = journal.state();
        let Some(call) = state.calls.get(&position).filter(|call| call.completion.is_none()) else { return };
        let What::Outside(outside) = &call.what else { return };
        match (&outside.command, outcome) {
            (Command::Send(_), Ok(_)) => {
                drop(state);
                self.deliver(Kind::MessageDelivered, now, |entry| entry.position = Some(position));
            }
            (Command::Send(send), Err(rejected)) => {
                let why = describe(send.to.as_deref().unwrap_or_default(), &rejected);
                drop(state);
                self.refuse_message(position, &why, now);
            }
            // The id is taken: by the same run, perhaps.
            (Command::StartChild(StartChild { workflow, input, .. }), Err(Rejected::Exists(row))) => {
                let Some((input, recode)) = input.comparable() else { return };
                let (workflow, input, recode) = (*workflow, input.clone(), recode.clone());
                drop(state);
                self.attaching += 1;
                let (id, row) = (row.id.clone(), Some(row));
                self.unwritten.pending_effects.push(Effect::Attach { position, id, row, workflow, input, recode });
            }
            (Command::StartChild(_), Ok(_)) => {
                let cancellation = outside.cancellation(position, now);
                drop(state);
                self.send_out(cancellation);
            }
            (Command::StartChild(_), Err(rejected)) => {
                let why = describe(outside.id.as_deref().unwrap_or_default(), &rejected);
                drop(state);
                self.refuse_child(position, &why, now);
            }
            // No call waits for the outcome. Of a run that was started or is watched, the end comes by the inbox.
            (
                Command::RunStep(_)
                | Command::Sleep(_)
                | Command::Receive(_)
                | Command::TryReceive(_)
                | Command::Request(_)
                | Command::AwaitAnswer(_)
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
                | Command::Finish(_),
                _,
            ) => {}
        }
    }

    /// Handles the comparison with an existing run: the call waits for that run if it is the same, and fails otherwise.
    pub(crate) fn attached(&mut self, position: u64, id: String, outcome: Result<(), String>, now: i64) {
        if self.stands_still() {
            return self.deferred.push_back(Deferred::Attached { position, id, outcome });
        }
        self.attaching = self.attaching.saturating_sub(1);
        if !self.is_open() || !self.journal.state().is_waiting(position) {
            return;
        }
        match outcome {
            Ok(()) => {
                let outgoing = Outgoing::Watch { id, position };
                self.send_out([Sent { outgoing, awaited_at: Some(position) }]);
            }
            Err(why) => self.refuse_child(position, &why, now),
        }
    }

    fn refuse_child(&mut self, position: u64, why: &str, now: i64) {
        self.deliver(Kind::ChildEnded, now, |entry| {
            entry.position = Some(position);
            entry.value = Some(Value::text(why));
        });
    }

    /// Handles the end of a child that is waited for.
    pub(super) fn child_ended(&mut self, position: u64, status: Status, value: Option<Value>, now: i64) {
        if self.journal.state().is_waiting(position) {
            self.deliver(Kind::ChildEnded, now, |entry: &mut EntryRow| {
                entry.position = Some(position);
                entry.name = Some(status.as_str().to_owned());
                entry.value = value;
            });
        }
    }

    /// Completes the refused calls: each refusal is a turn, in which the workflow may make further calls.
    pub(super) fn refuse_calls(&mut self, now: i64) {
        // Each refusal's turn calls this again: only the outermost call loops, so that the stack does not grow.
        {
            let mut state = self.journal.state();
            if state.refusing || state.refused.is_empty() {
                return;
            }
            state.refusing = true;
        }
        while self.is_open() && !self.stands_still() && !self.is_paused() {
            let Some(position) = self.journal.state().refused.pop_first() else { break };
            self.refuse_call(position, now);
        }
        self.journal.state().refusing = false;
    }

    fn refuse_call(&mut self, position: u64, now: i64) {
        let journal = self.journal.clone();
        let state = journal.state();
        let Some(call) = state.calls.get(&position).filter(|call| call.completion.is_none()) else { return };
        let What::Outside(outside) = &call.what else {
            drop(state);
            return self.refuse(position, now);
        };
        match &outside.command {
            Command::StartChild(child) => {
                let why = child.input.refusal().unwrap_or_default().to_owned();
                drop(state);
                self.refuse_child(position, &lengths::cut(why), now);
            }
            command => {
                let Some(message) = command.refused() else { return };
                drop(state);
                self.refuse_message(position, &lengths::cut(message), now);
            }
        }
    }

    fn refuse_message(&mut self, position: u64, why: &str, now: i64) {
        self.deliver(Kind::MessageRefused, now, |entry| {
            entry.position = Some(position);
            entry.value = Some(Value::text(why));
        });
    }

    /// Repeats writes whose outcome is unknown.
    pub(super) fn say_again(&mut self) {
        let journal = self.journal.clone();
        let state = journal.state();
        let named = state.waits.iter().filter_map(|position| {
            let What::Outside(outside) = &state.calls.get(position)?.what else { return None };
            let Command::StartChild(StartChild { id: Some(id), workflow, input, .. }) = &outside.command else {
                return None;
            };
            let (input, recode) = input.comparable()?;
            let (id, input, recode) = (id.clone().into_owned(), input.clone(), recode.clone());
            Some(Effect::Attach { position: *position, id, row: None, workflow, input, recode })
        });
        let named: Vec<Effect> = named.collect();
        let again: Vec<Sent> = state.waits.iter().filter_map(|position| journal.resend(*position, &state)).collect();
        drop(state);
        self.attaching += named.len();
        self.unwritten.pending_effects.extend(named);
        self.send_out(again);
    }
}

fn describe(id: &str, rejected: &Rejected) -> String {
    match rejected {
        Rejected::NoSuchRun => format!("there is no run `{id}` in this database"),
        Rejected::NoSuchQueue => "the queue is not declared in this database".to_owned(),
        Rejected::Ended => format!("run `{id}` has ended: nothing more reaches it"),
        Rejected::Held(row) => format!("run `{}` holds its deduplication key", row.id),
        Rejected::Refused(why) => why.clone(),
        Rejected::Exists(_) | Rejected::Fenced | Rejected::Answered => {
            format!("run `{id}` could not be reached")
        }
    }
}
