//! The dispatch loop: the body of an event-driven workflow. It starts the steps that take the events, and routes their
//! results, one after the other in the order of the journal.

mod context;
mod fan_in;
mod in_flight;
mod outside;
mod place;

pub(super) use self::context::GraphFlow;
use self::context::Lock;
use self::in_flight::{InFlight, What};
use self::place::{Place, sources};
use super::items::{self, CONTEXT, Item, STOP, STOP_RAW, items};
use super::payload::{Each, Failure, Inputs, Payload};
use super::plan::{Plan, Taker};
use super::scopes::{ScopeId, Scopes};
use super::shape::Trigger;
use super::stub::GraphStub;
use crate::codec::Location;
use crate::command::Command;
use crate::context::SharedContext;
use crate::error::Error;
use crate::journal::{Completion, Journal};
use crate::value::{Encoding, Value};
use crate::workflow::PendingCall;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// An event on its way to a step.
#[derive(Clone, Debug)]
pub(super) struct Node {
    payload: Payload,
    place: Place,
    /// The fan-out that it belongs to.
    scope: ScopeId,
    /// The number of failures that were caught on the way to it.
    caught: u32,
}

/// A step that can be started, with its events.
#[derive(Debug)]
struct Ready {
    inputs: Each<Node>,
    /// The fan-out that its results belong to; one that it opens is inside.
    scope: ScopeId,
    /// For a step on a timer: the number of earlier starts.
    tick: Option<u64>,
}

/// A running step.
#[derive(Debug)]
struct Running {
    step: usize,
    /// The fan-out that it belongs to, and the one that its events belong to.
    scope: ScopeId,
    out: ScopeId,
    caught: u32,
    /// Its events, if its failure can be caught.
    taken: Vec<Payload>,
    /// The number of events that it has sent by hand.
    sent: u64,
}

/// The next action of the loop.
enum Next {
    Go,
    /// The run ends with this value, returned by this step.
    Stop(Value, usize),
    Fail(Error),
    /// A recorded value does not fit the current types: the run is parked.
    Unreadable(String),
}

/// The state of the loop: derived from the journal, and not itself recorded.
struct Dispatch<'a> {
    flow: &'a mut dyn GraphFlow,
    journal: Arc<dyn Journal>,
    context: Option<SharedContext>,
    lock: Lock,
    /// The changes of the context by the step that has just ended.
    changes: Vec<Item>,
    workflow: &'static str,
    plan: &'static Plan,
    scopes: Scopes,
    /// The waiting starts of each step.
    queues: Vec<VecDeque<Ready>>,
    /// Steps with waiting starts, in the order of arrival.
    ready: VecDeque<usize>,
    /// The number of running calls of each step.
    workers: Vec<usize>,
    running: BTreeMap<u64, Running>,
    in_flight: FuturesUnordered<InFlight>,
    /// The number of open requests and timers.
    waits: usize,
}

/// Runs a graph to its end, and returns its result and the step that returned it.
///
/// # Errors
/// A step failed for good and no step caught it, or the graph ran out of work without a stop.
pub(super) async fn run<I: crate::codec::StoredValue>(
    flow: &mut dyn GraphFlow,
    workflow: &'static str,
    plan: &'static Plan,
    input: &I,
) -> Result<(Value, &'static str), Error> {
    let steps = plan.steps.len();
    let mut dispatch = Dispatch {
        journal: flow.journal().clone(),
        context: flow.shared_context(),
        flow,
        lock: Lock::of(plan),
        changes: Vec::new(),
        workflow,
        plan,
        scopes: Scopes::new(),
        queues: std::iter::repeat_with(VecDeque::new).take(steps).collect(),
        ready: VecDeque::new(),
        workers: vec![0; steps],
        running: BTreeMap::new(),
        in_flight: FuturesUnordered::new(),
        waits: 0,
    };
    // The input was decoded from the journal, so it can be encoded again.
    let input = input.encode(dispatch.journal.coder(), Location::Input)?;
    dispatch.begin(input);
    loop {
        dispatch.start_ready();
        if dispatch.is_at_rest() {
            return Err(dispatch.rest());
        }
        let Some((what, position, completion)) = dispatch.in_flight.next().await else {
            return Err(dispatch.rest());
        };
        let next = dispatch.completed(what, position, completion);
        // Applied before any step that follows from this one starts.
        let next = if dispatch.changes.is_empty() { next } else { dispatch.change_context(next).await };
        match next {
            Next::Go => {}
            Next::Stop(value, step) => return Ok((value, plan.shape(step).name)),
            Next::Fail(error) => return Err(error),
            Next::Unreadable(why) => {
                dispatch.journal.unreadable(position, why);
                return std::future::pending().await;
            }
        }
    }
}

