//! Checks the dependencies of restore hooks.

use super::super::input::{Context, Transient};
use super::super::order::{Order, named};
use crate::faults::Faults;
use crate::name;
use crate::suggest;

pub(super) fn all(context: &Context, faults: &Faults) {
    for field in &context.transient {
        waits_for_transient_fields(context, field, faults);
    }
    no_cycle(&context.transient, faults);
}

/// Refuses `restore(open_index, after = user_id)`: only transient fields can be waited for.
fn waits_for_transient_fields(context: &Context, field: &Transient, faults: &Faults) {
    let mut seen = Vec::new();
    for ident in field.after() {
        let name = name::plain(ident);
        if seen.contains(&name) {
            faults.add(ident, format!("`{name}` stands twice in `after`"), "drop one of them");
        } else if context.fields.iter().any(|field| field.name == name) {
            let help = format!("drop it from `after`; the hook reads `stored.{ident}`");
            let fault = format!("`{name}` is a stored field: stored fields are all there before any hook runs");
            faults.add(ident, fault, help);
        } else if named(&context.transient, ident).is_none() {
            let known = context.transient.iter().map(|field| field.name.as_str()).collect::<Vec<_>>();
            faults.add(ident, format!("there is no transient field `{name}`"), suggest::help(&name, &known));
        }
        seen.push(name);
    }
}

/// Refuses `restore(open_db, after = index)` with `restore(open_index, after = db)`.
fn no_cycle(fields: &[Transient], faults: &Faults) {
    for cycle in Order::of(fields).cycles {
        let next = cycle.get(1).unwrap_or(&cycle[0]);
        let place = fields[cycle[0]].after().iter().find(|name| named(fields, name) == Some(*next));
        let chain = cycle.iter().chain(&cycle[..1]).map(|index| fields[*index].name.as_str()).collect::<Vec<_>>();
        let chain = chain.join(" -> ");
        let fault = if cycle.len() == 1 {
            format!("this hook waits for the value that it makes: {chain}")
        } else {
            format!("these hooks wait for each other: {chain}")
        };
        faults.add(place, fault, "drop one `after`, so that one of the values can be made first");
    }
}
