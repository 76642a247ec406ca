//! The state that the body of a run and its machine share: the open turn, the calls in flight, the context.

use super::continue_as_new::ContinueWith;
use super::inline::Inline;
use super::kept::KeptRequests;
use super::origins::Origins;
use super::own_turn::PolledBy;
use super::shared_state::StateNow;
use super::turn::Turn;
use crate::command::{Ask, Command, Due, Given, RunStep, Sleep};
use crate::context::{ContextError, SharedContext};
use crate::error::AttemptFailure;
use crate::journal::{Asked, Completion, Continued, StepRun};
use crate::record::{Kind, ParkReason, RoutedValue, RunScope};
use crate::store::EntryRow;
use crate::value::{Value, differing};
use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::task::Waker;

/// Deliveries that no call has waited for yet.
#[derive(Default)]
pub(super) struct Kept {
    /// Messages, by channel.
    pub(super) mailbox: BTreeMap<String, VecDeque<Value>>,
    /// Answers to requests of an earlier execution, by the request's id.
    pub(super) answers: BTreeMap<String, Value>,
    /// Requests of an earlier execution that are open or expired.
    pub(super) requests: KeptRequests,
}

/// The time as the body sees it, and the due times of its calls.
#[derive(Default)]
pub(super) struct Time {
    /// The time of the entry that is being delivered; never goes back.
    pub(super) now: i64,
    /// The wall clock at that entry.
    pub(super) at: i64,
    /// The monotonic clock at that entry.
    pub(super) elapsed: i64,
    /// The offset that is added to a time of the monotonic clock to record it.
    pub(super) offset: i64,
    /// The due times of calls on the monotonic clock: sleeps, waits with a limit, and retries of steps.
    pub(super) due: BTreeSet<(i64, u64)>,
    /// The due times of calls by the wall clock.
    pub(super) moments: BTreeSet<(i64, u64)>,
}
/// The current context.
#[derive(Default)]
pub(super) struct ContextNow {
    pub(super) now: Option<SharedContext>,
    /// The entry that set or changed it last.
    pub(super) entry: Option<u64>,
    /// The context of the run that this one continues.
    pub(super) continued: Option<Continued>,
    /// The part of the context that is in the database.
    pub(super) inline: Inline,
    /// Fields that are being saved, before the change that points to them is recorded.
    pub(super) saving: Option<Saving>,
}

/// The state that the machine and the body share.
#[derive(Default)]
pub(super) struct State {
    /// The open turn; `None` between turns, when no command can be issued.
    pub(super) turn: Option<Turn>,
    pub(super) polled_by: PolledBy,
    /// Whether the body or its calls are being dropped, which may run code of the user that uses the handle.
    pub(super) dropping: bool,
    /// The calls that were polled and are not completed, by command index.
    pub(super) calls: BTreeMap<u64, Call>,
    /// The command indexes of calls whose completion comes from outside and has not arrived.
    pub(super) waits: BTreeSet<u64>,
    /// The command indexes of refused calls, whose values cannot be stored.
    pub(super) refused: BTreeSet<u64>,
    /// Whether the refused calls are being completed, further down the stack.
    pub(super) refusing: bool,
    pub(super) kept: Kept,
    pub(super) time: Time,
    /// The patches that the run has reached, each with whether it takes it.
    pub(super) patches: BTreeMap<String, bool>,
    /// The continue-as-new that the body requested.
    pub(super) replaced: Option<ContinueWith>,
    /// The command indexes of steps without result that wait for no retry, so that a body runs or is about to.
    pub(super) running: BTreeSet<u64>,
    /// The command indexes of remote steps whose attempt waits for another engine, or runs on one.
    pub(super) tasks: BTreeSet<u64>,
    /// The reason why the body must not continue.
    pub(super) fault: Option<ParkReason>,
    pub(super) next_position: u64,
    pub(super) drawn: u64,
    pub(super) context: ContextNow,
    /// The runs with whose histories this one begins.
    pub(super) origins: Origins,
    /// The scope of the run.
    pub(super) scope: Arc<RunScope>,
    /// The state that its concurrent steps share.
    pub(super) shared: StateNow,
    #[cfg(feature = "testing")]
    pub(super) stubs: crate::journal::Stubs,
}

