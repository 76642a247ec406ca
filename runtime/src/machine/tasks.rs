//! Attempts of remote steps: they wait in a queue for an engine, which sends their outcome to the inbox of this run.

use super::Machine;
use super::outgoing::Sent;
use crate::journal::Journal;
use crate::record::{AttemptEnd, NoResult, ParkCause, ParkReason, RemoteEnd, RemoteWrite};
use crate::store::{InboxRow, Outgoing, TaskRow, TaskState};
use crate::value::{Pointer, Value};
use std::time::Duration;

/// How many attempts of one call may be lost without a wait, to machines that fail. The stop of an engine loses none.
const CHANCE: u32 = 2;
/// The wait after the next lost attempt, doubled with each: the step may be what ends its process.
const WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_mins(5);

impl Machine {
    /// Enqueues an attempt, which is recorded in the same append.
    pub(super) fn enqueue(&mut self, position: u64) {
        let task = {
            let mut state = self.journal.state();
            let at = state.time.at;
            let Some(step) = state.step(position) else { return };
            let (Some(queue), Some(arguments)) = (step.call.run.body.queue(), step.call.arguments.value()) else {
                return;
            };
            let timeout = step.call.run.policy.timeout.map(millis);
            let lost = step.lost;
            let queued = step.call.run.queued.as_deref().cloned().unwrap_or_default();
            let key = match queued.key {
                Ok(key) => key,
                // It was enqueued with a key by other code.
                Err(why) => {
                    drop(state);
                    let why = format!("its next attempt has no place in its queue: {why}");
                    return self.park_for(position, ParkCause::Unstorable, &why, "Fix the declaration of the queue");
                }
            };
            let task = TaskRow {
                number: 0,
                queue: queue.to_owned(),
                step: step.call.name.to_owned(),
                run: self.number,
                position,
                attempt: step.attempt,
                context: step.context,
                timeout,
                priority: queued.priority.into(),
                key,
                at,
                due: millis(wait_after(lost).max(if step.attempt == 1 { queued.delay } else { Duration::ZERO })),
                state: TaskState::Waiting,
                lease: None,
                refused: None,
                expires: None,
                deadline: None,
                progress: None,
                arguments: arguments.clone(),
            };
            state.tasks.insert(position);
            task
        };
        self.change_tasks(Outgoing::Enqueue(Box::new(task)));
    }

    /// Ends the attempt of a remote step whose outcome is no longer needed.
    pub(super) fn dequeue(&mut self, position: u64) {
        if self.journal.state().tasks.remove(&position) {
            self.change_tasks(Outgoing::Dequeue { position });
        }
    }

    /// Ends the attempts of all remote steps, because the run ends.
    pub(super) fn dequeue_all(&mut self) {
        let tasks = std::mem::take(&mut self.journal.state().tasks);
        for position in tasks {
            self.change_tasks(Outgoing::Dequeue { position });
        }
    }

    /// Takes back the tasks that no engine has claimed, because the run is paused; they are enqueued again when it is
    /// resumed.
    pub(super) fn withhold_tasks(&mut self) {
        let tasks: Vec<u64> = self.journal.state().tasks.iter().copied().collect();
        for position in tasks {
            self.change_tasks(Outgoing::Withhold { position });
        }
    }

    fn change_tasks(&mut self, outgoing: Outgoing) {
        self.send_out([Sent { outgoing, awaited_at: None }]);
    }

    /// Returns whether an attempt of a step waits for another engine, or runs on one.
    pub(super) fn is_task(&self, position: u64) -> bool {
        self.journal.state().tasks.contains(&position)
    }

    /// Returns whether the code has a step run on another engine.
    pub(super) fn is_remote(&self, position: u64) -> bool {
        self.journal.state().step(position).is_some_and(|step| step.call.run.body.queue().is_some())
    }

    /// Returns the body of a remote step that has no result yet.
    #[cfg(feature = "testing")]
    pub(crate) fn remote_body(&self, position: u64) -> Option<std::sync::Arc<dyn crate::journal::StepBody>> {
        self.journal.state().step(position).map(|step| step.call.run.body.clone())
    }

    /// Enqueues the tasks of this run again, after a load or a pause: a copy of a run does not have them yet. A task
    /// that exists stays as it is.
    pub(super) fn repeat_tasks(&mut self) {
        let tasks: Vec<u64> = self.journal.state().tasks.iter().copied().collect();
        for position in tasks {
            if self.is_remote(position) && !self.is_enqueued(position) {
                self.enqueue(position);
            }
        }
    }

