//! The calls of a run that are open, and what ends them.

use crate::journal::SENT;
use crate::record::Kind;
use crate::store::EntryRow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// A call that is open.
#[derive(Clone, Debug)]
pub(in crate::inspect) struct Call {
    pub(in crate::inspect) what: What,
    /// The name of the step, channel, request or workflow; for an answer, the id by which the run knows the request.
    pub(in crate::inspect) name: String,
    /// The entry of the call.
    pub(in crate::inspect) seq: u64,
    pub(in crate::inspect) at: i64,
    pub(in crate::inspect) context: Option<u64>,
    /// The attempt that runs.
    pub(in crate::inspect) attempt: Option<Attempt>,
    pub(in crate::inspect) attempts: u32,
}

/// An attempt that was started.
#[derive(Clone, Copy, Debug)]
pub(in crate::inspect) struct Attempt {
    pub(in crate::inspect) number: u32,
    /// The entry that started it.
    pub(in crate::inspect) seq: u64,
    pub(in crate::inspect) at: i64,
}

impl Attempt {
    pub(in crate::inspect) fn started(entry: &EntryRow) -> Self {
        Self { number: entry.attempt.unwrap_or(1), seq: entry.seq, at: entry.at }
    }
}

/// What a call waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::inspect) enum What {
    Step,
    Sleep,
    Message,
    Send,
    Request,
    /// The answer to a request of an earlier execution.
    Answer,
    Child,
}

impl What {
    pub(in crate::inspect) const fn as_str(self) -> &'static str {
        match self {
            Self::Step => "step",
            Self::Sleep => "sleep",
            Self::Message => "message",
            Self::Send => "send",
            Self::Request => "request",
            Self::Answer => "answer",
            Self::Child => "child",
        }
    }

    /// Returns what begins with an entry.
    fn begun_by(entry: &EntryRow) -> Option<Self> {
        Some(match entry.kind {
            Kind::StepStarted => Self::Step,
            Kind::TimerSet => Self::Sleep,
            Kind::ReceiveStarted if entry.name.is_none() => Self::Answer,
            // The internal channel of a graph's own steps.
            Kind::ReceiveStarted if entry.name.as_deref() == Some(SENT) => return None,
            Kind::ReceiveStarted => Self::Message,
            Kind::MessageSent => Self::Send,
            Kind::RequestOpened => Self::Request,
            Kind::ChildStarted => Self::Child,
            _ => return None,
        })
    }
}

/// The open calls of a run, by command index.
#[derive(Clone, Debug, Default)]
pub(in crate::inspect) struct Calls {
    open: BTreeMap<u64, Call>,
    /// The calls that wait for a message, by channel: the first by command index gets the next one.
    receivers: HashMap<String, BTreeSet<u64>>,
    /// How many messages arrived before a call waited for them, by channel.
    kept: HashMap<String, usize>,
    /// The requests of earlier executions that have an answer, or whose time is over, and for which no call waited.
    settled: HashSet<String>,
}

impl Calls {
    /// Returns the step at a command index.
    pub(in crate::inspect) fn step(&mut self, entry: &EntryRow) -> Option<(u64, &mut Call)> {
        let position = entry.position?;
        let call = self.open.get_mut(&position).filter(|call| call.what == What::Step)?;
        Some((position, call))
    }

    pub(in crate::inspect) fn at(&self, position: u64) -> Option<&Call> {
        self.open.get(&position)
    }

    /// Begins what an entry begins. Returns a wait that is over at once.
    pub(in crate::inspect) fn begin(&mut self, entry: &EntryRow) -> Option<(u64, Call)> {
        let (position, what) = (entry.position?, What::begun_by(entry)?);
        let name = match what {
            What::Answer => entry.other.clone(),
            _ => entry.name.clone(),
        };
        let name = name.unwrap_or_default();
        // A step that is refused at its call has no attempt.
        let runs = what == What::Step && entry.attempt != Some(0);
        let attempt = runs.then(|| Attempt::started(entry));
        let (seq, at, context) = (entry.seq, entry.at, entry.context);
        let call = Call { what, name: name.clone(), seq, at, context, attempt, attempts: runs.into() };
        let is_over = match what {
            What::Answer => self.settled.remove(&name),
            What::Message => self.take_kept(&name),
            _ => false,
        };
        if is_over {
            return Some((position, call));
        }
        if what == What::Message {
            self.receivers.entry(name).or_default().insert(position);
        }
        self.open.insert(position, call);
        None
    }

    /// Returns the call that ends with an entry.
    pub(in crate::inspect) fn end(&mut self, entry: &EntryRow) -> Option<(u64, Call)> {
        match (entry.kind, entry.position) {
            (Kind::MessageReceived, _) => self.came(entry.name.clone().unwrap_or_default()),
            (Kind::AnswerKept | Kind::RequestAnswered | Kind::RequestExpired, None) => {
                self.settle(entry.other.clone().unwrap_or_default())
            }
            (
                Kind::StepCompleted
                | Kind::StepFailed
                | Kind::TimerFired
                | Kind::CallAbandoned
                | Kind::MessageDelivered
                | Kind::MessageRefused
                | Kind::RequestAnswered
                | Kind::ChildEnded,
                Some(position),
            ) => self.open.remove(&position).map(|call| (position, call)),
            _ => None,
        }
    }

    /// Returns what is open when the run ends.
    pub(in crate::inspect) fn all(&mut self) -> BTreeMap<u64, Call> {
        std::mem::take(&mut self.open)
    }

    pub(in crate::inspect) fn keep(&mut self, channel: String) {
        *self.kept.entry(channel).or_default() += 1;
    }

    /// Takes a message that arrived before; `false` if there is none.
    pub(in crate::inspect) fn take_kept(&mut self, channel: &str) -> bool {
        let kept = self.kept.get_mut(channel).filter(|kept| **kept > 0);
        kept.map(|kept| *kept -= 1).is_some()
    }

    /// Gives a message to the first call that still waits on its channel.
    fn came(&mut self, channel: String) -> Option<(u64, Call)> {
        if let Some(receivers) = self.receivers.get_mut(&channel) {
            while let Some(position) = receivers.pop_first() {
                if let Some(call) = self.open.remove(&position) {
                    return Some((position, call));
                }
            }
        }
        self.keep(channel);
        None
    }

    /// Ends the wait for the answer to a request of an earlier execution, or completes a later call for it.
    fn settle(&mut self, request: String) -> Option<(u64, Call)> {
        let waits = |call: &Call| call.what == What::Answer && call.name == request;
        let position = self.open.iter().find(|(_, call)| waits(call)).map(|(position, _)| *position);
        let ended = position.and_then(|position| Some((position, self.open.remove(&position)?)));
        if ended.is_none() {
            self.settled.insert(request);
        }
        ended
    }
}
