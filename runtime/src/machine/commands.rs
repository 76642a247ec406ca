//! Commands of the body: recorded the first time, compared with the recorded ones in a replay.

use super::calls::RunJournal;
use super::outgoing::Sent;
use super::state::{Outside, State, StepInFlight, What};
use super::turn::Turn;
use crate::command::{At, Command, Due, derived_id};
use crate::journal::{Asked, Journal};
use crate::record::{ParkCause, ParkReason};
use crate::store::{EntryRow, NewRun, Outgoing};
use crate::value::Value;
use std::collections::HashSet;
use std::sync::MutexGuard;

/// The history's answer to a command, with the lock that the next action needs.
pub(super) enum History<'s> {
    /// Not in the history: the command is issued for the first time.
    New(MutexGuard<'s, State>),
    /// Recorded as the same command.
    Recorded(EntryRow, MutexGuard<'s, State>),
    /// Recorded as another command, or not comparable: the body does not continue.
    Diverged,
}

/// The recorded parameters of a call that begins to wait.
struct Begun {
    /// The entry whose context a step sees.
    context: Option<u64>,
    /// The attempt of a step that was recorded with its call.
    attempt: u32,
    /// Whether that attempt is for another engine.
    remote: bool,
    due: Option<Due>,
    /// The id by which the body knows a request, if it differs from the one with which it is answered.
    known: Option<String>,
}

impl RunJournal {
    /// Derives 32 hexadecimal digits from a command index and this execution.
    pub(super) fn derived(&self, position: u64) -> String {
        derived_id(self.identity().execution, position)
    }

    /// Returns the place of a command that is issued now.
    pub(super) fn at(&self, position: u64, now: i64, due: Option<i64>) -> At<'_> {
        At { run: self.identity(), position, seq: 0, now, due, context: None, refused: false }
    }

    /// Looks up a command in the history and compares it.
    pub(super) fn history<S, R>(&self, position: u64, command: &Command<'_, S, R>) -> History<'_> {
        let mut guard = self.state();
        if self.refuses(position, &mut guard) {
            return History::Diverged;
        }
        let Some(entry) = guard.recorded(position, command) else {
            return if guard.fault.is_some() { History::Diverged } else { History::New(guard) };
        };
        let is_same = || {
            entry.position == Some(position) && Command::from_entry(&entry).is_some_and(|recorded| recorded == *command)
        };
        let (same, missing_key) = match command.given() {
            None => (is_same(), None),
            Some(given) => {
                // Comparing runs the user's encoding and decoding code, which must not find the lock held.
                drop(guard);
                if given.value().is_some() {
                    // Clears faults of earlier calls, which do not concern this comparison.
                    self.vault().take_fault();
                }
                let same = is_same();
                // If the values differ only because a key is missing, the run waits for the key.
                let missing_key = if same { None } else { self.missing_key(Some(position)) };
                guard = self.state();
                (same, missing_key)
            }
        };
        match missing_key {
            _ if same => return History::Recorded(entry, guard),
            Some(reason) => drop(guard.fault.get_or_insert(reason)),
            None => guard.diverged_in_value(&entry, command),
        }
        History::Diverged
    }

    /// Issues a command that the body waits for.
    pub(super) fn ask_for(&self, position: u64, command: Asked) {
        match self.history(position, &command) {
            History::Diverged => {}
            History::New(state) => self.record(state, position, command),
            History::Recorded(entry, mut state) => {
                let mut command = command;
                if entry.attempt == Some(0) {
                    refuse_without_key(&mut command);
                }
                let due = match (command.due(), entry.due) {
                    // Neither changed code nor a clock that was set since changes the recorded end.
                    (Some(Due::Moment(_)), Some(recorded)) => Some(Due::Moment(recorded)),
                    (_, recorded) => recorded.map(|due| Due::Elapsed(state.elapsed_due(due))),
                };
                // A copy of a run makes its own request; the body knows it by the original id.
                let own = matches!(command, Command::Request(_)).then(|| self.derived(position));
                let known = entry.other.clone().filter(|_| own.is_some() && entry.other != own);
                let (attempt, remote) = (entry.attempt.unwrap_or(0), entry.other.is_some());
                let begun = Begun { context: entry.context, attempt, remote, due, known };
                state.wait(position, command, own.or(entry.other), begun);
            }
        }
    }

    /// Issues a command that completes at once.
    pub(super) fn tell_of(&self, position: u64, command: &Command<'_>) {
        let History::New(mut guard) = self.history(position, command) else { return };
        let now = guard.time.now;
        let Some(turn) = guard.turn.as_mut().and_then(Turn::live) else { return };
        turn.command(command, &mut self.at(position, now, None), None);
    }

    /// Records a new command, with its writes to the database.
    fn record<'s>(&'s self, mut guard: MutexGuard<'s, State>, position: u64, mut command: Asked) {
        if guard.turn.as_mut().and_then(Turn::live).is_none() {
            return;
        }
        refuse_without_key(&mut command);
        let limit = self.limits().arguments;
        let (mut value, mut started) = (None, None);
        if let Some(given) = command.given() {
            match given.value() {
                Some(small) if small.bytes.len() <= limit && !matches!(command, Command::StartChild(_)) => {
                    value = Some(small.clone());
                }
                // The following calls run user code, which must not find the lock held.
                _ => {
                    drop(guard);
                    let Some(recorded) = self.to_record(position, &mut command, limit) else { return };
                    (value, started) = recorded;
                    guard = self.state();
                }
            }
        }
        let state = &mut *guard;
        let due = command.due();
        let recorded_due = due.map(|due| match due {
            Due::Moment(moment) => moment,
            Due::Elapsed(due) => state.recorded_now(due),
        });
        let mut at = At { context: state.context.entry, ..self.at(position, state.time.now, recorded_due) };
        at.refused = command.refusal().is_some();
        if let Command::RunStep(step) = &command {
            if step.arguments.value().is_some_and(|value| value.bytes.len() > self.limits().value) {
                (value, at.refused) = (None, true);
            }
            at.refused |= state.scope.lacks(step.run.roles).is_some();
        }
        let Some(turn) = state.turn.as_mut().and_then(Turn::live) else { return };
        match started {
            Some(run) => {
                turn.record_command(&command, &mut at, value);
                turn.outgoing
                    .push(Sent::of_call(position, Outgoing::Start { run: Box::new(run), position: Some(position) }));
            }
            None => turn.command(&command, &mut at, value),
        }
        if matches!(command, Command::RunStep(_)) {
            turn.started.push(position);
        }
        let id = match &command {
            Command::Request(_) => Some(at.id()),
            Command::StartChild(child) => Some(child.id(&at)),
            _ => None,
        };
        let remote = matches!(&command, Command::RunStep(step) if step.queue.is_some() && !at.refused);
        let begun = Begun { context: at.context, attempt: u32::from(!at.refused), remote, due, known: None };
        state.wait(position, command, id, begun);
    }

    /// Returns the value to record for a command and the run that it starts; `None` if the run must wait for a key.
    fn to_record(&self, position: u64, command: &mut Asked, limit: usize) -> Option<(Option<Value>, Option<NewRun>)> {
        let mut started = None;
        if let Command::StartChild(child) = command
            && child.input.value().is_some()
        {
            match self.new_run(position, child) {
                Ok(run) => started = Some(run),
                Err(why) => child.input.refuse(why),
            }
        }
        // A value that waits for a key is not refused.
        if command.refusal().is_some()
            && let Some(reason) = self.missing_key(Some(position))
        {
            self.state().fault.get_or_insert(reason);
            return None;
        }
        let value = match command {
            // A person who answers needs the whole question.
            Command::Request(request) => request.question.value().cloned(),
            _ => command.given().and_then(|given| given.to_record(limit)),
        };
        Some((value, started))
    }

    /// Returns the write that a reloaded run repeats, because its outcome is unknown: a message without a recorded
    /// outcome. A request and a wait for another run are repeated too, because a copied run does not have them in this
    /// database yet.
    pub(super) fn resend(&self, position: u64, state: &State) -> Option<Sent> {
        let call = state.calls.get(&position).filter(|call| call.completion.is_none())?;
        let What::Outside(outside) = &call.what else { return None };
        let due = outside.due.map(|due| state.recorded_due(due));
        let mut at = self.at(position, state.time.now, due);
        if let Command::StartChild(child) = &outside.command {
            // Whether a run with a given id is the one that was started is checked by `Attach` first. A refused run
            // does not exist.
            if child.id.is_some() || child.input.refusal().is_some() {
                return None;
            }
            let id = outside.id.clone()?;
            return Some(Sent::of_call(position, Outgoing::Watch { id, position }));
        }
        at.refused = outside.command.refusal().is_some();
        outside.command.outgoing(&at).map(|outgoing| Sent::of_call(position, outgoing))
    }

    /// Parks the run: a value cannot be stored, or the key of its secret is missing.
    pub(super) fn cannot_store(&self, position: u64, why: &str) {
        let reason = self.missing_key(Some(position)).unwrap_or_else(|| {
            let run = self.identity();
            let message = format!(
                "run `{}` (workflow `{}`) cannot continue at position {position}: what it gives away cannot be stored: {why}. \
                 Deploy code whose value can be; the run then resumes automatically",
                run.id, run.workflow
            );
            ParkReason::new(ParkCause::Unstorable, message).at(Some(position))
        });
        self.state().fault.get_or_insert(reason);
    }
}