    fn is_enqueued(&self, position: u64) -> bool {
        let mut outgoing = self.unwritten.outgoing.iter().map(|sent| &sent.outgoing);
        outgoing.any(|outgoing| matches!(outgoing, Outgoing::Enqueue(task) if task.position == position))
    }

    /// Takes the outcome of an attempt from the inbox. One that cannot be read stays there, and parks the run.
    pub(super) fn take_attempt(&mut self, item: InboxRow, now: i64) {
        let InboxRow { number, name, value, .. } = item;
        let Some((position, current)) = self.waiting_step(item.position) else {
            return self.unwritten.taken.push(number);
        };
        let Some(end) = name.as_deref().and_then(RemoteEnd::read) else {
            let why = "the outcome of an attempt has a form that this version does not know";
            return self.park_for(position, ParkCause::Unreadable, why, "Deploy a version that reads it");
        };
        let (attempt, pointer) = (end.attempt, end.pointer());
        let outcome = match end.outcome(value) {
            Ok(outcome) => outcome,
            // It was replaced by a later one.
            Err(_) if attempt != current => AttemptEnd::Stopped,
            Err(NoResult::InItem) => {
                let why = "its result is missing in the inbox of the run";
                return self.park_for(position, ParkCause::Damaged, why, "Restore the database from a copy");
            }
            Err(NoResult::InStore) => {
                let why = self.not_loaded(pointer.as_ref());
                return self.park_for(position, ParkCause::FieldStore, &why, "Fix the store and retry the run");
            }
        };
        self.unwritten.taken.push(number);
        match outcome {
            AttemptEnd::Outcome(outcome) => self.attempt_ended(position, attempt, outcome, now),
            AttemptEnd::Stopped => self.attempt_gone(position, attempt, false, now),
            AttemptEnd::Lost => self.attempt_gone(position, attempt, true, now),
        }
    }

    /// Returns the command index and the last attempt of a step that has no result yet.
    fn waiting_step(&self, position: Option<u64>) -> Option<(u64, u32)> {
        let position = position?;
        self.journal.state().step(position).map(|step| (position, step.attempt))
    }

    /// Returns why a result is not loaded.
    fn not_loaded(&self, pointer: Option<&Value>) -> String {
        let store = pointer.and_then(|pointer| Pointer::read(pointer).ok()).map(|pointer| pointer.store);
        let store = store.unwrap_or_default();
        match self.env.fields.store(&store) {
            Ok(_) => format!("its result is missing or damaged in field store `{store}`"),
            Err(error) => format!("its result cannot be loaded: {error}"),
        }
    }

    /// Parks the run because a remote step cannot go on.
    fn park_for(&mut self, position: u64, cause: ParkCause, why: &str, remedy: &str) {
        let step = self.journal.state().step(position).map_or("", |step| step.call.name);
        let run = self.journal.identity();
        let message = format!(
            "run `{}` (workflow `{}`) cannot continue: step `{step}` (position {position}) waits, because {why}. {remedy}; \
             nothing is lost",
            run.id, run.workflow
        );
        self.park(ParkReason::new(cause, message).at(Some(position)));
    }

    /// Starts the next attempt, because the engine that ran this one is gone. `is_lost` if it did not stop in order.
    fn attempt_gone(&mut self, position: u64, attempt: u32, is_lost: bool, now: i64) {
        let is_current = {
            let mut state = self.journal.state();
            let step = state.step(position);
            step.is_some_and(|step| step.attempt == attempt && step.retry_due.is_none())
        };
        if is_current && self.is_task(position) {
            self.start_attempt_after(position, is_lost, now);
        }
    }

    /// Takes a write of a remote step from the inbox. One that cannot be read stays there, and parks the run.
    pub(super) fn take_write(&mut self, item: InboxRow, now: i64) {
        let InboxRow { number, name, value, .. } = item;
        let Some((position, _)) = self.waiting_step(item.position) else {
            return self.unwritten.taken.push(number);
        };
        let write = name.zip(value).and_then(|(name, value)| RemoteWrite::read(&name, position, value));
        let Some(write) = write else {
            let why = "an item of a stream that it has written has a form that this version does not know";
            return self.park_for(position, ParkCause::Unreadable, why, "Deploy a version that reads it");
        };
        self.unwritten.taken.push(number);
        self.step_wrote(write, now);
    }
}

/// Returns how long an attempt waits after so many that were lost with their engines.
fn wait_after(lost: u32) -> Duration {
    match lost.checked_sub(CHANCE + 1) {
        None => Duration::ZERO,
        Some(more) => WAIT.saturating_mul(2_u32.saturating_pow(more)).min(LONGEST_WAIT),
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX)
}