/// Fields that are being saved in stores. The turn stays open meanwhile.
pub(super) struct Saving {
    pub(super) position: u64,
    /// The context's recorded name.
    pub(super) context: &'static str,
    /// The fields to be saved, until they are handed out.
    pub(super) fields: Option<Vec<RoutedValue>>,
    pub(super) outcome: Option<Result<Vec<Value>, ContextError>>,
    pub(super) waker: Option<Waker>,
}

/// A call in flight.
pub(super) struct Call {
    pub(super) what: What,
    pub(super) completion: Option<Completion>,
    pub(super) waker: Option<Waker>,
}

/// The kind of a call.
pub(super) enum What {
    Step(Box<StepInFlight>),
    /// A timer with its due time.
    Timer(Due),
    /// A call whose completion comes from outside.
    Outside(Box<Outside>),
}

/// A call in flight whose completion comes from outside.
pub(super) struct Outside {
    pub(super) command: Asked,
    /// The end of the wait, on the monotonic clock.
    pub(super) due: Option<i64>,
    /// The id of the request, or of the other run.
    pub(super) id: Option<String>,
    /// The id by which the body knows the request, if it differs: the run began with the history of the run that made
    /// it.
    pub(super) known: Option<String>,
    /// The reason for which the body has cancelled the child.
    pub(super) cancelled: Option<String>,
}

impl Outside {
    pub(super) const fn new(command: Asked, due: Option<i64>, id: Option<String>, known: Option<String>) -> Self {
        Self { command, due, id, known, cancelled: None }
    }
}

impl What {
    /// Changes the due time of the call on the monotonic clock.
    pub(super) fn set_elapsed(&mut self, new: i64) {
        match self {
            Self::Timer(Due::Elapsed(due)) => *due = new,
            Self::Timer(Due::Moment(_)) => {}
            Self::Step(step) => step.retry_due = Some(new),
            Self::Outside(outside) => outside.due = Some(new),
        }
    }
}

/// A step and its attempts.
pub(super) struct StepInFlight {
    pub(super) call: RunStep<'static, StepRun>,
    pub(super) context: Option<u64>,
    /// The last attempt that was started.
    pub(super) attempt: u32,
    pub(super) failures: Vec<AttemptFailure>,
    /// How many attempts were lost with the engine that ran them.
    pub(super) lost: u32,
    /// The due time of the next attempt on the monotonic clock, if the last one failed.
    pub(super) retry_due: Option<i64>,
    /// The keys of the outputs that its attempts have written.
    pub(super) written: HashSet<String>,
}

impl State {
    /// Returns whether an entry that is delivered to the call at its command index is of a kind that completes it.
    pub(super) fn is_completed_by(&self, entry: &EntryRow) -> bool {
        let Some(call) = entry.position.and_then(|position| self.calls.get(&position)) else { return true };
        let kinds = match &call.what {
            What::Step(step) => step.call.completed_by(),
            What::Timer(due) => Sleep { due: *due }.completed_by(),
            What::Outside(outside) => outside.command.completed_by(),
        };
        kinds.contains(&entry.kind)
    }

    /// Completes a call, if it still exists, and returns its waker.
    pub(super) fn complete(&mut self, position: u64, completion: Completion) -> Option<Waker> {
        self.settle(position);
        self.tasks.remove(&position);
        self.forget_edits(position);
        let call = self.calls.get_mut(&position)?;
        call.completion = Some(completion);
        call.waker.take()
    }

    /// Removes a call from those that run or have a due time.
    pub(super) fn settle(&mut self, position: u64) {
        self.running.remove(&position);
        self.waits.remove(&position);
        let due = self.calls.get(&position).and_then(|call| match &call.what {
            What::Timer(Due::Moment(moment)) => {
                self.time.moments.remove(&(*moment, position));
                None
            }
            What::Timer(Due::Elapsed(due)) => Some(*due),
            What::Step(step) => step.retry_due,
            What::Outside(outside) => outside.due,
        });
        if let Some(due) = due {
            self.time.due.remove(&(due, position));
        }
    }

