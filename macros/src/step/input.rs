//! The model of a step.

use super::attribute::Options;
use crate::aliases;
use crate::assignment;
use crate::faults::Faults;
use crate::function::{Function, Parameter};
use crate::held::{self, Kind};
use crate::kept;
use syn::{Ident, Type, TypeReference};

/// A function with `#[step]`.
pub(crate) struct Step {
    pub(crate) function: Function,
    pub(crate) options: Options,
    /// The recorded name.
    pub(crate) name: String,
    pub(crate) context: Option<ContextParameter>,
    /// The other parameters, in the order of the function.
    pub(crate) others: Vec<Other>,
    /// The handle of a transaction, which precedes them.
    pub(crate) tx: Option<Parameter>,
    /// Whether it belongs to an event-driven workflow, which has no body that could change the context.
    pub(crate) in_graph: bool,
}

/// The first parameter, if it is a reference and not provided by the engine.
pub(crate) struct ContextParameter {
    pub(crate) parameter: Parameter,
    pub(crate) reference: TypeReference,
}

/// A parameter after the context.
pub(crate) enum Other {
    /// Passed by the workflow, and recorded.
    Argument(Parameter),
    /// Provided by the engine.
    Held(Held),
}

/// A parameter that the engine provides.
pub(crate) struct Held {
    pub(crate) kind: Kind,
    pub(crate) parameter: Parameter,
}

impl Held {
    /// Returns the type behind the reference.
    pub(crate) fn ty(&self) -> &Type {
        match &self.parameter.ty {
            Type::Reference(reference) => &reference.elem,
            other => other,
        }
    }
}

impl Step {
    pub(crate) fn new(mut function: Function, options: Options, faults: &Faults) -> Self {
        let mut context = None;
        let mut others = Vec::new();
        for (index, mut parameter) in std::mem::take(&mut function.parameters).into_iter().enumerate() {
            let kind = held::take(&mut parameter, faults);
            match (kind, parameter.ty.clone()) {
                (Some(kind), _) => others.push(Other::Held(Held { kind, parameter })),
                (None, Type::Reference(reference)) if index == 0 && !is_text_or_slice(&reference.elem) => {
                    context = Some(ContextParameter { parameter, reference });
                }
                (None, _) => others.push(Other::Argument(parameter)),
            }
        }
        let name = options.name.clone().unwrap_or_else(|| function.name());
        Self { function, options, name, context, others, tx: None, in_graph: false }
    }

    /// Returns its kind, for messages.
    pub(crate) const fn kind(&self) -> &'static str {
        if self.tx.is_some() { "transaction" } else { "step" }
    }

    /// Returns the parameters that the workflow passes.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = &Parameter> {
        self.others.iter().filter_map(|other| match other {
            Other::Argument(argument) => Some(argument),
            Other::Held(_) => None,
        })
    }

    /// Returns the parameters that the engine provides.
    pub(crate) fn held(&self) -> impl Iterator<Item = &Held> {
        self.others.iter().filter_map(|other| match other {
            Other::Held(held) => Some(held),
            Other::Argument(_) => None,
        })
    }

    /// Returns the names of the context and of the shared state in the body, unless they are bound to something else too.
    pub(crate) fn own_names(&self) -> Vec<Ident> {
        let context = self.context.iter().map(|context| &context.parameter.pattern);
        let state = self.held().filter(|held| held.kind == Kind::State).map(|held| &held.parameter.pattern);
        let mut names = kept::names(context.chain(state));
        names.retain(|name| assignment::times_bound(name, &self.function.block) == 0);
        let others = names.iter().flat_map(|name| aliases::of(name, &self.function.block)).map(|alias| alias.name);
        let others = others.collect::<Vec<_>>();
        names.extend(others);
        names
    }

    /// Returns whether a parameter is a reference, so that `direct` has a lifetime.
    pub(crate) fn borrows(&self) -> bool {
        self.context.is_some() || self.held().next().is_some()
    }
}

/// Returns whether a type is that of `&str` or `&[T]`, which are mistaken arguments and not contexts.
fn is_text_or_slice(ty: &Type) -> bool {
    matches!(ty, Type::Slice(_) | Type::Reference(_)) || Function::last_word(ty).is_some_and(|word| word == "str")
}
