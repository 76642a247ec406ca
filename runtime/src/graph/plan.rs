//! The routes between the steps, computed once from the steps.

use super::definition::AnyStep;
use super::items::ASK;
use super::shape::{Source, StepShape, Trigger};
use super::ways::Ways;
use crate::record::EventInfo;
use std::collections::HashMap;

/// A parameter of a step: the indexes of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Taker {
    pub(super) step: usize,
    pub(super) parameter: usize,
}

/// The steps of a graph, and the takers of each event.
#[derive(Debug)]
pub struct Plan {
    pub(super) steps: &'static [AnyStep],
    /// The takers of an event, by its recorded name; those of an answer by the name of the request.
    takers: HashMap<String, Vec<Taker>>,
    /// The steps that wait for a whole fan-out, by the step that opens it; last the steps that wait for the run itself.
    collectors: Vec<Vec<usize>>,
    pub(super) begin: Option<Taker>,
    pub(super) catch: Option<usize>,
    pub(super) external: Vec<&'static EventInfo>,
    pub(super) sends: bool,
    pub(super) timers: Vec<usize>,
}

impl Plan {
    /// Computes the tables of the dispatch loop from those of the compiler.
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

    /// Returns the names of the events that come from outside.
    pub fn external(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.external.iter().map(|event| event.name)
    }

    pub(super) fn shape(&self, step: usize) -> &'static StepShape {
        &self.steps[step].shape
    }

    /// Returns the takers of an event of this name.
    pub(super) fn takers(&self, name: &str) -> &[Taker] {
        self.takers.get(name).map_or(&[], Vec::as_slice)
    }

    /// Returns the steps that wait for the whole fan-out of a step; `None` is the run itself.
    pub(super) fn collectors(&self, opener: Option<usize>) -> &[usize] {
        &self.collectors[opener.unwrap_or(self.steps.len())]
    }
}
