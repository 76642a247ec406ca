//! The path of an event-driven run: the entry of a step names the places of the events that it has taken.

use super::{Call, Drawing, Path, Turn, What};
use crate::graph::{
    diagram::{NodeKind, id},
    items::{ASK, CONTEXT, STOP, STOP_RAW},
};
use crate::value::Encoding;
use serde_json::Value;
use std::collections::BTreeMap;

/// The events that the steps have taken, by the steps' command index.
pub(super) type Routes = BTreeMap<u64, Vec<Source>>;

/// The place of something that a step has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The input of the run.
    Begin,
    /// The timer of the step.
    Time,
    /// One of the events that a step has returned.
    Returned(u64, usize),
    /// One of the events that a step has sent by hand, from 1.
    Sent(u64, usize),
    /// A step that failed.
    Failure(u64),
    /// A completion of a call: an event from outside, or an answer.
    Came(u64),
}

impl Path {
    /// Returns the events that the steps have taken, and whether all their arguments are such places.
    pub(super) fn routes(&self) -> (Routes, bool) {
        let steps = self.calls.iter().filter(|(_, call)| matches!(call.what, What::Step(_)));
        let (mut routes, mut all) = (Routes::new(), true);
        for (position, call) in steps {
            let (sources, is_all) = sources(call);
            routes.insert(*position, sources);
            all &= is_all;
        }
        (routes, all)
    }

    /// Returns whether a run of an unknown workflow looks like one whose steps take events.
    pub(super) fn reads_as_graph(&self, routes: &Routes) -> bool {
        let is_there = |source: &Source| match source {
            Source::Begin | Source::Time => true,
            Source::Returned(position, place) => {
                self.returned.get(position).is_some_and(|returned| *place < returned.len())
            }
            Source::Sent(position, _) | Source::Failure(position) | Source::Came(position) => {
                self.calls.contains_key(position)
            }
        };
        let all = || routes.values().flatten();
        // Timers alone are no evidence: an argument of any step may be a number.
        self.all_events && all().all(is_there) && all().any(|source| *source != Source::Time)
    }

    pub(super) fn draw_events(&self, routes: &Routes, drawing: &mut Drawing) {
        self.draw_steps(&mut drawing.diagram);
        for (position, taken) in routes {
            let Some(step) = self.step(*position) else { continue };
            for source in taken {
                self.draw_taken(*source, &id(step), drawing);
            }
        }
        self.draw_questions(drawing);
        if let Some((kind, cause)) = self.end {
            let turn = cause.and_then(|cause| self.turns.get(&cause));
            let from = match turn {
                Some(Turn::Call(position)) => self.step(*position).map(id),
                _ => None,
            };
            let from = from.unwrap_or_else(|| match turn {
                Some(Turn::Start) => "begin".to_owned(),
                _ => outside(drawing),
            });
            drawing.end(kind, &from);
        }
    }

    fn draw_taken(&self, source: Source, to: &str, drawing: &mut Drawing) {
        let nth = |events: Option<&Vec<String>>, place: usize| {
            let name = events
                .and_then(|events| events.get(place))
                .filter(|name| ![STOP, STOP_RAW, CONTEXT].contains(&name.as_str()));
            name.map_or_else(|| "event".to_owned(), Clone::clone)
        };
        let (from, label) = match source {
            Source::Begin => ("begin".to_owned(), "begin".to_owned()),
            Source::Time => {
                drawing.diagram.node("time", "time", NodeKind::Outside);
                ("time".to_owned(), "time".to_owned())
            }
            Source::Returned(position, place) => {
                let Some(step) = self.step(position) else { return };
                (id(step), nth(self.returned.get(&position), place))
            }
            Source::Sent(position, place) => {
                let Some(step) = self.step(position) else { return };
                (id(step), format!("{}, sent", nth(self.sent.get(&position), place.saturating_sub(1))))
            }
            Source::Failure(position) => {
                let Some(step) = self.step(position) else { return };
                (id(step), "failure".to_owned())
            }
            Source::Came(position) => match self.calls.get(&position).map(|call| &call.what) {
                Some(What::Receive(channel)) => {
                    let event = channel.strip_prefix("event:").unwrap_or(channel);
                    (outside(drawing), event.to_owned())
                }
                Some(What::Request(question)) => (asked(question, drawing), "answer".to_owned()),
                _ => return,
            },
        };
        drawing.edge(&from, to, &label);
    }

    /// Draws the requests of steps, answered or not.
    fn draw_questions(&self, drawing: &mut Drawing) {
        for call in self.calls.values() {
            let What::Request(question) = &call.what else { continue };
            let turn = call.cause.and_then(|cause| self.turns.get(&cause));
            if let Some(Turn::Call(position)) = turn
                && let Some(step) = self.step(*position)
            {
                let to = asked(question, drawing);
                drawing.edge(&id(step), &to, question);
            }
        }
    }
}

fn outside(drawing: &mut Drawing) -> String {
    drawing.diagram.node("outside", "outside", NodeKind::Outside);
    "outside".to_owned()
}

fn asked(question: &str, drawing: &mut Drawing) -> String {
    let question = question.strip_prefix(ASK).unwrap_or(question);
    let person = format!("ask_{}", id(question));
    drawing.diagram.node(&person, question, NodeKind::Outside);
    person
}

/// Returns the events that a step has taken, and whether all its arguments are such places.
fn sources(call: &Call) -> (Vec<Source>, bool) {
    let arguments = call.arguments.as_ref().filter(|arguments| arguments.encoding == Encoding::Json);
    let arguments = arguments.and_then(|arguments| serde_json::from_slice::<Vec<Value>>(&arguments.bytes).ok());
    let Some(arguments) = arguments else { return (Vec::new(), false) };
    let one = |argument: &Value| match argument {
        Value::Number(_) => Some(Source::Time),
        Value::String(text) => source(text),
        _ => None,
    };
    let each = arguments.iter().flat_map(|argument| match argument {
        Value::Array(several) => several.iter().map(one).collect(),
        single => vec![one(single)],
    });
    let each: Vec<Option<Source>> = each.collect();
    let is_all = each.iter().all(Option::is_some);
    (each.into_iter().flatten().collect(), is_all)
}

fn source(text: &str) -> Option<Source> {
    if text == "begin" {
        return Some(Source::Begin);
    }
    if let Some(position) = text.strip_suffix('!') {
        return Some(Source::Failure(position.parse().ok()?));
    }
    if let Some((position, place)) = text.split_once('.') {
        return Some(Source::Returned(position.parse().ok()?, place.parse().ok()?));
    }
    if let Some((position, place)) = text.split_once('+') {
        return Some(Source::Sent(position.parse().ok()?, place.parse().ok()?));
    }
    Some(Source::Came(text.parse().ok()?))
}
