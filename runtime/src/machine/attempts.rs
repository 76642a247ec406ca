//! Attempts of steps: recorded before their bodies start, retried by policy.

use super::Machine;
use super::effect::Effect;
use super::failure::{encode, jitter, step_error};
use super::outgoing::Sent;
use super::suspended::Deferred;
use crate::error::{AttemptCause, AttemptFailure, Attempts, StepError};
use crate::journal::Journal;
use crate::lengths;
use crate::record::{AttemptOutcome, Kind, ParkReason, Role};
use crate::scope::{Cancellation, StepScope};
use crate::store::{EntryRow, Outgoing};
use crate::value::Value;
use std::sync::Arc;
use std::time::Duration;

/// The value of the start of an attempt after one that was lost with its engine.
const LOST: &str = "lost";

impl Machine {
    /// Handles the end of an attempt.
    pub(crate) fn attempt_ended(&mut self, position: u64, attempt: u32, outcome: AttemptOutcome, now: i64) {
        if !self.is_open() {
            return;
        }
        if self.stands_still() {
            return self.deferred.push_back(Deferred::AttemptEnded { position, attempt, outcome });
        }
        // A remote step that lacks a key waits in its queue for an engine that has it.
        if !self.is_task(position)
            && let Some(reason) = self.waits_for_a_key(position, attempt, &outcome)
        {
            return self.park(reason);
        }
        let limit = self.limits.value;
        let outcome = match outcome {
            AttemptOutcome::Completed(value) if value.bytes.len() > limit => AttemptOutcome::Failed {
                cause: AttemptCause::Unstorable,
                error: None,
                message: format!("the result has {} bytes, the limit is {limit}", value.bytes.len()),
                terminal: false,
                retry_after: None,
            },
            outcome => outcome,
        };
        let journal = self.journal.clone();
        let mut state = journal.state();
        let Some(step) = state.step(position) else { return };
        // An end that arrives late or twice changes nothing.
        if step.attempt != attempt || step.retry_due.is_some() {
            return;
        }
        let name = step.call.name;
        if state.tasks.remove(&position) {
            self.unwritten.outgoing.push(Sent { outgoing: Outgoing::Dequeue { position }, awaited_at: None });
        }
        let Some(step) = state.step(position) else { return };
        let mut stored = None;
        let (kind, value) = match outcome {
            AttemptOutcome::Completed(value) => (Kind::StepCompleted, value),
            AttemptOutcome::Stored { value, pointer } => {
                stored = Some(pointer);
                (Kind::StepCompleted, value)
            }
            AttemptOutcome::Failed { cause, error, message, terminal, retry_after } => {
                let failure = AttemptFailure { attempt, cause, message: lengths::cut(message) };
                step.failures.push(failure.clone());
                let failed = u32::try_from(step.failures.len()).unwrap_or(u32::MAX);
                if !terminal && failed < step.call.run.policy.attempts {
                    drop(state);
                    return self.try_again(position, failed, &failure, retry_after, now);
                }
                let attempts = Attempts { step: name.to_owned(), failures: step.failures.clone() };
                (Kind::StepFailed, step_error(cause, error.as_ref(), failure.message, attempts))
            }
        };
        drop(state);
        let entry = self.entry(kind, now, |entry| {
            entry.position = Some(position);
            entry.name = Some(name.to_owned());
            entry.attempt = Some(attempt);
            entry.value = Some(value);
        });
        self.deliver_entry(entry, stored);
    }

    /// Returns the reason for parking, if a step failed because a key is missing: it waits for the key instead. A step
    /// that completed nevertheless is not affected.
    fn waits_for_a_key(&self, position: u64, attempt: u32, outcome: &AttemptOutcome) -> Option<ParkReason> {
        let unmet = self.journal.unmet_key(position, attempt);
        match outcome {
            AttemptOutcome::Failed { cause: AttemptCause::Unstorable | AttemptCause::Refused, .. } => {
                unmet.or_else(|| self.journal.missing_key_of_attempt(position))
            }
            AttemptOutcome::Failed { .. } => unmet,
            AttemptOutcome::Completed(_) | AttemptOutcome::Stored { .. } => None,
        }
    }

    /// Records the failure of an attempt, and schedules the next one after a backoff.
    fn try_again(
        &mut self,
        position: u64,
        failed: u32,
        failure: &AttemptFailure,
        retry_after: Option<Duration>,
        now: i64,
    ) {
        let elapsed = self.elapsed_now(now);
        let (name, recorded) = {
            let mut state = self.journal.state();
            let Some(step) = state.step(position) else { return };
            let (name, policy) = (step.call.name, step.call.run.policy);
            let random = || jitter(&self.journal.identity().execution, position, failure.attempt);
            let wait = retry_after.unwrap_or_else(|| policy.wait(failed, random()));
            let due = elapsed.saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
            state.wait_for_retry(position, due);
            (name, state.recorded_due(due))
        };
        let cause = serde_json::to_vec(failure).expect("a failure of strings and numbers is JSON");
        let entry = self.entry(Kind::AttemptFailed, now, |entry| {
            entry.position = Some(position);
            entry.name = Some(name.to_owned());
            entry.attempt = Some(failure.attempt);
            entry.due = Some(recorded);
            entry.value = Some(Value::json(cause));
        });
        self.unwritten.entries.push(entry);
        self.due(now);
    }

