//! The ways through a graph, worked out once by the compiler: which step gives something to which, from which one the end is
//! reached, and which steps collect what comes of which fan-out.
//
// The interpreter of constants is slow, and refuses what takes it long: events are compared once, and everything else looks
// at the table that comes of it.

mod levels;

use self::levels::Levels;
use super::shape::{Shape, Source, StepShape, Trigger, same};

/// The ways through a graph of `N` steps. Steps are known by their number.
#[derive(Debug)]
pub struct Ways<const N: usize> {
    pub(super) steps: [StepShape; N],
    /// `gives[a][b]`: a result of `a`, or an event that it sends, goes to `b`.
    gives: [[bool; N]; N],
    /// From which steps some chain of events leads to the end.
    ends: [bool; N],
    levels: Levels<N>,
}

impl<const N: usize> Ways<N> {
    /// Works them out.
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

    pub(super) const fn reaches_the_end(&self, step: usize) -> bool {
        self.ends[step]
    }

    /// The steps that wait for the whole fan-out of a step; `None` for the run itself.
    pub(super) fn collectors(&self, opener: Option<usize>) -> Vec<usize> {
        let level = opener.map_or(&self.levels.of_run, |opener| &self.levels.of_step[opener]);
        (0..N).filter(|step| level[*step]).collect()
    }

    /// Two fan-outs, the outer one first, that a step collects without saying which it means: the inner ones would call it
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

    /// Whether some chain of events leads from a step to another; what is taken of a failing step is one of them.
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

    /// The step of this recorded name.
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

/// From the steps that end the run back to those that give them something. What nobody takes is a fault of its own.
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

/// A step that only watches: it returns nothing, and what it takes goes to others too, or it is on a timer; or it begins a
/// run in which all that matters comes of itself or from outside.
pub(super) const fn is_aside(steps: &[StepShape], step: &StepShape) -> bool {
    if !step.output.is_nothing() || !step.sends.is_empty() {
        return false;
    }
    // The failure is noted, and the others go on.
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

/// Whether a step is called by the time, or by what comes from outside.
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
