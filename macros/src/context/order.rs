//! The order in which the values of transient fields are created.

use super::input::Transient;
use crate::name;

/// The order, and the cycles that prevent one.
pub(super) struct Order {
    /// The indices of the fields: each after those that it needs, otherwise as in the struct.
    pub(super) indices: Vec<usize>,
    /// Fields that need each other: each needs the next one, and the last one the first.
    pub(super) cycles: Vec<Vec<usize>>,
}

impl Order {
    pub(super) fn of(fields: &[Transient]) -> Self {
        let mut order = Self { indices: Vec::new(), cycles: Vec::new() };
        while order.indices.len() < fields.len() {
            let missing = |index: usize| needs(fields, index).find(|need| !order.indices.contains(need));
            let mut waiting = (0..fields.len()).filter(|index| !order.indices.contains(index));
            let first = waiting.clone().next().expect("fewer are made than there are");
            if let Some(ready) = waiting.find(|index| missing(*index).is_none()) {
                order.indices.push(ready);
            } else {
                // Each waiting field needs another waiting one, so following them leads into a cycle.
                let mut way = vec![first];
                let start = loop {
                    let next = missing(way[way.len() - 1]).expect("none is ready");
                    if let Some(start) = way.iter().position(|index| *index == next) {
                        break start;
                    }
                    way.push(next);
                };
                let mut cycle = way.split_off(start);
                let lowest = (0..cycle.len()).min_by_key(|place| cycle[*place]).expect("a cycle has members");
                cycle.rotate_left(lowest);
                order.indices.extend(&cycle);
                order.cycles.push(cycle);
            }
        }
        order
    }
}

/// Returns the index of the field that `after` names.
pub(super) fn named(fields: &[Transient], name: &syn::Ident) -> Option<usize> {
    let name = name::plain(name);
    fields.iter().position(|field| field.name == name)
}

fn needs(fields: &[Transient], index: usize) -> impl Iterator<Item = usize> {
    fields[index].after().iter().filter_map(|name| named(fields, name))
}
