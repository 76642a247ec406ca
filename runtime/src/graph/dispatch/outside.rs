//! Events that do not come from results of the graph's own steps: answers, timers, events from outside and events sent
//! by hand.

use super::in_flight::{InFlight, What};
use super::{Dispatch, Next, Node, Place, Ready, Running, millis};
use crate::command::{Command, Given, Receive, Recode, Request, Sleep};
use crate::graph::{
    answers,
    event::split,
    items::{ASK, FROM, Item, items},
    payload::{Each, Payload},
    scopes::ScopeId,
    shape::{Shape, Trigger},
};
use crate::journal::{Asked, Completion, Due, SENT};
use crate::record::EventInfo;
use crate::workflow::PendingCall;

impl Dispatch<'_> {
    /// Waits for all events that can come from outside.
    pub(super) fn listen(&mut self) {
        for event in &self.plan.external {
            self.receive(event.channel, What::Event(event));
        }
        if self.plan.sends {
            self.receive(SENT, What::Sent);
        }
    }

    fn receive(&mut self, channel: &'static str, what: What) {
        self.call(Command::Receive(Receive { channel, due: None }), what);
    }

    fn call(&mut self, command: Asked, what: What) {
        let mut call = PendingCall::new(&self.journal, command);
        call.start();
        self.in_flight.push(InFlight::new(call, what));
    }

    /// Delivers an event from outside, and waits for the next one.
    pub(super) fn came(&mut self, position: u64, event: &'static EventInfo, completion: Completion) -> Next {
        let Completion::Message(value) = completion else { return unexpected() };
        self.receive(event.channel, What::Event(event));
        match split(&value) {
            Ok((text, raws)) => {
                let item = Item { name: event.name.to_owned(), text, raws, step: None };
                let place = Place::Came(position);
                self.deliver(Node { payload: Payload::Event(item), place, scope: ScopeId::RUN, caught: 0 })
            }
            Err(error) => Next::Unreadable(error.to_string()),
        }
    }

    /// Delivers an event that a running step has sent.
    pub(super) fn was_sent(&mut self, completion: Completion) -> Next {
        let Completion::Message(value) = completion else { return unexpected() };
        self.receive(SENT, What::Sent);
        let items = match items(&value, None) {
            Ok(items) => items,
            Err(error) => return Next::Unreadable(error.to_string()),
        };
        let from = items.iter().find(|item| item.name == FROM);
        let position = from.and_then(|from| std::str::from_utf8(&from.text).ok()?.parse::<u64>().ok());
        let running = position.and_then(|position| self.running.get_mut(&position));
        let (Some(position), Some(Running { out, caught, sent, .. })) = (position, running) else { return Next::Go };
        let (scope, caught) = (*out, *caught);
        *sent += 1;
        let place = Place::Sent(position, *sent);
        let Some(item) = items.into_iter().find(|item| item.name != FROM) else { return Next::Go };
        self.deliver(Node { payload: Payload::Event(item), place, scope, caught })
    }

    /// Makes the request that a step has returned.
    pub(super) fn ask(&mut self, item: Item, running: &Running) -> Next {
        let mut asked = None;
        self.plan.shape(running.step).output.each(&mut |shape, _| {
            if let Shape::Ask(question) = shape
                && item.name.strip_prefix(ASK) == Some(question.name)
            {
                asked = Some(*question);
            }
        });
        let Some(question) = asked else {
            return Next::Unreadable(format!("question `{}` is recorded, and its step asks it no longer", item.name));
        };
        let (value, within) = match answers::written(&item.text) {
            Ok(written) => (answers::question(&item.text, &written), written.within),
            Err(error) => return Next::Unreadable(error.to_string()),
        };
        let request = Request {
            name: question.name,
            answer: Some(question.answer),
            question: Given::new(Ok(value), Recode::none()),
            due: within.map(|within| self.journal.elapsed().saturating_add(within)),
        };
        let (scope, caught) = (running.out, running.caught);
        self.scopes.enter(scope);
        self.waits += 1;
        self.call(Command::Request(request), What::Asked { item, scope, caught });
        Next::Go
    }

    /// Delivers the answer to a request, or the end of its time limit.
    pub(super) fn answered(
        &mut self,
        position: u64,
        item: Item,
        scope: ScopeId,
        caught: u32,
        completion: Completion,
    ) -> Next {
        self.waits -= 1;
        let answer = match completion {
            Completion::Message(value) => Some(value),
            Completion::Fired => None,
            Completion::Refused(message) => return Next::Unreadable(message),
            _ => return unexpected(),
        };
        let place = Place::Came(position);
        let next = self.deliver(Node { payload: Payload::Answer(item, answer), place, scope, caught });
        // After the delivery: the event has entered the fan-out by now, so that it stays open.
        self.leave(scope);
        next
    }

    /// Sets the timer that starts a step.
    pub(super) fn set_timer(&mut self, step: usize, tick: u64, due: i64) {
        self.waits += 1;
        self.call(Command::Sleep(Sleep { due: Due::Elapsed(due) }), What::Timer { step, tick });
    }

    /// Starts a step when its timer fires. A missed tick is not made up for, and a step that still runs is skipped.
    pub(super) fn timer_fired(&mut self, step: usize, tick: u64) -> Next {
        self.waits -= 1;
        if let Trigger::Every(wait) = self.plan.shape(step).trigger {
            self.set_timer(step, tick + 1, self.journal.elapsed().saturating_add(millis(wait)));
        }
        if self.workers[step] == 0 && self.queues[step].is_empty() {
            self.enqueue(step, Ready { inputs: Each::Several(Vec::new()), scope: ScopeId::RUN, tick: Some(tick) });
        }
        Next::Go
    }
}

fn unexpected() -> Next {
    Next::Unreadable("what came is not what was waited for".into())
}
