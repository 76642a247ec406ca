//! The path of a run, from its journal alone: which steps ran, how often, and the events between them.

mod calls;
mod events;

use super::diagram::{Counts, Diagram, NodeKind, id};
use super::items::{Item, items};
use crate::record::{End, Kind};
use crate::store::EntryRow;
use crate::value::Value;
use std::collections::{BTreeMap, HashMap};

/// A run, as far as its journal was read.
#[derive(Debug, Default)]
pub(crate) struct Path {
    workflow: String,
    /// The calls, by command index.
    calls: BTreeMap<u64, Call>,
    /// The names of the events that a step has returned, and of those that it has sent by hand, by its command index.
    returned: HashMap<u64, Vec<String>>,
    sent: HashMap<u64, Vec<String>>,
    /// The causes of turns, by the number of the entry.
    turns: HashMap<u64, Turn>,
    /// Whether the results of all finished steps decode as events.
    all_events: bool,
    /// The end of the run, and the entry that caused it.
    end: Option<(End, Option<u64>)>,
}

/// A call of the workflow.
#[derive(Debug)]
struct Call {
    what: What,
    /// The entry whose delivery caused it.
    cause: Option<u64>,
    /// The arguments of a step.
    arguments: Option<Value>,
    state: State,
}

#[derive(Debug, PartialEq, Eq)]
enum What {
    Step(String),
    Sleep,
    /// The channel.
    Receive(String),
    /// The question.
    Request(String),
    /// The id of a request of an earlier execution.
    Answer(String),
    /// The workflow.
    Child(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Running,
    Done,
    Failed,
    Dropped,
}

/// The cause of a turn.
#[derive(Debug)]
enum Turn {
    Start,
    /// A completion of the call at this command index.
    Call(u64),
    /// A message on this channel.
    Message(String),
    /// A cancellation was requested.
    Cancelled,
}

/// A count, as people write it.
struct Times(usize);

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 == 1 { Ok(()) } else { write!(f, " ×{}", self.0) }
    }
}

impl Path {
    pub(crate) fn new(workflow: &str) -> Self {
        Self { workflow: workflow.to_owned(), all_events: true, ..Self::default() }
    }

    /// Reads the next entry.
    pub(crate) fn read(&mut self, entry: &EntryRow) {
        let name = || entry.name.clone().unwrap_or_default();
        match entry.kind {
            Kind::RunStarted => self.turn(entry, Turn::Start),
            Kind::StepStarted => self.call(entry, What::Step(name())),
            Kind::TimerSet => self.call(entry, What::Sleep),
            Kind::ReceiveStarted if let Some(request) = &entry.other => self.call(entry, What::Answer(request.clone())),
            Kind::ReceiveStarted => self.call(entry, What::Receive(name())),
            Kind::RequestOpened => self.call(entry, What::Request(name())),
            Kind::ChildStarted => self.call(entry, What::Child(name())),
            Kind::StepCompleted => self.completed(entry),
            Kind::StepFailed | Kind::MessageRefused => self.ended(entry, State::Failed),
            Kind::RequestAnswered | Kind::RequestExpired if entry.position.is_none() => self.answered(entry),
            Kind::TimerFired | Kind::RequestAnswered | Kind::ChildEnded => self.ended(entry, State::Done),
            Kind::CallAbandoned => self.set(entry, State::Dropped),
            Kind::EventSent => self.was_sent(entry),
            Kind::MessageReceived => self.turn(entry, Turn::Message(name())),
            Kind::CancelRequested | Kind::DeadlineReached => self.turn(entry, Turn::Cancelled),
            Kind::RunCompleted
            | Kind::RunFailed
            | Kind::RunCancelled
            | Kind::RunTimedOut
            | Kind::RunRefused
            | Kind::RunMoved
            | Kind::RunReplaced => self.end = Some((entry.kind.end(), entry.cause)),
            // These are not drawn.
            Kind::ContextSet
            | Kind::ContextUpdated
            | Kind::ContextRefused
            | Kind::ContextContinued
            | Kind::AttemptStarted
            | Kind::AttemptFailed
            | Kind::ScopeSet
            | Kind::MessageTried
            | Kind::MessageSent
            | Kind::MessageDelivered
            | Kind::ValuePublished
            | Kind::StreamWritten
            | Kind::StreamClosed
            | Kind::LabelSet
            | Kind::ChildCancelled
            | Kind::PatchMarked
            | Kind::MessageKept
            | Kind::AnswerKept
            | Kind::RequestKept
            | Kind::RequestExpired
            | Kind::StateSet
            | Kind::StateEdited
            | Kind::RunPaused
            | Kind::RunResumed
            | Kind::ClockMoved => {}
        }
    }

    fn turn(&mut self, entry: &EntryRow, turn: Turn) {
        self.turns.insert(entry.seq, turn);
    }

    fn call(&mut self, entry: &EntryRow, what: What) {
        let Some(position) = entry.position else { return };
        let arguments = entry.value.clone().filter(|_| matches!(what, What::Step(_)));
        self.calls.insert(position, Call { what, cause: entry.cause, arguments, state: State::Running });
    }

