//! The collectors of each level: the steps that collect the events of a fan-out. Of a fan-out inside another, only the
//! results of its collectors belong to the outer one.

use super::super::shape::{StepShape, same};
use super::begins;

type Table<const N: usize> = [[bool; N]; N];

/// The collectors of each fan-out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Levels<const N: usize> {
    /// The collectors by the step that opens the fan-out.
    pub(super) of_step: Table<N>,
    /// The collectors that wait for the run itself.
    pub(super) of_run: [bool; N],
}

/// The steps that were reached at a level, and those of them whose events are still to be followed.
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
        // A step that collects only results of caught failures gets an empty `Vec` where none was caught.
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

    /// Repeats the search until it finds no more; with `catch`, follows caught failures too.
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
                    // The first step of the run is itself at the outermost level.
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

    /// Marks the steps that collect events of the reached ones; returns whether one is new.
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

    /// Reaches a step at a level. Its own events stay at that level; if it opens a fan-out, those of the fan-out's
    /// collectors do.
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

    /// Returns the steps that are reached within the fan-out of a step.
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

    /// Returns whether a step is known to collect at some level.
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

    /// Pushes a step; no step is pushed twice, since the opener of a fan-out is pushed only at the beginning.
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

/// Returns whether a step collects at the level of a fan-out: it names that one, or none.
const fn is_of<const N: usize>(steps: &[StepShape; N], collector: usize, opener: Option<usize>) -> bool {
    match (steps[collector].inputs[0].from, opener) {
        (None, _) => true,
        (Some(from), Some(opener)) => same(from, steps[opener].name),
        (Some(_), None) => false,
    }
}

/// Marks the collectors that name this fan-out; returns whether one is new.
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

/// Returns the step that catches failures.
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
