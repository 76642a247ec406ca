//! The routes through a graph, computed once by the compiler: which steps emit events that others take, which steps
//! lead to the end, and which steps collect which fan-out.
//
// The interpreter of constants is slow, and refuses long evaluations: events are compared once, and everything else
// reads the resulting table.

mod levels;

use self::levels::Levels;
use super::shape::{Shape, Source, StepShape, Trigger, same};

/// The routes through a graph of `N` steps. Steps are identified by their index.
#[derive(Debug)]
pub struct Ways<const N: usize> {
    pub(super) steps: [StepShape; N],
    /// The direct routes. `gives[a][b]`: `b` takes a result of `a`, or an event that `a` sends.
    gives: [[bool; N]; N],
    /// The steps from which some chain of events leads to the end.
    ends: [bool; N],
    levels: Levels<N>,
}

impl<const N: usize> Ways<N> {
    /// Computes the routes.
    #[must_use]
    pub const fn of(steps: [StepShape; N]) -> Self {
        let mut gives = [[false; N]; N];
        let mut source = 0;
        while source < N {
            let mut taker = 0;
            while taker < N {
                gives[source][taker] = gives_to(&steps[source], &steps[taker]);
                taker += 1;
            }
            source += 1;
        }
        let ends = ends(&steps, &gives);
        let levels = Levels::of(&steps, &gives);
        Self { steps, gives, ends, levels }
    }

    /// Returns whether every step compiles, so that the rules of the graph can be checked.
    #[must_use]
    pub const fn are_known(&self) -> bool {
        let mut step = 0;
        while step < N {
            if self.steps[step].name.is_empty() {
                return false;
            }
            step += 1;
        }
        true
    }

    pub(super) const fn reaches_the_end(&self, step: usize) -> bool {
        self.ends[step]
    }

    /// Returns the steps that wait for the whole fan-out of a step; `None` is the run itself.
    pub(super) fn collectors(&self, opener: Option<usize>) -> Vec<usize> {
        let level = opener.map_or(&self.levels.of_run, |opener| &self.levels.of_step[opener]);
        (0..N).filter(|step| level[*step]).collect()
    }

    /// Returns two fan-outs, the outer one first, that a step collects without naming one: the inner one would call it
    /// with nothing.
    pub(super) const fn collected_twice(&self, collector: usize) -> Option<[usize; 2]> {
        if !self.steps[collector].collects() || self.steps[collector].inputs[0].from.is_some() {
            return None;
        }
        let mut outer = 0;
        while outer < N {
            if self.levels.of_step[outer][collector] {
                let inside = self.levels.inside(outer, &self.steps, &self.gives);
                let mut inner = 0;
                while inner < N {
                    if inner != outer && inside[inner] && self.levels.of_step[inner][collector] {
                        return Some([outer, inner]);
                    }
                    inner += 1;
                }
            }
            outer += 1;
        }
        None
    }

    /// Returns whether some chain of events leads from one step to another; a caught failure counts as an event.
    pub(super) const fn leads_to(&self, from: usize, to: usize) -> bool {
        let mut reached = [false; N];
        let mut open = [0; N];
        let mut count = 1;
        open[0] = from;
        while count > 0 {
            count -= 1;
            let step = open[count];
            let mut next = 0;
            while next < N {
                if !reached[next] && (self.gives[step][next] || self.steps[next].catches.is_some()) {
                    if next == to {
                        return true;
                    }
                    reached[next] = true;
                    open[count] = next;
                    count += 1;
                }
                next += 1;
            }
        }
        false
    }

    /// Returns the step with this recorded name.
    pub(super) const fn position(&self, name: &str) -> Option<usize> {
        let mut index = 0;
        while index < N {
            if same(self.steps[index].name, name) {
                return Some(index);
            }
            index += 1;
        }
        None
    }
}

