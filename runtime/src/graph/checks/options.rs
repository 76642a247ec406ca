//! Checks that each option of a step has an effect, and that a change of the context has a context.

use super::super::{
    shape::{Source, StepShape, same},
    text::Text,
    ways::{Ways, begins},
};
use super::Steps;

/// Checks that a step with `catch` takes failures; called at its parameter's type.
#[track_caller]
pub const fn catch_takes_failures<const N: usize>(ways: &Ways<N>, step: usize) {
    let steps: &Steps = &ways.steps;
    let StepShape { name, inputs, catches, .. } = &steps[step];
    if catches.is_none() || inputs.is_empty() || matches!(inputs[0].taken, Source::Failure) {
        return;
    }
    let taken = match &inputs[0].taken {
        Source::Event(event) => event.name,
        Source::Answer(_) => "Answered",
        Source::Begin(_) | Source::Failure => "Begin",
    };
    Text::new()
        .add("step `")
        .add(name)
        .add("` takes the failures of other steps, and this is not one: it is `")
        .add(taken)
        .add("`\n= help: write `caught: Caught`; what the failed step had taken is `caught.event::<YourEvent>()`. Without `catch` it takes the event")
        .fail();
}

/// Checks that a step with `workers` can be called more than once; called at that option.
#[track_caller]
pub const fn workers_have_work<const N: usize>(ways: &Ways<N>, step: usize) {
    let steps: &Steps = &ways.steps;
    if begins(&steps[step]) {
        Text::new()
            .add("step `")
            .add(steps[step].name)
            .add("` begins the run and is called once, so `workers` changes nothing\n= help: take it away, or write it on the step that takes the events")
            .fail();
    }
}

/// Checks that a step changes the context of its workflow and no other; called at its return type.
#[track_caller]
pub const fn updates_its_context<const N: usize>(ways: &Ways<N>, step: usize, context: Option<&str>) {
    let step = &ways.steps[step];
    let Some(updated) = step.output.updates() else { return };
    let text = Text::new().add("step `").add(step.name).add("` changes the context `").add(updated);
    match context {
        None => text
            .add("`, and the workflow has none\n= help: write `#[workflow(context = ")
            .add(updated)
            .add(")]`, or return what is new in an event")
            .fail(),
        Some(context) if !same(context, updated) => text
            .add("`, and the workflow has `")
            .add(context)
            .add("`\n= help: return `Updated<")
            .add(context)
            .add(">`")
            .fail(),
        Some(_) => {}
    }
}
