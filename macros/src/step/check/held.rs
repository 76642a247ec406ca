//! Checks provided parameters, which are shared by concurrent steps.

use super::super::input::{Held, Step};
use crate::faults::Faults;
use crate::held::Kind;
use crate::name;
use syn::{GenericArgument, PathArguments, Type};

/// Refuses `#[resource] db: Db`, `#[resource] db: &mut Db`, `session: &mut Session`, `#[resource] mailer: &dyn Mailer`.
pub(super) fn is_shared(taken: &Held, faults: &Faults) {
    let ty = name::as_written(unpacked(taken.ty()));
    let mark = if taken.kind == Kind::Resource { "#[resource] " } else { "" };
    let name = &taken.parameter.name;
    let right = format!("write `{mark}{name}: &{ty}`");
    let Type::Reference(reference) = &taken.parameter.ty else {
        let fault = "a resource is shared by all runs, so a step takes it by reference";
        let ty = name::as_written(shared(&taken.parameter.ty));
        let right = format!("write `{mark}{name}: &{ty}`");
        return faults.add(&taken.parameter.ty, fault, right);
    };
    if reference.mutability.is_some() {
        let (fault, help) = match taken.kind {
            Kind::Resource => (
                "a resource is shared by all runs, so a step cannot have it for itself",
                format!("{right}; what changes in it needs a lock of its own"),
            ),
            Kind::Session => (
                "the session is shared by the steps of a run, so none can have it for itself",
                format!("{right}: that is enough for `session.insert(..)`"),
            ),
            Kind::State => (
                "the state is shared by the steps of a run, so none can have it for itself",
                format!("{right}: that is enough for `{name}.edit(|s| ..)`"),
            ),
            Kind::Scope => ("a step reads its scope, and cannot change it", right),
        };
        return faults.add(&taken.parameter.ty, fault, help);
    }
    if let Some(lifetime) = &reference.lifetime {
        return faults.add(lifetime, "what a step gets of the engine is borrowed for as long as the step runs", right);
    }
    unsized_resource(taken, faults);
}

/// Refuses `session: &Session` and `state: &State<S>` of a step that runs in another process.
pub(super) fn is_there(step: &Step, taken: &Held, faults: &Faults) {
    let Some(queue) = &step.options.queue else { return };
    let (fault, help) = match taken.kind {
        Kind::Session => (
            "the session lives in the process of the workflow, and a step with a queue runs in another one",
            "take a `#[resource]`, which each process has for itself".to_owned(),
        ),
        Kind::State => (
            "an edit is made in the process of the workflow, and a step with a queue runs in another one",
            "return what changes, and edit the state in the workflow or in a step without a queue".to_owned(),
        ),
        Kind::Resource | Kind::Scope => return,
    };
    let help = format!("{help}, or leave `queue = {}` away", quote::quote!(#queue));
    faults.add(&taken.parameter.ty, fault, help);
}

/// Refuses `#[resource] mailer: &dyn Mailer`, `#[resource] url: &str`.
fn unsized_resource(taken: &Held, faults: &Faults) {
    let ty = unpacked(taken.ty());
    let name = &taken.parameter.name;
    let help = match ty {
        Type::TraitObject(_) => {
            let object = name::as_written(ty);
            format!(
                "register a box, `.resource(Box::new(..) as Box<{object}>)`, and write `#[resource] {name}: &Box<{object}>`"
            )
        }
        Type::ImplTrait(_) => "write the type itself, as it is registered".to_owned(),
        Type::Slice(_) => "give it a type of its own: `struct Hosts(Vec<String>);`".to_owned(),
        ty if name::as_written(ty) == "str" => "give it a type of its own: `struct BaseUrl(String);`".to_owned(),
        _ => return,
    };
    faults.add(&taken.parameter.ty, "a resource is found by its type, so it has one of its own", help);
}

/// Removes the parentheses of a type: `&(dyn Mailer + Send)`.
fn unpacked(ty: &Type) -> &Type {
    match ty {
        Type::Paren(inner) => unpacked(&inner.elem),
        Type::Group(inner) => unpacked(&inner.elem),
        ty => ty,
    }
}

/// Removes `Arc` or `Rc` from a type: a reference is all the sharing that a step needs.
fn shared(ty: &Type) -> &Type {
    if let Type::Path(path) = unpacked(ty)
        && let Some(last) = path.path.segments.last()
        && (last.ident == "Arc" || last.ident == "Rc")
        && let PathArguments::AngleBracketed(arguments) = &last.arguments
        && let Some(GenericArgument::Type(inner)) = arguments.args.first()
    {
        return shared(inner);
    }
    unpacked(ty)
}