const fn gives_to(source: &StepShape, taker: &StepShape) -> bool {
    let mut parameter = 0;
    while parameter < taker.inputs.len() {
        if source.gives(&taker.inputs[parameter].taken) {
            return true;
        }
        parameter += 1;
    }
    false
}

/// Finds the steps that lead to the end, backwards from those that end the run. A step with an untaken event counts
/// too: another check reports that.
const fn ends<const N: usize>(steps: &[StepShape; N], gives: &[[bool; N]; N]) -> [bool; N] {
    let mut ends = [false; N];
    let mut open = [0; N];
    let mut count = 0;
    let mut step = 0;
    while step < N {
        if steps[step].output.stops() || has_untaken(steps, &steps[step].output) {
            ends[step] = true;
            open[count] = step;
            count += 1;
        }
        step += 1;
    }
    while count > 0 {
        count -= 1;
        let taker = open[count];
        let mut source = 0;
        while source < N {
            if gives[source][taker] && !ends[source] {
                ends[source] = true;
                open[count] = source;
                count += 1;
            }
            source += 1;
        }
    }
    ends
}

const fn has_untaken(steps: &[StepShape], shape: &Shape) -> bool {
    match shape {
        Shape::Nothing | Shape::Stop(_) | Shape::Update(_) => false,
        Shape::Event(event) => !is_taken(steps, &Source::Event(**event)),
        Shape::Ask(question) => !is_taken(steps, &Source::Answer(*question)),
        Shape::Many(inner) | Shape::Maybe(inner) => has_untaken(steps, inner),
        Shape::All(parts) | Shape::One(parts) => {
            let mut index = 0;
            while index < parts.len() {
                if has_untaken(steps, parts[index]) {
                    return true;
                }
                index += 1;
            }
            false
        }
    }
}

pub(super) const fn is_taken(steps: &[StepShape], source: &Source) -> bool {
    let mut index = 0;
    while index < steps.len() {
        let inputs = steps[index].inputs;
        let mut parameter = 0;
        while parameter < inputs.len() {
            if inputs[parameter].taken.is(source) {
                return true;
            }
            parameter += 1;
        }
        index += 1;
    }
    false
}

pub(super) const fn begins(step: &StepShape) -> bool {
    let mut index = 0;
    while index < step.inputs.len() {
        if matches!(step.inputs[index].taken, Source::Begin(_)) {
            return true;
        }
        index += 1;
    }
    false
}

pub(super) const fn stops_somewhere(steps: &[StepShape]) -> bool {
    let mut index = 0;
    while index < steps.len() {
        if steps[index].output.stops() {
            return true;
        }
        index += 1;
    }
    false
}

/// Returns whether a step needs no route to the end, because it only watches. It returns nothing, and it is on a timer
/// or takes a broadcast; or it begins a run whose events come from timers or from outside.
pub(super) const fn is_aside(steps: &[StepShape], step: &StepShape) -> bool {
    if !step.output.is_nothing() || !step.sends.is_empty() {
        return false;
    }
    // It only notes the failure, and the other steps continue.
    if step.catches.is_some() {
        return true;
    }
    if !matches!(step.trigger, Trigger::Events) || (begins(step) && has_other_source(steps)) {
        return true;
    }
    let mut index = 0;
    while index < step.inputs.len() {
        if let Source::Event(event) = &step.inputs[index].taken
            && event.broadcast
        {
            return true;
        }
        index += 1;
    }
    false
}

/// Returns whether a timer or an event from outside starts some step.
const fn has_other_source(steps: &[StepShape]) -> bool {
    let mut index = 0;
    while index < steps.len() {
        if !matches!(steps[index].trigger, Trigger::Events) {
            return true;
        }
        let mut parameter = 0;
        while parameter < steps[index].inputs.len() {
            if let Source::Event(event) = &steps[index].inputs[parameter].taken
                && event.external
            {
                return true;
            }
            parameter += 1;
        }
        index += 1;
    }
    false
}
