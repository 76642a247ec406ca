//! What a step is made of.

use super::attribute::Options;
use crate::function::{Function, Parameter};
use syn::{Type, TypeReference};

/// A function with `#[step]`.
pub(crate) struct Step {
    pub(crate) function: Function,
    pub(crate) options: Options,
    /// The recorded name.
    pub(crate) name: String,
    pub(crate) context: Option<ContextParameter>,
    pub(crate) arguments: Vec<Parameter>,
}

/// The first parameter, if it is a reference.
pub(crate) struct ContextParameter {
    pub(crate) parameter: Parameter,
    pub(crate) reference: TypeReference,
}

impl Step {
    pub(crate) fn new(mut function: Function, options: Options) -> Self {
        let mut arguments = std::mem::take(&mut function.parameters);
        let context = match arguments.first().map(|first| first.ty.clone()) {
            Some(Type::Reference(reference)) if !is_text_or_slice(&reference.elem) => {
                Some(ContextParameter { parameter: arguments.remove(0), reference })
            }
            _ => None,
        };
        let name = options.name.clone().unwrap_or_else(|| function.name());
        Self { function, options, name, context, arguments }
    }
}

/// `&str` and `&[T]` are arguments by mistake, and no contexts.
fn is_text_or_slice(ty: &Type) -> bool {
    matches!(ty, Type::Slice(_) | Type::Reference(_)) || Function::last_word(ty).is_some_and(|word| word == "str")
}
