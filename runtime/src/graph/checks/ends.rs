//! Checks that a graph has one beginning, and an end that every step leads to.

use super::super::{
    text::Text,
    ways::{Ways, begins, is_aside, stops_somewhere},
};
use super::Steps;

/// Checks that some step begins the run; called at the type.
#[track_caller]
pub const fn has_start<const N: usize>(ways: &Ways<N>) {
    let steps: &Steps = &ways.steps;
    let mut index = 0;
    while index < steps.len() {
        if begins(&steps[index]) {
            return;
        }
        index += 1;
    }
    Text::new()
        .add("no step begins this workflow\n= help: let one take the run's input, `begin: Begin<Input>`; without an input `begin: Begin<()>`")
        .fail();
}

/// Checks that some step ends the run; called at the type.
#[track_caller]
pub const fn has_stop<const N: usize>(ways: &Ways<N>) {
    let steps: &Steps = &ways.steps;
    if !stops_somewhere(steps) {
        Text::new()
            .add("no step ends this workflow\n= help: return `Result<Stop<Report>>` from the last one, with what the run comes to")
            .fail();
    }
}

/// Checks that no earlier step begins the run too; called at the step's parameter.
#[track_caller]
pub const fn one_start<const N: usize>(ways: &Ways<N>, step: usize) {
    let steps: &Steps = &ways.steps;
    let mut index = 0;
    while index < step {
        if begins(&steps[index]) && begins(&steps[step]) {
            Text::new()
                .add("two steps begin this workflow, `")
                .add(steps[index].name)
                .add("` and `")
                .add(steps[step].name)
                .add("`\n= help: let one take `Begin`, and return an event that the other takes")
                .fail();
        }
        index += 1;
    }
}

/// Checks that some chain of events leads from a step to the end; called at its name.
#[track_caller]
pub const fn reaches_stop<const N: usize>(ways: &Ways<N>, step: usize) {
    let steps: &Steps = &ways.steps;
    // Without any end, the message of `has_stop` is enough.
    if stops_somewhere(steps) && !is_aside(steps, &steps[step]) && !ways.reaches_the_end(step) {
        Text::new()
            .add("nothing that comes of step `")
            .add(steps[step].name)
            .add(
                "` ever ends the run\n= help: return an event that a step on the way to `Stop` takes, or `Stop` itself",
            )
            .fail();
    }
}
