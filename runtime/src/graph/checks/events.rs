//! Checks that each event has an origin, and one step that takes it.

use super::super::{
    shape::{Shape, Source, StepShape, same},
    text::Text,
    ways::{Ways, is_taken},
};
use super::Steps;

/// Checks that some step takes each event that a step returns or sends; called at its return type.
#[track_caller]
pub const fn produced_is_taken<const N: usize>(ways: &Ways<N>, step: usize) {
    let steps: &Steps = &ways.steps;
    shape_is_taken(steps, &steps[step], &steps[step].output);
    let mut index = 0;
    while index < steps[step].sends.len() {
        event_is_taken(steps, &steps[step], &Source::Event(steps[step].sends[index]), "sends");
        index += 1;
    }
}

#[track_caller]
const fn shape_is_taken(steps: &Steps, step: &StepShape, shape: &Shape) {
    match shape {
        Shape::Nothing | Shape::Stop(_) | Shape::Update(_) => {}
        Shape::Event(event) => event_is_taken(steps, step, &Source::Event(**event), "returns"),
        Shape::Ask(question) => {
            if !is_taken(steps, &Source::Answer(*question)) {
                Text::new()
                    .add("step `")
                    .add(step.name)
                    .add("` asks `")
                    .add(question.name)
                    .add("`, and no step takes the answer\n= help: add a step with a parameter `answered: Answered<")
                    .add(question.name)
                    .add(", ")
                    .add(question.answer)
                    .add(">`")
                    .fail();
            }
        }
        Shape::Many(inner) | Shape::Maybe(inner) => shape_is_taken(steps, step, inner),
        Shape::All(parts) | Shape::One(parts) => {
            let mut index = 0;
            while index < parts.len() {
                shape_is_taken(steps, step, parts[index]);
                index += 1;
            }
        }
    }
}

#[track_caller]
const fn event_is_taken(steps: &Steps, step: &StepShape, source: &Source, how: &str) {
    let Source::Event(event) = source else { return };
    if !is_taken(steps, source) {
        Text::new()
            .add("step `")
            .add(step.name)
            .add("` ")
            .add(how)
            .add(" the event `")
            .add(event.name)
            .add("`, and no step takes it\n= help: add a step with a parameter of type `")
            .add(event.name)
            .add("`, or do not return it")
            .fail();
    }
}

/// Checks that the event of a parameter has an origin; called at its type.
#[track_caller]
pub const fn taken_is_produced<const N: usize>(ways: &Ways<N>, step: usize, parameter: usize) {
    let steps: &Steps = &ways.steps;
    let input = &steps[step].inputs[parameter];
    let taken = &input.taken;
    let mut index = 0;
    while index < steps.len() {
        if steps[index].gives(taken) {
            return;
        }
        index += 1;
    }
    let text = Text::new().add("step `").add(steps[step].name);
    match taken {
        Source::Begin(_) if input.collect => text
            .add("` collects the start of the run, and a run starts once\n= help: take `begin: Begin<Input>`, without `#[collect]`")
            .fail(),
        Source::Begin(_) => {}
        Source::Failure => {
            if input.collect {
                text.add("` collects failures, and they are taken one at a time\n= help: write `caught: Caught`, without `#[collect]`, and `#[step(catch)]`").fail();
            }
            if steps[step].catches.is_none() {
                text.add("` takes the failures of other steps without saying so\n= help: write `#[step(catch)]` on it").fail();
            }
        }
        Source::Answer(question) => text
            .add("` takes the answer to `")
            .add(question.name)
            .add("`, and no step asks that\n= help: return `Ask<")
            .add(question.name)
            .add(", ")
            .add(question.answer)
            .add(">` from a step")
            .fail(),
        Source::Event(event) if event.external => {}
        Source::Event(event) if input.collect => text
            .add("` collects the event `")
            .add(event.name)
            .add("`, and no step returns it: it would always get an empty `Vec`\n= help: return it from a step of the fan-out, or write `#[event(external)]` on it if it comes from outside")
            .fail(),
        Source::Event(event) => text
            .add("` takes the event `")
            .add(event.name)
            .add("`, and no step returns it\n= help: return it from a step, or write `#[event(external)]` on it if it comes from outside")
            .fail(),
    }
}

/// Checks that no earlier step takes the same event, unless it is a broadcast; called at the parameter's type.
#[track_caller]
pub const fn taken_once<const N: usize>(ways: &Ways<N>, step: usize, parameter: usize) {
    let steps: &Steps = &ways.steps;
    let taken = &steps[step].inputs[parameter].taken;
    let mut index = 0;
    while index <= step {
        let inputs = steps[index].inputs;
        let mut other = 0;
        // Of the step itself, only the parameters before this one count.
        while other < inputs.len() && (index < step || other < parameter) {
            if inputs[other].taken.is(taken) {
                twice(&steps[index], &steps[step], taken, index == step);
            }
            if let (Source::Answer(one), Source::Answer(two)) = (&inputs[other].taken, taken)
                && same(one.name, two.name)
                && !same(one.answer, two.answer)
            {
                Text::new()
                    .add("the question `")
                    .add(one.name)
                    .add("` has two types of answers in this workflow, `")
                    .add(one.answer)
                    .add("` and `")
                    .add(two.answer)
                    .add("`\n= help: make them one enum, or ask two types of questions")
                    .fail();
            }
            if let (Source::Event(one), Source::Event(two)) = (&inputs[other].taken, taken)
                && same(one.name, two.name)
                && !same(one.path, two.path)
            {
                Text::new()
                    .add("two types of events of this workflow have the name `")
                    .add(two.name)
                    .add("`, and the journal distinguishes them by it\n= help: give one another, `#[event(name = \"..\")]`")
                    .fail();
            }
            other += 1;
        }
        index += 1;
    }
}

#[track_caller]
const fn twice(one: &StepShape, two: &StepShape, taken: &Source, itself: bool) {
    let event = match taken {
        Source::Event(event) if event.broadcast && !itself => return,
        Source::Event(event) => event.name,
        Source::Answer(question) => question.name,
        // Other rules report these.
        Source::Begin(_) | Source::Failure => return,
    };
    if itself {
        Text::new()
            .add("step `")
            .add(two.name)
            .add("` takes `")
            .add(event)
            .add("` twice\n= help: write `#[collect(2)] both: Vec<")
            .add(event)
            .add(">`")
            .fail();
    }
    Text::new()
        .add("two steps take `")
        .add(event)
        .add("`, `")
        .add(one.name)
        .add("` and `")
        .add(two.name)
        .add("`: only one can get it\n= help: let one return another event for the other, or write `#[event(broadcast)]` on `")
        .add(event)
        .add("` if both shall get it")
        .fail();
}
