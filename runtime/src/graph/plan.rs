//! The way from one step to the next, worked out once from the steps.

use super::definition::AnyStep;
use super::items::ASK;
use super::shape::{EventInfo, Source, StepShape, Trigger};
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
    /// Works it out.
    #[must_use]
    pub fn of(steps: &'static [AnyStep]) -> Self {
        let mut plan = Self {
            steps,
            takers: HashMap::new(),
            collectors: vec![Vec::new(); steps.len() + 1],
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
        plan.find_collectors();
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
    pub(crate) fn external(&self) -> impl Iterator<Item = &'static str> + '_ {
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

    /// Who collects at which level: what a fan-out's events come to within it, without looking into the fan-outs inside, of
    /// which only what their collectors return belongs to the outer one.
    fn find_collectors(&mut self) {
        self.follow(false);
        // Who collects only what comes of failures gets an empty `Vec` where none was taken.
        let found = self.collectors.clone();
        let known = |step: &usize| found.iter().any(|level| level.contains(step));
        if self.catch.is_some() && (0..self.steps.len()).any(|step| self.shape(step).collects() && !known(&step)) {
            self.follow(true);
            for (level, before) in self.collectors.iter_mut().zip(&found) {
                level.retain(|step| before.contains(step) || !known(step));
            }
        }
    }

    /// The same until nothing more is found; `failures` says whether what is taken of a failing step is followed too.
    fn follow(&mut self, failures: bool) {
        loop {
            let before = self.collectors.clone();
            for opener in 0..=self.steps.len() {
                let mut seen = vec![false; self.steps.len()];
                let mut collectors = self.collectors[opener].clone();
                let mut open = Vec::new();
                if opener < self.steps.len() {
                    if !self.shape(opener).output.is_several() {
                        continue;
                    }
                    open.push(opener);
                } else if let Some(begin) = self.begin {
                    // What the run begins with is itself a step of the outermost level.
                    self.reach(begin.step, &mut seen, &mut open, &before, failures);
                }
                while let Some(step) = open.pop() {
                    for taker in self.given_by(step) {
                        if self.shape(taker.step).collects() {
                            let from = self.shape(taker.step).inputs[taker.parameter].from;
                            if from.is_none_or(|from| opener < self.steps.len() && from == self.shape(opener).name)
                                && !collectors.contains(&taker.step)
                            {
                                collectors.push(taker.step);
                            }
                        } else {
                            self.reach(taker.step, &mut seen, &mut open, &before, failures);
                        }
                    }
                }
                collectors.sort_unstable();
                self.collectors[opener] = collectors;
            }
            self.add_named();
            if self.collectors == before {
                return;
            }
        }
    }

    /// A step is reached at a level: its events go on there, or those of the collectors of the fan-out that it opens.
    fn reach(&self, step: usize, seen: &mut [bool], open: &mut Vec<usize>, collectors: &[Vec<usize>], failures: bool) {
        if std::mem::replace(&mut seen[step], true) {
            return;
        }
        if let Some(catch) = self.catch.filter(|_| failures) {
            self.reach(catch, seen, open, collectors, failures);
        }
        if self.shape(step).output.is_several() {
            for collector in &collectors[step] {
                self.reach(*collector, seen, open, collectors, failures);
            }
        } else {
            open.push(step);
        }
    }

    /// A step that collects, without saying which, at two levels of which one is within the other: the inner fan-outs would
    /// call it with nothing. Gives the three names, the outer level first.
    pub(crate) fn ambiguous(&self) -> Option<[&'static str; 3]> {
        let several = || (0..self.steps.len()).filter(|step| self.shape(*step).output.is_several());
        for outer in several() {
            let (mut seen, mut open) = (vec![false; self.steps.len()], vec![outer]);
            while let Some(step) = open.pop() {
                for taker in self.given_by(step).filter(|taker| !self.shape(taker.step).collects()) {
                    self.reach(taker.step, &mut seen, &mut open, &self.collectors, false);
                }
            }
            for inner in several().filter(|inner| seen[*inner] && *inner != outer) {
                let both = |step: &&usize| self.collectors[outer].contains(step);
                let unnamed = |step: &&usize| self.shape(**step).inputs.iter().all(|input| input.from.is_none());
                if let Some(step) = self.collectors[inner].iter().filter(both).find(unnamed) {
                    return Some([self.shape(*step).name, self.shape(outer).name, self.shape(inner).name]);
                }
            }
        }
        None
    }

    /// Collectors that name the fan-out they wait for.
    fn add_named(&mut self) {
        for (collector, any) in self.steps.iter().enumerate() {
            let named = any.shape.inputs.iter().filter_map(|input| input.from);
            for from in named {
                let opener = self.steps.iter().position(|step| step.shape.name == from);
                if let Some(of) = opener.map(|opener| &mut self.collectors[opener])
                    && !of.contains(&collector)
                {
                    of.push(collector);
                    of.sort_unstable();
                }
            }
        }
    }

    /// Who takes what a step may give.
    fn given_by(&self, step: usize) -> impl Iterator<Item = Taker> + '_ {
        let giver = self.shape(step);
        self.steps.iter().enumerate().flat_map(move |(step, taker)| {
            let inputs = taker.shape.inputs.iter().enumerate();
            inputs.filter(|(_, input)| giver.gives(&input.taken)).map(move |(parameter, _)| Taker { step, parameter })
        })
    }
}