/// Refuses the call of a remote step that has no key in its queue.
fn refuse_without_key(command: &mut Asked) {
    if let Command::RunStep(step) = command
        && let Some(Err(why)) = step.run.queued.as_ref().map(|queued| &queued.key)
    {
        step.arguments.refuse(why.clone());
    }
}

impl State {
    /// Inserts a call in flight; a message or an answer that has arrived already completes it.
    fn wait(&mut self, position: u64, command: Asked, id: Option<String>, begun: Begun) {
        let Begun { context, attempt, remote, due, known } = begun;
        match command {
            Command::RunStep(call) => {
                let (failures, written) = (Vec::new(), HashSet::new());
                let step = StepInFlight { call, context, attempt, failures, lost: 0, retry_due: None, written };
                self.insert(position, What::Step(Box::new(step)));
                if remote {
                    self.tasks.insert(position);
                }
            }
            Command::Sleep(sleep) => self.insert(position, What::Timer(due.unwrap_or(sleep.due))),
            command => {
                let (id, is_refused) = match &command {
                    Command::AwaitAnswer(answer) => {
                        // One answer is for one call: a second that waits beside the first would wait for ever.
                        let open = self.may_be_answered(&answer.request) && self.asked(&answer.request).is_none();
                        (Some(answer.request.clone().into_owned()), !open)
                    }
                    command => (id, command.refusal().is_some()),
                };
                if is_refused {
                    self.refused.insert(position);
                }
                let due = due.and_then(|due| if let Due::Elapsed(due) = due { Some(due) } else { None });
                self.insert(position, What::Outside(Box::new(Outside::new(command, due, id, known))));
                self.dispatch(position);
            }
        }
    }
}