    /// Makes a step whose attempt failed wait for its next attempt.
    pub(super) fn wait_for_retry(&mut self, position: u64, due: i64) {
        self.settle(position);
        if let Some(step) = self.step(position) {
            step.retry_due = Some(due);
            self.time.due.insert((due, position));
        }
    }

    /// Marks an attempt of a step as started.
    pub(super) fn begin_attempt(&mut self, position: u64, attempt: u32) {
        self.settle(position);
        if let Some(step) = self.step(position) {
            step.retry_due = None;
            step.attempt = attempt;
            self.running.insert(position);
        }
    }

    /// Returns the step at a command index that has no result yet.
    pub(super) fn step(&mut self, position: u64) -> Option<&mut StepInFlight> {
        match self.calls.get_mut(&position) {
            Some(Call { what: What::Step(step), completion: None, .. }) => Some(step),
            _ => None,
        }
    }

    /// Returns the steps that have no result yet, in the order of their command indexes.
    pub(super) fn in_flight(&self) -> impl Iterator<Item = &StepInFlight> {
        self.calls.values().filter_map(|call| match call {
            Call { what: What::Step(step), completion: None, .. } => Some(&**step),
            _ => None,
        })
    }

    pub(super) fn insert(&mut self, position: u64, what: What) {
        match &what {
            What::Step(_) => self.running.insert(position),
            What::Timer(Due::Moment(moment)) => self.time.moments.insert((*moment, position)),
            What::Timer(Due::Elapsed(due)) => self.time.due.insert((*due, position)),
            What::Outside(outside) => {
                if let Some(due) = outside.due {
                    self.time.due.insert((due, position));
                }
                self.waits.insert(position)
            }
        };
        self.calls.insert(position, Call { what, completion: None, waker: None });
    }

    /// Takes the next recorded entry of the turn in a replay; a difference is a fault. `None` in a live turn or after a
    /// fault.
    pub(super) fn recorded(&mut self, position: u64, found: &impl fmt::Display) -> Option<EntryRow> {
        if self.fault.is_some() {
            return None;
        }
        let entry = self.turn.as_mut()?.next_recorded()?;
        match entry {
            Ok(entry) => Some(entry),
            Err(cause) => {
                let recorded = format!("nothing more after entry {cause}");
                self.fault = Some(ParkReason::diverged(Some(position), recorded, found.to_string()));
                None
            }
        }
    }

    /// Reports a command that differs from the recorded one, perhaps only in a part of its value that is not shown.
    pub(super) fn diverged_in_value<S, R>(&mut self, entry: &EntryRow, asked: &Command<'_, S, R>) {
        let (recorded, found) = (describe(entry), asked.to_string());
        let values = entry.value.as_ref().zip(asked.given().and_then(Given::value));
        let Some((was, is)) = values.filter(|_| recorded == found) else { return self.diverged(entry, asked) };
        let (was, is) = differing(was, is);
        self.fault.get_or_insert_with(|| {
            let (recorded, found) = (format!("{recorded}: {was}"), format!("{found}: {is}"));
            ParkReason::diverged(entry.position, recorded, found)
        });
    }

    pub(super) fn diverged(&mut self, entry: &EntryRow, found: &impl fmt::Display) {
        self.fault.get_or_insert_with(|| ParkReason::diverged(entry.position, describe(entry), found.to_string()));
    }
}

/// Describes an entry in the words of the user.
pub(super) fn describe(entry: &EntryRow) -> String {
    match Command::from_entry(entry) {
        Some(command) => command.to_string(),
        None if entry.kind == Kind::RequestExpired => {
            format!("the end of the time for request {}", entry.other.as_deref().unwrap_or("?"))
        }
        None => format!("`{}`", entry.kind.as_str()),
    }
}