    /// Starts the first attempt of a step that was recorded in the turn that has just ended.
    pub(super) fn first_attempt(&mut self, position: u64) {
        let attempt = self.journal.state().step(position).map(|step| step.attempt);
        match attempt {
            // A refusal is a turn of its own, which may start and refuse other steps, and may end the run.
            Some(0) => {
                self.journal.state().refused.insert(position);
            }
            Some(_) => self.start_body(position),
            // Dropped again within the turn.
            None => {}
        }
    }

    /// Fails a step when it is called, without a body: its arguments cannot be stored, or a required role is missing.
    pub(super) fn refuse(&mut self, position: u64, now: i64) {
        let limit = self.limits.value;
        let (name, error) = {
            let mut state = self.journal.state();
            let scope = state.scope.clone();
            let Some(step) = state.step(position) else { return };
            let why = match step.call.arguments.value() {
                None => step.call.arguments.refusal().unwrap_or_default().to_owned(),
                Some(value) if value.bytes.len() > limit => {
                    format!("its arguments have {} bytes, the limit is {limit}", value.bytes.len())
                }
                Some(_) => {
                    scope.lacks(step.call.run.roles).unwrap_or_else(|| "it was refused when it was called".to_owned())
                }
            };
            let attempts = Attempts { step: step.call.name.to_owned(), failures: Vec::new() };
            (step.call.name, encode(&StepError::Refused(lengths::cut(why), attempts)))
        };
        self.deliver(Kind::StepFailed, now, |entry| {
            entry.position = Some(position);
            entry.name = Some(name.to_owned());
            entry.value = Some(error);
        });
    }

    /// Starts a later attempt, which is recorded before its body starts.
    pub(super) fn start_attempt(&mut self, position: u64, now: i64) {
        self.start_attempt_after(position, false, now);
    }

    /// Starts a later attempt. The entry tells whether the one before it was lost with its engine.
    pub(super) fn start_attempt_after(&mut self, position: u64, is_lost: bool, now: i64) {
        let (attempt, context, name, queue) = {
            let mut state = self.journal.state();
            let Some(step) = state.step(position) else { return };
            step.lost += u32::from(is_lost);
            let begun = (step.attempt + 1, step.context, step.call.name, step.call.run.body.queue());
            state.begin_attempt(position, begun.0);
            begun
        };
        let entry = self.entry(Kind::AttemptStarted, now, |entry| {
            entry.position = Some(position);
            entry.name = Some(name.to_owned());
            entry.attempt = Some(attempt);
            entry.context = context;
            entry.other = queue.map(str::to_owned);
            entry.value = is_lost.then(|| Value::text(LOST));
        });
        self.unwritten.entries.push(entry);
        self.start_body(position);
    }

    pub(super) fn start_body(&mut self, position: u64) {
        if self.held_back.paused {
            return self.held_back.starts.push(position);
        }
        let mut state = self.journal.state();
        let run_scope = state.scope.clone();
        let Some(step) = state.step(position) else { return };
        if step.call.run.body.is_transaction() {
            return self.transactions.wait(position);
        }
        if step.call.run.body.queue().is_some() {
            drop(state);
            return self.enqueue(position);
        }
        let Some(arguments) = step.call.arguments.value().cloned() else { return };
        self.env.state.enter(position);
        let scope = Arc::new(StepScope {
            run: self.journal.identity().clone(),
            run_scope,
            name: step.call.name.to_owned(),
            position,
            attempt: step.attempt,
            deadline: None,
            cancellation: Cancellation::default(),
            writes: crate::scope::Writes::default(),
            link: crate::scope::Link::of(&self.env),
            sends: &[],
        });
        let (step, timeout, body) = (step.call.name, step.call.run.policy.timeout, step.call.run.body.clone());
        self.unwritten.pending_effects.push(Effect::StartAttempt { step, scope, arguments, timeout, body });
    }

    /// Applies a recorded attempt: such entries are no turns and only change the state of their step.
    pub(super) fn apply_attempt(&mut self, entry: &EntryRow) {
        let mut state = self.journal.state();
        let Some(position) = entry.position else { return };
        let Some(step) = state.step(position) else { return };
        match entry.kind.role() {
            Role::AttemptStarted => {
                let attempt = entry.attempt.unwrap_or(step.attempt + 1);
                step.lost += u32::from(entry.value.as_ref().is_some_and(|value| *value == Value::text(LOST)));
                state.begin_attempt(position, attempt);
                if entry.other.is_some() {
                    state.tasks.insert(position);
                } else {
                    state.tasks.remove(&position);
                }
            }
            Role::AttemptFailed => {
                let failure = entry.value.as_ref().and_then(|value| serde_json::from_slice(&value.bytes).ok());
                step.failures.extend(failure.map(|failure: AttemptFailure| failure));
                state.tasks.remove(&position);
                let due = state.elapsed_due(entry.due.unwrap_or(entry.at));
                state.wait_for_retry(position, due);
            }
            // Outputs and events that the step wrote before it ended.
            Role::Turn | Role::Command => {
                if matches!(entry.kind, Kind::StreamWritten | Kind::EventSent) {
                    step.written.extend(entry.other.clone());
                }
            }
            Role::Scope
            | Role::Continued
            | Role::Kept
            | Role::State
            | Role::Edit
            | Role::Pause
            | Role::Clock
            | Role::Refused
            | Role::Moved
            | Role::Replaced => {}
        }
    }
}
