//! What the body of a run and the machine around it share: the open turn, the calls in flight, the context.

use super::inline::Inline;
use super::kept::KeptRequests;
use super::origins::Origins;
use super::replaced::Onward;
use super::shared_state::StateNow;
use super::turn::Turn;
use crate::context::{ContextError, SharedContext};
use crate::error::AttemptFailure;
use crate::journal::{Completion, Continued, Due, Operation, StepCallSpec};
use crate::record::{Kind, ParkReason, RoutedValue, RunScope};
use crate::store::EntryRow;
use crate::value::Value;
use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::sync::Arc;
use std::task::Waker;

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
    /// Messages that have come and that nobody has asked for yet, by channel.
    pub(super) mailbox: BTreeMap<String, VecDeque<Value>>,
    /// Answers to requests of an earlier incarnation, by the request's id.
    pub(super) answers: BTreeMap<String, Value>,
    /// Requests of an earlier execution that are open, or whose time is over.
    pub(super) requests: KeptRequests,
    /// Which patches the run takes, as far as it has come past them.
    pub(super) patches: BTreeMap<String, bool>,
    /// The run goes on as another, with this input.
    pub(super) replaced: Option<Onward>,
    /// The positions of steps that have no result and wait for no retry, so that a body runs or is about to.
    pub(super) running: BTreeSet<u64>,
    /// When calls are due on the monotonic clock: sleeps, waits with a limit, and steps that are to be tried again.
    pub(super) due: BTreeSet<(i64, u64)>,
    /// When calls are due by the time of day.
    pub(super) moments: BTreeSet<(i64, u64)>,
    /// The time of the entry that is being delivered; never goes back.
    pub(super) now: i64,
    /// The time of day at that entry.
    pub(super) at: i64,
    /// The monotonic clock at that entry.
    pub(super) elapsed: i64,
    /// What is added to a time of the monotonic clock to record it.
    pub(super) offset: i64,
    /// Why the body must not go on.
    pub(super) fault: Option<ParkReason>,
    pub(super) next_position: u64,
    pub(super) drawn: u64,
    pub(super) context: Option<SharedContext>,
    pub(super) context_entry: Option<u64>,
    /// The runs with whose histories this one begins.
    pub(super) origins: Origins,
    /// The context of the run that this one continues.
    pub(super) continued: Option<Continued>,
    /// How much of the context is in the database.
    pub(super) inline: Inline,
    /// Fields that are being saved, before the change that points to them is recorded.
    pub(super) saving: Option<Saving>,
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
    Operation {
        operation: Box<Operation>,
        /// Until when it is waited for, on the monotonic clock.
        due: Option<i64>,
        /// The id of the request, or of the other run.
        other: Option<String>,
        /// The id by which the body knows the request, if that is another: the run began with the history of the one that asked.
        known: Option<String>,
    },
}

impl What {
    /// The call is due at another time of the monotonic clock.
    pub(super) fn set_elapsed(&mut self, new: i64) {
        match self {
            Self::Timer(Due::Elapsed(due)) => *due = new,
            Self::Timer(Due::Moment(_)) => {}
            Self::Step(step) => step.retry_due = Some(new),
            Self::Operation { due, .. } => *due = Some(new),
        }
    }
}

/// A step and its attempts.
pub(super) struct StepInFlight {
    pub(super) call: StepCallSpec,
    pub(super) context: Option<u64>,
    /// The last attempt that was started.
    pub(super) attempt: u32,
    pub(super) failures: Vec<AttemptFailure>,
    /// When the next attempt is due on the monotonic clock, if the last one failed.
    pub(super) retry_due: Option<i64>,
    /// The keys of what its attempts have written for outsiders.
    pub(super) written: HashSet<String>,
}

impl State {
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
                self.moments.remove(&(*moment, position));
                None
            }
            What::Timer(Due::Elapsed(due)) => Some(*due),
            What::Step(step) => step.retry_due,
            What::Operation { due, .. } => *due,
        });
        if let Some(due) = due {
            self.due.remove(&(due, position));
        }
    }

    /// An attempt of a step has failed, and the next is due then.
    pub(super) fn wait_for_retry(&mut self, position: u64, due: i64) {
        self.settle(position);
        if let Some(step) = self.step(position) {
            step.retry_due = Some(due);
            self.due.insert((due, position));
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
            What::Timer(Due::Moment(moment)) => self.moments.insert((*moment, position)),
            What::Timer(Due::Elapsed(due)) => self.due.insert((*due, position)),
            What::Operation { due, .. } => {
                if let Some(due) = due {
                    self.due.insert((*due, position));
                }
                self.waits.insert(position)
            }
        };
        self.calls.insert(position, Call { what, completion: None, waker: None });
    }

    /// Opens the next recorded entry of the turn in replay; a difference is a fault. `None` in a live turn or after a fault.
    pub(super) fn recorded(&mut self, position: u64, found: impl Fn() -> String) -> Option<EntryRow> {
        if self.fault.is_some() {
            return None;
        }
        let entry = self.turn.as_mut()?.next_recorded()?;
        match entry {
            Ok(entry) => Some(entry),
            Err(cause) => {
                let recorded = format!("nothing more after entry {cause}");
                self.fault = Some(ParkReason::diverged(Some(position), recorded, found()));
                None
            }
        }
    }

    pub(super) fn diverged(&mut self, entry: &EntryRow, found: String) {
        self.fault.get_or_insert_with(|| ParkReason::diverged(entry.position, describe(entry), found));
    }
}

/// An entry in the words of the user.
pub(super) fn describe(entry: &EntryRow) -> String {
    let name = entry.name.as_deref().unwrap_or("?");
    let value = entry.value.as_ref().map(|value| format!(" {value}")).unwrap_or_default();
    match entry.kind {
        Kind::StepStarted => match &entry.value {
            Some(value) => format!("step `{name}` called with {value}"),
            None => format!("step `{name}` called with arguments that could not be stored"),
        },
        Kind::TimerSet => "a sleep".into(),
        Kind::ReceiveStarted => match &entry.other {
            Some(request) => format!("a wait for the answer to request {request}"),
            None => format!("a wait for a message `{name}`"),
        },
        Kind::MessageTried if entry.attempt == Some(1) => format!("a look for a message `{name}`: one was there"),
        Kind::MessageTried => format!("a look for a message `{name}`: none was there"),
        Kind::MessageSent => {
            format!("message `{name}` sent to run `{}`:{value}", entry.other.as_deref().unwrap_or("?"))
        }
        Kind::RequestOpened => format!("request `{name}`:{value}"),
        Kind::ChildStarted => format!("workflow `{name}` started with{value}"),
        Kind::ValuePublished => format!("value `{name}` published"),
        Kind::StreamWritten => format!("an item written to stream `{name}`"),
        Kind::StreamClosed => format!("stream `{name}` closed"),
        Kind::PatchMarked => format!("the way of patch `{name}`"),
        Kind::RequestExpired => format!("the end of the time for request {}", entry.other.as_deref().unwrap_or("?")),
        Kind::RunReplaced => "the run going on with a fresh journal".into(),
        Kind::CallAbandoned => "a dropped call".into(),
        Kind::ContextSet => format!("context `{name}` set"),
        Kind::ContextUpdated => format!("context `{name}` updated{value}"),
        Kind::ContextRefused => format!("a refused change of context `{name}`"),
        Kind::RunCompleted => format!("the end of the workflow with{value}"),
        Kind::RunFailed => format!("the end of the workflow with error{value}"),
        kind => format!("`{}`", kind.as_str()),
    }
}
