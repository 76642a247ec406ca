//! What the body of a run and the machine around it share: the open turn, the calls in flight, the context.

use super::continue_as_new::ContinueWith;
use super::inline::Inline;
use super::kept::KeptRequests;
use super::origins::Origins;
use super::shared_state::StateNow;
use super::turn::Turn;
use crate::command::{Ask, Command, Due, RunStep, Sleep};
use crate::context::{ContextError, SharedContext};
use crate::error::AttemptFailure;
use crate::journal::{Asked, Completion, Continued, StepRun};
use crate::record::{Kind, ParkReason, RoutedValue, RunScope};
use crate::store::EntryRow;
use crate::value::Value;
use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::task::Waker;

/// What has come and was not asked for yet.
#[derive(Default)]
pub(super) struct Kept {
    /// Messages, by channel.
    pub(super) mailbox: BTreeMap<String, VecDeque<Value>>,
    /// Answers to requests of an earlier execution, by the request's id.
    pub(super) answers: BTreeMap<String, Value>,
    /// Requests of an earlier execution that are open, or whose time is over.
    pub(super) requests: KeptRequests,
}

/// The time as the body sees it, and when its calls are due.
#[derive(Default)]
pub(super) struct Time {
    /// The time of the entry that is being delivered; never goes back.
    pub(super) now: i64,
    /// The time of day at that entry.
    pub(super) at: i64,
    /// The monotonic clock at that entry.
    pub(super) elapsed: i64,
    /// What is added to a time of the monotonic clock to record it.
    pub(super) offset: i64,
    /// When calls are due on the monotonic clock: sleeps, waits with a limit, and steps that are to be tried again.
    pub(super) due: BTreeSet<(i64, u64)>,
    /// When calls are due by the time of day.
    pub(super) moments: BTreeSet<(i64, u64)>,
}
/// The context as it stands.
#[derive(Default)]
pub(super) struct ContextNow {
    pub(super) now: Option<SharedContext>,
    /// The entry that set or changed it last.
    pub(super) entry: Option<u64>,
    /// The context of the run that this one continues.
    pub(super) continued: Option<Continued>,
    /// How much of the context is in the database.
    pub(super) inline: Inline,
    /// Fields that are being saved, before the change that points to them is recorded.
    pub(super) saving: Option<Saving>,
}

/// What the machine and the body share.
#[derive(Default)]
pub(super) struct State {
    /// The turn that is open; `None` outside of turns, where nothing can be asked for.
    pub(super) turn: Option<Turn>,
    /// The calls that were polled and have not been answered, by position.
    pub(super) calls: BTreeMap<u64, Call>,
    /// The positions of calls whose answer comes from outside and has not come.
    pub(super) waits: BTreeSet<u64>,
    /// The positions of calls that are refused, with values that cannot be stored.
    pub(super) refused: BTreeSet<u64>,
    /// They are being answered, further down the stack.
    pub(super) refusing: bool,
    pub(super) kept: Kept,
    pub(super) time: Time,
    /// Which patches the run takes, as far as it has come past them.
    pub(super) patches: BTreeMap<String, bool>,
    /// The run goes on as another, with this input.
    pub(super) replaced: Option<ContinueWith>,
    /// The positions of steps that have no result and wait for no retry, so that a body runs or is about to.
    pub(super) running: BTreeSet<u64>,
    /// Why the body must not go on.
    pub(super) fault: Option<ParkReason>,
    pub(super) next_position: u64,
    pub(super) drawn: u64,
    pub(super) context: ContextNow,
    /// The runs with whose histories this one begins.
    pub(super) origins: Origins,
    /// Under what the run acts.
    pub(super) scope: Arc<RunScope>,
    /// What its concurrent steps share.
    pub(super) shared: StateNow,
    #[cfg(feature = "testing")]
    pub(super) stubs: crate::journal::Stubs,
}

/// Fields on their way to stores. The turn stays open meanwhile.
pub(super) struct Saving {
    pub(super) position: u64,
    /// The context's recorded name.
    pub(super) context: &'static str,
    /// What is to be saved, until it is handed out.
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

/// What was called.
pub(super) enum What {
    Step(Box<StepInFlight>),
    /// A timer that is due then.
    Timer(Due),
    /// A call whose answer comes from outside.
    Outside(Box<Outside>),
}

/// A call in flight whose answer comes from outside.
pub(super) struct Outside {
    pub(super) command: Asked,
    /// Until when it is waited for, on the monotonic clock.
    pub(super) due: Option<i64>,
    /// The id of the request, or of the other run.
    pub(super) id: Option<String>,
    /// The id by which the body knows the request, if that is another: the run began with the history of the one that asked.
    pub(super) known: Option<String>,
}

impl What {
    /// The call is due at another time of the monotonic clock.
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
    /// When the next attempt is due on the monotonic clock, if the last one failed.
    pub(super) retry_due: Option<i64>,
    /// The keys of what its attempts have written for observers.
    pub(super) written: HashSet<String>,
}

impl State {
    /// Whether an entry that is delivered to the call at its position is of a kind that completes such a call.
    pub(super) fn is_completed_by(&self, entry: &EntryRow) -> bool {
        let Some(call) = entry.position.and_then(|position| self.calls.get(&position)) else { return true };
        let kinds = match &call.what {
            What::Step(step) => step.call.completed_by(),
            What::Timer(due) => Sleep { due: *due }.completed_by(),
            What::Outside(outside) => outside.command.completed_by(),
        };
        kinds.contains(&entry.kind)
    }

    /// Gives a completion to its call, if the call is still there, and wakes who waits for it.
    pub(super) fn complete(&mut self, position: u64, completion: Completion) -> Option<Waker> {
        self.settle(position);
        self.forget_edits(position);
        let call = self.calls.get_mut(&position)?;
        call.completion = Some(completion);
        call.waker.take()
    }

    /// A call no longer runs and is no longer due.
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

    /// An attempt of a step has failed, and the next is due then.
    pub(super) fn wait_for_retry(&mut self, position: u64, due: i64) {
        self.settle(position);
        if let Some(step) = self.step(position) {
            step.retry_due = Some(due);
            self.time.due.insert((due, position));
        }
    }

    /// An attempt of a step starts.
    pub(super) fn begin_attempt(&mut self, position: u64, attempt: u32) {
        self.settle(position);
        if let Some(step) = self.step(position) {
            step.retry_due = None;
            step.attempt = attempt;
            self.running.insert(position);
        }
    }

    /// The step in flight at a position that has no result yet.
    pub(super) fn step(&mut self, position: u64) -> Option<&mut StepInFlight> {
        match self.calls.get_mut(&position) {
            Some(Call { what: What::Step(step), completion: None, .. }) => Some(step),
            _ => None,
        }
    }

    /// The steps that have no result yet, in the order of their positions.
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

    /// Opens the next recorded entry of the turn in replay; a difference is a fault. `None` in a live turn or after a fault.
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

    pub(super) fn diverged(&mut self, entry: &EntryRow, found: &impl fmt::Display) {
        self.fault.get_or_insert_with(|| ParkReason::diverged(entry.position, describe(entry), found.to_string()));
    }
}

/// An entry in the words of the user.
pub(super) fn describe(entry: &EntryRow) -> String {
    match Command::from_entry(entry) {
        Some(command) => command.to_string(),
        None if entry.kind == Kind::RequestExpired => {
            format!("the end of the time for request {}", entry.other.as_deref().unwrap_or("?"))
        }
        None => format!("`{}`", entry.kind.as_str()),
    }
}
