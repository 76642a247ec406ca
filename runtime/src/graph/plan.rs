//! The way from one step to the next, worked out once from the steps.

use super::definition::AnyStep;
use super::items::ASK;
use super::shape::{Source, StepShape, Trigger};
use super::ways::Ways;
use crate::record::EventInfo;
use std::collections::HashMap;

/// A parameter of a step: both by their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Taker {
    pub(super) step: usize,
    pub(super) parameter: usize,
}

/// The steps of a graph, and who takes what.
#[derive(Debug)]
pub struct Plan {
    pub(super) steps: &'static [AnyStep],
    /// Who takes an event, by its recorded name; the answer to a question by that of the question.
    takers: HashMap<String, Vec<Taker>>,
    /// The steps that wait for a whole fan-out, by the step that opens it; last those that wait for the run itself.
    collectors: Vec<Vec<usize>>,
    pub(super) begin: Option<Taker>,
    pub(super) catch: Option<usize>,
    pub(super) external: Vec<&'static EventInfo>,
    pub(super) sends: bool,
    pub(super) timers: Vec<usize>,
}

impl Plan {
    /// Adds to what the compiler knows of the steps what the dispatch loop asks for.
    #[must_use]
    pub fn of<const N: usize>(steps: &'static [AnyStep; N], ways: &Ways<N>) -> Self {
        let mut plan = Self {
            steps,
            takers: HashMap::new(),
            collectors: (0..N).map(Some).chain([None]).map(|opener| ways.collectors(opener)).collect(),
            begin: None,
            catch: None,
            external: Vec::new(),
            sends: steps.iter().any(|step| !step.shape.sends.is_empty()),
            timers: Vec::new(),
        };
        for (step, any) in steps.iter().enumerate() {
            if any.shape.trigger != Trigger::Events {
                plan.timers.push(step);
            }
            if any.shape.catches.is_some() {
                plan.catch = Some(step);
            }
            for (parameter, input) in any.shape.inputs.iter().enumerate() {
                plan.add(Taker { step, parameter }, &input.taken);
            }
        }
        plan
    }

    fn add(&mut self, taker: Taker, source: &'static Source) {
        match source {
            Source::Event(event) => {
                if event.external && !self.external.iter().any(|known| known.name == event.name) {
                    self.external.push(event);
                }
                self.takers.entry(event.name.to_owned()).or_default().push(taker);
            }
            Source::Answer(question) => {
                self.takers.entry(format!("{ASK}{}", question.name)).or_default().push(taker);
            }
            Source::Begin(_) => self.begin = Some(taker),
            Source::Failure => {}
        }
    }

    /// The names of the events that it takes from outside.
    pub fn external(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.external.iter().map(|event| event.name)
    }

    pub(super) fn shape(&self, step: usize) -> &'static StepShape {
        &self.steps[step].shape
    }

    /// Who takes an event of this name.
    pub(super) fn takers(&self, name: &str) -> &[Taker] {
        self.takers.get(name).map_or(&[], Vec::as_slice)
    }

    /// The steps that wait for the whole fan-out of a step; `None` for the run itself.
    pub(super) fn collectors(&self, opener: Option<usize>) -> &[usize] {
        &self.collectors[opener.unwrap_or(self.steps.len())]
    }
}
