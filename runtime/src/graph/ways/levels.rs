//! Who collects at which level: what a fan-out's events come to within it, without looking into the fan-outs inside, of which
//! only what their collectors return belongs to the outer one.

use super::super::shape::{StepShape, same};
use super::begins;

type Table<const N: usize> = [[bool; N]; N];

/// For each fan-out the steps that collect what comes of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Levels<const N: usize> {
    /// By the step that opens it.
    pub(super) of_step: Table<N>,
    /// Those that wait for the run itself.
    pub(super) of_run: [bool; N],
}

/// Steps that were reached at a level, and those of them whose events are still to be followed.
struct Search<const N: usize> {
    seen: [bool; N],
    open: [usize; N],
    count: usize,
}

impl<const N: usize> Levels<N> {
    pub(super) const fn of(steps: &[StepShape; N], gives: &Table<N>) -> Self {
        let none = Self { of_step: [[false; N]; N], of_run: [false; N] };
        let plain = none.follow(steps, gives, None);
        let catch = catch(steps);
        if catch.is_none() || plain.has_all(steps) {
            return plain;
        }
        // Who collects only what comes of failures gets an empty `Vec` where none was taken.
        let mut all = plain.follow(steps, gives, catch);
        let mut step = 0;
        while step < N {
            if plain.has(step) {
                let mut opener = 0;
                while opener < N {
                    all.of_step[opener][step] = plain.of_step[opener][step];
                    opener += 1;
                }
                all.of_run[step] = plain.of_run[step];
            }
            step += 1;
        }
        all
    }

    /// The same until nothing more is found; with `catch`, what is taken of a failing step is followed too.
    const fn follow(self, steps: &[StepShape; N], gives: &Table<N>, catch: Option<usize>) -> Self {
        let mut now = self;
        loop {
            let before = now;
            let mut changed = false;
            let mut opener = 0;
            while opener < N {
                if steps[opener].output.is_several() {
                    let mut search = Search::new();
                    search.push(opener);
                    changed |= before.collect(steps, gives, catch, &mut search, Some(opener), &mut now.of_step[opener]);
                    changed |= named(steps, opener, &mut now.of_step[opener]);
                }
                opener += 1;
            }
            let mut begin = 0;
            while begin < N {
                if begins(&steps[begin]) {
                    // What the run begins with is itself a step of the outermost level.
                    let mut search = Search::new();
                    before.reach(begin, steps, catch, &mut search);
                    changed |= before.collect(steps, gives, catch, &mut search, None, &mut now.of_run);
                    break;
                }
                begin += 1;
            }
            if !changed {
                return now;
            }
        }
    }

    /// Notes the steps that collect what is reached; whether one is new.
    const fn collect(
        &self,
        steps: &[StepShape; N],
        gives: &Table<N>,
        catch: Option<usize>,
        search: &mut Search<N>,
        opener: Option<usize>,
        found: &mut [bool; N],
    ) -> bool {
        let mut changed = false;
        while let Some(step) = search.pop() {
            let mut taker = 0;
            while taker < N {
                if gives[step][taker] {
                    if !steps[taker].collects() {
                        self.reach(taker, steps, catch, search);
                    } else if !found[taker] && is_of(steps, taker, opener) {
                        found[taker] = true;
                        changed = true;
                    }
                }
                taker += 1;
            }
        }
        changed
    }

    /// A step is reached at a level: its events go on there, or those of the collectors of the fan-out that it opens.
    const fn reach(&self, step: usize, steps: &[StepShape; N], catch: Option<usize>, search: &mut Search<N>) {
        if search.seen[step] {
            return;
        }
        search.seen[step] = true;
        if let Some(catch) = catch {
            self.reach(catch, steps, Some(catch), search);
        }
        if !steps[step].output.is_several() {
            return search.push(step);
        }
        let mut collector = 0;
        while collector < N {
            if self.of_step[step][collector] {
                self.reach(collector, steps, catch, search);
            }
            collector += 1;
        }
    }

    /// The steps that are reached within the fan-out of a step.
    pub(super) const fn inside(&self, outer: usize, steps: &[StepShape; N], gives: &Table<N>) -> [bool; N] {
        let mut search = Search::new();
        search.push(outer);
        while let Some(step) = search.pop() {
            let mut taker = 0;
            while taker < N {
                if gives[step][taker] && !steps[taker].collects() {
                    self.reach(taker, steps, None, &mut search);
                }
                taker += 1;
            }
        }
        search.seen
    }

    /// Whether a step is known to collect at some level.
    const fn has(&self, step: usize) -> bool {
        let mut opener = 0;
        while opener < N {
            if self.of_step[opener][step] {
                return true;
            }
            opener += 1;
        }
        self.of_run[step]
    }

    const fn has_all(&self, steps: &[StepShape; N]) -> bool {
        let mut step = 0;
        while step < N {
            if steps[step].collects() && !self.has(step) {
                return false;
            }
            step += 1;
        }
        true
    }
}

impl<const N: usize> Search<N> {
    const fn new() -> Self {
        Self { seen: [false; N], open: [0; N], count: 0 }
    }

    /// No step is pushed twice: the one that opens a fan-out is pushed only at the beginning.
    const fn push(&mut self, step: usize) {
        self.open[self.count] = step;
        self.count += 1;
    }

    const fn pop(&mut self) -> Option<usize> {
        if self.count == 0 {
            return None;
        }
        self.count -= 1;
        Some(self.open[self.count])
    }
}

/// Whether a step collects at the level of a fan-out: that which it names, if it names one.
const fn is_of<const N: usize>(steps: &[StepShape; N], collector: usize, opener: Option<usize>) -> bool {
    match (steps[collector].inputs[0].from, opener) {
        (None, _) => true,
        (Some(from), Some(opener)) => same(from, steps[opener].name),
        (Some(_), None) => false,
    }
}

/// Collectors that name the fan-out they wait for; whether one is new.
const fn named<const N: usize>(steps: &[StepShape; N], opener: usize, found: &mut [bool; N]) -> bool {
    let mut changed = false;
    let mut collector = 0;
    while collector < N {
        if !found[collector]
            && steps[collector].collects()
            && let Some(from) = steps[collector].inputs[0].from
            && same(from, steps[opener].name)
        {
            found[collector] = true;
            changed = true;
        }
        collector += 1;
    }
    changed
}

/// The step that takes the failures of others.
const fn catch<const N: usize>(steps: &[StepShape; N]) -> Option<usize> {
    let mut step = N;
    while step > 0 {
        step -= 1;
        if steps[step].catches.is_some() {
            return Some(step);
        }
    }
    None
}