    fn set(&mut self, entry: &EntryRow, state: State) {
        if let Some(call) = entry.position.and_then(|position| self.calls.get_mut(&position)) {
            call.state = state;
        }
    }

    fn ended(&mut self, entry: &EntryRow, state: State) {
        self.set(entry, state);
        if let Some(position) = entry.position {
            self.turn(entry, Turn::Call(position));
        }
    }

    /// Reads an answer to a request of an earlier execution, or the end of the time for it.
    fn answered(&mut self, entry: &EntryRow) {
        let waits = |call: &Call| {
            call.state == State::Running && matches!(&call.what, What::Answer(id) if Some(id) == entry.other.as_ref())
        };
        if let Some((&position, call)) = self.calls.iter_mut().find(|(_, call)| waits(call)) {
            call.state = State::Done;
            self.turn(entry, Turn::Call(position));
        }
    }

    fn completed(&mut self, entry: &EntryRow) {
        self.ended(entry, State::Done);
        let items = entry.value.as_ref().and_then(|value| items(value, None).ok());
        match (entry.position, items) {
            (Some(position), Some(items)) => drop(self.returned.insert(position, names(items))),
            _ => self.all_events = false,
        }
    }

    /// Reads an event that a running step has sent, with the step's command index.
    fn was_sent(&mut self, entry: &EntryRow) {
        let Some(Ok(items)) = entry.value.as_ref().map(|value| items(value, None)) else { return };
        let Some((position, items)) = super::items::sender(items) else { return };
        self.turn(entry, Turn::Call(position));
        self.sent.entry(position).or_default().extend(names(items));
    }

    /// Draws the path. If `is_graph` is `None`, the journal decides whether the workflow is event-driven.
    pub(crate) fn diagram(&self, is_graph: Option<bool>) -> Diagram {
        let mut drawing = Drawing { diagram: Diagram::new(&self.workflow), edges: Vec::new() };
        drawing.diagram.node("begin", "start", NodeKind::End);
        let (routes, is_all) = self.routes();
        if is_graph.unwrap_or_else(|| is_all && self.reads_as_graph(&routes)) {
            self.draw_events(&routes, &mut drawing);
        } else {
            drawing.diagram.of_calls();
            self.draw_calls(&mut drawing);
        }
        drawing.finish()
    }

    /// Adds a node for each step, in the order of the first calls, with the number of its calls.
    fn draw_steps(&self, diagram: &mut Diagram) {
        let mut steps: Vec<(&str, Vec<State>)> = Vec::new();
        for call in self.calls.values() {
            let What::Step(name) = &call.what else { continue };
            match steps.iter_mut().find(|(known, _)| known == name) {
                Some((_, states)) => states.push(call.state),
                None => steps.push((name, vec![call.state])),
            }
        }
        let over = self.end.is_some();
        for (name, states) in steps {
            let count = |state| states.iter().filter(|is| **is == state).count();
            let (running, dropped) = if over {
                (0, count(State::Dropped) + count(State::Running))
            } else {
                (count(State::Running), count(State::Dropped))
            };
            let counts = Counts { calls: states.len(), failed: count(State::Failed), running, dropped };
            let parts = [(counts.failed, "failed"), (running, "running"), (dropped, "dropped")];
            let parts = parts.into_iter().filter(|(count, _)| *count > 0);
            let parts: Vec<String> = parts.map(|(count, what)| format!("{count} {what}")).collect();
            let parts = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
            let label = format!("{name}{}{parts}", Times(states.len()));
            diagram.counted(&id(name), &label, NodeKind::Step, counts);
        }
    }

    fn step(&self, position: u64) -> Option<&str> {
        match &self.calls.get(&position)?.what {
            What::Step(name) => Some(name),
            _ => None,
        }
    }
}

fn names(items: Vec<Item>) -> Vec<String> {
    items.into_iter().map(|item| item.name).collect()
}

/// A diagram, with edges that are counted before they are drawn.
struct Drawing {
    diagram: Diagram,
    edges: Vec<(String, String, String, usize)>,
}

impl Drawing {
    fn edge(&mut self, from: &str, to: &str, label: &str) {
        let is = |edge: &&mut (String, String, String, usize)| edge.0 == from && edge.1 == to && edge.2 == label;
        match self.edges.iter_mut().find(is) {
            Some(edge) => edge.3 += 1,
            None => self.edges.push((from.to_owned(), to.to_owned(), label.to_owned(), 1)),
        }
    }

    /// Adds the end of the run.
    fn end(&mut self, end: End, from: &str) {
        let (id, label) = match end {
            End::Completed => ("stop", "stop"),
            End::Failed => ("failed", "failed"),
            End::TimedOut => ("ended", "timed out"),
            End::Refused => ("ended", "refused"),
            End::Moved => ("ended", "moved"),
            End::Replaced => ("ended", "continues as new"),
            End::No | End::Cancelled => ("ended", "cancelled"),
        };
        self.diagram.node(id, label, NodeKind::End);
        self.edge(from, id, label);
    }

    fn finish(mut self) -> Diagram {
        for (from, to, label, count) in self.edges {
            self.diagram.edge(&from, &to, &format!("{label}{}", Times(count)));
        }
        self.diagram
    }
}
