//! What must hold of a graph, checked by the compiler: one function for each rule, called in a constant at the user's token.

use super::shape::{Shape, Source, StepShape, Trigger, same};
use super::text::Text;

type Steps = [StepShape];

/// Exactly one step begins: called at the type.
#[track_caller]
pub const fn has_start(steps: &Steps) {
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

/// Some step ends the run: called at the type.
#[track_caller]
pub const fn has_stop(steps: &Steps) {
    if !stops_somewhere(steps) {
        Text::new()
            .add("no step ends this workflow\n= help: return `Result<Stop<Report>>` from the last one, with what the run comes to")
            .fail();
    }
}

/// No step before this one begins too: called at its parameter.
#[track_caller]
pub const fn one_start(steps: &Steps, step: usize) {
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

/// Each event that a step returns or sends is taken by some step: called at its return type.
#[track_caller]
pub const fn produced_is_taken(steps: &Steps, step: usize) {
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
        Shape::Nothing | Shape::Stop(_) => {}
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

/// What a parameter takes comes from somewhere: called at its type.
#[track_caller]
pub const fn taken_is_produced(steps: &Steps, step: usize, parameter: usize) {
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
        Source::Begin(_) => {}
        Source::Failure => {
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

/// No step before takes the same event, unless it is for all who take it: called at the parameter's type.
#[track_caller]
pub const fn taken_once(steps: &Steps, step: usize, parameter: usize) {
    let taken = &steps[step].inputs[parameter].taken;
    let mut index = 0;
    while index <= step {
        let inputs = steps[index].inputs;
        let mut other = 0;
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
                    .add("`, and are told apart by it in the journal\n= help: give one another, `#[event(name = \"..\")]`")
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
        // Said in other words.
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

/// A parameter that waits for the fan-out of a step names one that has a fan-out: called at the parameter's type.
#[track_caller]
pub const fn collected_from(steps: &Steps, step: usize, parameter: usize) {
    let Some(from) = steps[step].inputs[parameter].from else { return };
    let mut index = 0;
    while index < steps.len() {
        if same(steps[index].name, from) {
            if steps[index].output.is_several() {
                return;
            }
            Text::new()
                .add("step `")
                .add(from)
                .add("` returns one event at a time, so there is no fan-out of it to wait for\n= help: name a step that returns a `Vec` or a tuple")
                .fail();
        }
        index += 1;
    }
    Text::new()
        .add("there is no step `")
        .add(from)
        .add("` in this workflow\n= help: name the step whose fan-out is waited for")
        .fail();
}

/// From a step some chain of events leads to the end: called at its name.
#[track_caller]
pub const fn reaches_stop(steps: &Steps, step: usize) {
    // Without any end one sentence is enough.
    if !stops_somewhere(steps) || is_aside(steps, &steps[step]) {
        return;
    }
    let mut reached = [false; MOST];
    let mut changed = true;
    while changed {
        changed = false;
        let mut index = 0;
        while index < steps.len() && index < MOST {
            if !reached[index] && leads_on(steps, &steps[index], &reached) {
                reached[index] = true;
                changed = true;
            }
            index += 1;
        }
    }
    if step < MOST && !reached[step] {
        Text::new()
            .add("nothing that comes of step `")
            .add(steps[step].name)
            .add(
                "` ever ends the run\n= help: return an event that a step on the way to `Stop` takes, or `Stop` itself",
            )
            .fail();
    }
}

/// More steps than this are not looked at.
const MOST: usize = 256;

/// Whether a step ends the run, or gives something to one that is known to lead there. What nobody takes is a fault of its own.
const fn leads_on(steps: &Steps, step: &StepShape, reached: &[bool; MOST]) -> bool {
    if step.output.stops() || has_untaken(steps, &step.output) {
        return true;
    }
    let mut index = 0;
    while index < steps.len() && index < MOST {
        if reached[index] {
            let inputs = steps[index].inputs;
            let mut parameter = 0;
            while parameter < inputs.len() {
                if step.gives(&inputs[parameter].taken) {
                    return true;
                }
                parameter += 1;
            }
        }
        index += 1;
    }
    false
}

const fn has_untaken(steps: &Steps, shape: &Shape) -> bool {
    match shape {
        Shape::Nothing | Shape::Stop(_) => false,
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

/// A step that only watches: it returns nothing, and what it takes goes to others too, or it is on a timer; or it begins a
/// run in which all that matters comes of itself or from outside.
const fn is_aside(steps: &Steps, step: &StepShape) -> bool {
    if !matches!(step.output, Shape::Nothing) || !step.sends.is_empty() {
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
const fn has_other_source(steps: &Steps) -> bool {
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

const fn is_taken(steps: &Steps, source: &Source) -> bool {
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

const fn begins(step: &StepShape) -> bool {
    let mut index = 0;
    while index < step.inputs.len() {
        if matches!(step.inputs[index].taken, Source::Begin(_)) {
            return true;
        }
        index += 1;
    }
    false
}

const fn stops_somewhere(steps: &Steps) -> bool {
    let mut index = 0;
    while index < steps.len() {
        if steps[index].output.stops() {
            return true;
        }
        index += 1;
    }
    false
}
