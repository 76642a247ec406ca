//! Checks that a step waits for one fan-out only, and for one that exists.

use super::super::{text::Text, ways::Ways};

/// Checks that a parameter with `from` names a step that has a fan-out, and whose events lead here; called at the
/// parameter's type.
#[track_caller]
pub const fn collected_from<const N: usize>(ways: &Ways<N>, step: usize, parameter: usize) {
    let Some(from) = ways.steps[step].inputs[parameter].from else { return };
    let Some(opener) = ways.position(from) else {
        Text::new()
            .add("there is no step `")
            .add(from)
            .add("` in this workflow\n= help: name the step whose fan-out is waited for")
            .fail();
    };
    if !ways.steps[opener].output.is_several() {
        Text::new()
            .add("step `")
            .add(from)
            .add("` returns one event at a time, so there is no fan-out of it to wait for\n= help: name a step that returns a `Vec` or a tuple")
            .fail();
    }
    if !ways.leads_to(opener, step) {
        Text::new()
            .add("nothing that comes of step `")
            .add(from)
            .add("` comes to step `")
            .add(ways.steps[step].name)
            .add("`, so it cannot wait for that fan-out\n= help: name the step whose events lead to this one, or write `#[collect]` for the nearest fan-out")
            .fail();
    }
}

/// Checks that a step which collects at two nested levels says which one it waits for; called at the parameter's type.
#[track_caller]
pub const fn collected_at_one_level<const N: usize>(ways: &Ways<N>, step: usize) {
    let Some([outer, inner]) = ways.collected_twice(step) else { return };
    let (outer, inner) = (ways.steps[outer].name, ways.steps[inner].name);
    Text::new()
        .add("step `")
        .add(ways.steps[step].name)
        .add("` collects what comes of `")
        .add(outer)
        .add("` and what comes of `")
        .add(inner)
        .add("` within it, and does not say which it waits for\n= help: write `#[collect(from = ")
        .add(outer)
        .add(")]`, or let the steps between return an event of another type")
        .fail();
}