impl Dispatch<'_> {
    fn begin(&mut self, input: Value) {
        self.listen();
        for step in &self.plan.timers {
            let (Trigger::Every(wait) | Trigger::After(wait)) = self.plan.shape(*step).trigger else { continue };
            self.set_timer(*step, 0, self.journal.elapsed().saturating_add(millis(wait)));
        }
        if let Some(taker) = self.plan.begin {
            let node = Node { payload: Payload::Begin(input), place: Place::Begin, scope: ScopeId::RUN, caught: 0 };
            self.give(taker, node);
        }
    }

    /// Returns whether no further event can occur.
    fn is_at_rest(&self) -> bool {
        self.running.is_empty() && self.waits == 0 && self.plan.external.is_empty()
    }

    fn rest(&self) -> Error {
        Error::msg(format!(
            "workflow `{}` came to rest without a `Stop`: no step runs, no event is on its way, and none can come from outside",
            self.workflow
        ))
    }

    /// Delivers an event to every step that takes it.
    fn deliver(&mut self, node: Node) -> Next {
        let plan = self.plan;
        match plan.takers(node.payload.name()) {
            [] => {
                let name = node.payload.name();
                return Next::Unreadable(format!(
                    "event `{name}` is recorded, and no step of workflow `{}` takes it any longer",
                    self.workflow
                ));
            }
            [taker] => self.give(*taker, node),
            takers => takers.iter().for_each(|taker| self.give(*taker, node.clone())),
        }
        Next::Go
    }

    /// Delivers an event to one of its takers.
    fn give(&mut self, taker: Taker, node: Node) {
        if self.plan.shape(taker.step).collects() {
            return self.hold(taker, node);
        }
        let scope = node.scope;
        self.enqueue(taker.step, Ready { inputs: Each::One(node), scope, tick: None });
    }

    /// Adds a start to the queue of a step. It keeps its fan-out open until `step_ended`.
    fn enqueue(&mut self, step: usize, ready: Ready) {
        self.scopes.enter(ready.scope);
        self.queues[step].push_back(ready);
        self.ready.push_back(step);
    }

    /// Starts waiting steps, as far as workers are free.
    fn start_ready(&mut self) {
        let mut kept = VecDeque::new();
        for _ in 0..self.ready.len() {
            let Some(step) = self.ready.pop_front() else { break };
            if self.plan.shape(step).workers.is_some_and(|most| self.workers[step] >= most) {
                // `step_ended` enqueues the step again when a worker is free.
                continue;
            }
            if !self.lock.admits(self.plan.shape(step), !kept.is_empty()) {
                kept.push_back(step);
                continue;
            }
            if let Some(ready) = self.queues[step].pop_front() {
                self.start(step, ready);
            }
        }
        self.ready = kept;
    }

    fn start(&mut self, step: usize, ready: Ready) {
        let shape = self.plan.shape(step);
        let Ready { inputs, scope, tick } = ready;
        let arguments = match tick {
            Some(tick) => Value::json(format!("[{tick}]").into_bytes()),
            None => sources(&inputs),
        };
        let caught = inputs.iter().map(|node| node.caught).max().unwrap_or(0);
        let inputs = Inputs(inputs.map(|node| node.payload));
        let taken = if self.plan.catch.is_some_and(|catch| catch != step) {
            inputs.0.iter().cloned().collect()
        } else {
            Vec::new()
        };
        let out = if shape.output.is_several() {
            let out = self.scopes.open(scope, step);
            // The running step itself keeps its fan-out open.
            self.scopes.enter(out);
            out
        } else {
            scope
        };
        // A test may have replaced the step by a stub.
        let stub = self.journal.substitute_in_graph(self.workflow, shape.name);
        let stub = stub.as_ref().and_then(|stub| stub.downcast_ref::<GraphStub>());
        let stub = stub.map(|stub| stub.body(inputs.clone()));
        let mut call = (self.plan.steps[step].call)(self.context.clone(), inputs, arguments);
        if let Some(stub) = stub {
            call.run.body = stub;
        }
        let mut call = PendingCall::new(&self.journal, Command::RunStep(call));
        call.start();
        self.workers[step] += 1;
        self.lock.enter(shape);
        self.running.insert(call.position(), Running { step, scope, out, caught, taken, sent: 0 });
        self.in_flight.push(InFlight::new(call, What::Step));
    }

    fn completed(&mut self, what: What, position: u64, completion: Completion) -> Next {
        match what {
            What::Step => self.step_ended(position, completion),
            What::Timer { step, tick } => self.timer_fired(step, tick),
            What::Asked { item, scope, caught } => self.answered(position, item, scope, caught, completion),
            What::Event(event) => self.came(position, event, completion),
            What::Sent => self.was_sent(completion),
        }
    }

    fn step_ended(&mut self, position: u64, completion: Completion) -> Next {
        let Some(running) = self.running.remove(&position) else { return Next::Go };
        self.workers[running.step] -= 1;
        self.lock.leave(self.plan.shape(running.step));
        if !self.queues[running.step].is_empty() {
            self.ready.push_back(running.step);
        }
        let next = match completion {
            Completion::Completed(value) => match items(&value, Some(self.plan.shape(running.step).name)) {
                Ok(items) => self.route(&running, position, items),
                Err(error) => Next::Unreadable(error.to_string()),
            },
            Completion::Failed(error) => self.failed(&running, position, error),
            _ => Next::Unreadable("what came is not the end of a step".into()),
        };
        // Only now: the events that the step returned have entered their fan-outs, so that none closes too early.
        if matches!(next, Next::Go) {
            if running.out != running.scope {
                self.leave(running.out);
            }
            self.leave(running.scope);
        }
        next
    }

    /// Routes the results of a step.
    fn route(&mut self, running: &Running, position: u64, items: Vec<Item>) -> Next {
        if self.plan.shape(running.step).output.updates().is_some() {
            self.changes.extend(items.iter().filter(|item| item.name == CONTEXT).cloned());
        }
        if let Some(stop) = items.iter().find(|item| item.name == STOP || item.name == STOP_RAW) {
            return stop_with(stop, running.step);
        }
        for (place, item) in items.into_iter().enumerate() {
            if item.name == CONTEXT {
                continue;
            }
            if item.name.starts_with(items::ASK) {
                match self.ask(item, running) {
                    Next::Go => continue,
                    other => return other,
                }
            }
            let place = Place::Returned(position, place);
            let node = Node { payload: Payload::Event(item), place, scope: running.out, caught: running.caught };
            match self.deliver(node) {
                Next::Go => {}
                other => return other,
            }
        }
        Next::Go
    }

    /// Passes the failure of a step to the step that catches failures, as often as that one's budget allows; otherwise
    /// ends the run.
    fn failed(&mut self, running: &Running, position: u64, error: Value) -> Next {
        let failure = match (self.plan.steps[running.step].failure)(self.journal.coder(), &error) {
            Ok(failure) => failure,
            Err(error) => return Next::Unreadable(error.to_string()),
        };
        let budget = |step: usize| self.plan.shape(step).catches.unwrap_or(0);
        let Some(catch) = self.plan.catch.filter(|catch| *catch != running.step && running.caught < budget(*catch))
        else {
            return Next::Fail(failure);
        };
        let caught = Failure {
            step: self.plan.shape(running.step).name,
            error,
            message: failure.to_string(),
            times: running.caught + 1,
            taken: running.taken.clone(),
        };
        let node = Node {
            payload: Payload::Failure(Box::new(caught)),
            place: Place::Failure(position),
            scope: running.scope,
            caught: running.caught + 1,
        };
        if running.out != running.scope {
            self.scopes.get(running.out).failed = true;
        }
        self.give(Taker { step: catch, parameter: 0 }, node);
        Next::Go
    }
}

fn stop_with(item: &Item, step: usize) -> Next {
    if item.name == STOP {
        return Next::Stop(Value::json(item.text.clone()), step);
    }
    let index = std::str::from_utf8(&item.text).ok().and_then(|text| text.parse::<usize>().ok());
    match index.and_then(|index| item.raws.get(index)) {
        Some(bytes) => Next::Stop(Value { encoding: Encoding::Bytes, bytes: bytes.clone() }, step),
        None => Next::Unreadable("the bytes of the result are missing".into()),
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX)
}
