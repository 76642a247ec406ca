//! Parameters that the engine provides: `#[resource] db: &Db`, `session: &Session`, `scope: &StepScope`, `state:
//! &State<Progress>`.

use crate::faults::Faults;
use crate::function::{Function, Parameter};
use syn::{Attribute, Meta, Type};

/// The kind of a provided parameter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One object for all runs, by type.
    Resource,
    /// The run's live values.
    Session,
    /// The attempt of the step.
    Scope,
    /// The shared state of the run's concurrent steps.
    State,
}

/// Returns the kind of a parameter, if the engine provides it. Removes its `#[resource]`, and reports one that is
/// malformed.
pub(crate) fn take(parameter: &mut Parameter, faults: &Faults) -> Option<Kind> {
    let all = std::mem::take(&mut parameter.attributes);
    let (marks, rest): (Vec<Attribute>, Vec<_>) = all.into_iter().partition(|mark| mark.path().is_ident("resource"));
    parameter.attributes = rest;
    if let Some(twice) = marks.get(1) {
        faults.add(twice, "`resource` is given twice", "keep one of them");
    }
    if let Some(mark) = marks.first() {
        if !matches!(mark.meta, Meta::Path(_)) {
            faults.add(mark, "`resource` is written another way", "write `#[resource]`: the type says which one it is");
        }
        return Some(Kind::Resource);
    }
    let Type::Reference(reference) = &parameter.ty else { return None };
    match Function::last_word(&reference.elem)?.as_str() {
        "Session" => Some(Kind::Session),
        "StepScope" => Some(Kind::Scope),
        "State" => Some(Kind::State),
        _ => None,
    }
}
