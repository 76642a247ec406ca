//! The model of a workflow.

use super::attribute::Options;
use crate::faults::Faults;
use crate::function::{Function, Parameter};
use crate::held::{self, Kind};
use syn::{GenericArgument, PathArguments, Type, parse_quote};

/// A function with `#[workflow]`.
pub(crate) struct Workflow {
    pub(crate) function: Function,
    pub(crate) options: Options,
    /// The recorded name.
    pub(crate) name: String,
    /// The first parameter.
    pub(crate) handle: Option<Parameter>,
    pub(crate) form: Form,
    /// The parameter after the handle.
    pub(crate) input: Option<Parameter>,
    /// Excess parameters after that.
    pub(crate) excess: Vec<Parameter>,
    /// Parameters that only steps can have.
    pub(crate) held: Vec<(Kind, Parameter)>,
}

/// The form in which the handle is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `start: Start<C>`.
    Start,
    /// `flow: &mut Flow<C>`.
    FlowMut,
    /// `flow: &Flow<C>`.
    Flow,
    /// Any other form.
    Unknown,
}

impl Workflow {
    pub(crate) fn new(mut function: Function, options: Options, faults: &Faults) -> Self {
        let (mut held, mut parameters) = (Vec::new(), Vec::new());
        for mut parameter in std::mem::take(&mut function.parameters) {
            match held::take(&mut parameter, faults) {
                Some(kind) => held.push((kind, parameter)),
                None => parameters.push(parameter),
            }
        }
        let mut parameters = parameters.into_iter();
        let (handle, input) = (parameters.next(), parameters.next());
        let mut excess: Vec<_> = parameters.collect();
        let input = input.map(|input| with_tick(input, &mut excess));
        let form = handle.as_ref().map_or(Form::Unknown, |handle| Form::of(&handle.ty));
        let name = options.name.clone().unwrap_or_else(|| function.name());
        Self { function, options, name, handle, form, input, excess, held }
    }

    /// Returns the context's type, by the attribute.
    pub(crate) fn context(&self) -> Option<&Type> {
        self.options.context.as_ref()
    }

    /// Returns whether its handle has a context, which is made from defaults.
    pub(crate) fn begins_with_defaults(&self) -> bool {
        matches!(self.form, Form::FlowMut | Form::Flow)
    }
}

impl Form {
    /// Detects the form by the type's last word, so that an alias of the user, such as `OrderFlow`, works too.
    fn of(ty: &Type) -> Self {
        let ends = |ty: &Type, with| Function::last_word(ty).is_some_and(|word| word.ends_with(with));
        match ty {
            Type::Path(_) if ends(ty, "Start") => Self::Start,
            Type::Reference(reference) if ends(&reference.elem, "Flow") => {
                if reference.mutability.is_some() {
                    Self::FlowMut
                } else {
                    Self::Flow
                }
            }
            _ => Self::Unknown,
        }
    }
}

/// Returns the input of a workflow that takes the `Tick` of a schedule and one value: a pair.
fn with_tick(tick: Parameter, excess: &mut Vec<Parameter>) -> Parameter {
    let is_tick = Function::last_word(&tick.ty).is_some_and(|word| word == "Tick");
    if !is_tick || excess.len() != 1 {
        return tick;
    }
    let Some(value) = excess.pop() else { return tick };
    let Parameter { mut attributes, pattern, ty, name } = tick;
    attributes.extend(value.attributes);
    let (value_pattern, value_ty) = (value.pattern, value.ty);
    let pattern = parse_quote!((#pattern, #value_pattern));
    Parameter { attributes, pattern, ty: parse_quote!((#ty, #value_ty)), name }
}

/// Returns whether the handle is written with its own name, and not an alias of the user.
pub(crate) fn is_own_name(ty: &Type) -> bool {
    match ty {
        Type::Reference(reference) => is_own_name(&reference.elem),
        ty => Function::last_word(ty).is_some_and(|word| word == "Start" || word == "Flow"),
    }
}

/// Returns the `C` of `Start<C>`, `&mut Flow<C>`.
pub(crate) fn parameter_of(ty: &Type) -> Option<&Type> {
    match ty {
        Type::Reference(reference) => parameter_of(&reference.elem),
        Type::Path(path) => match &path.path.segments.last()?.arguments {
            PathArguments::AngleBracketed(arguments) => arguments.args.iter().find_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            }),
            _ => None,
        },
        _ => None,
    }
}
