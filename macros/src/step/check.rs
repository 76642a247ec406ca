//! The rules of steps: one function for each.

mod held;
mod state;

use super::input::{Other, Step};
use crate::assignment::{self, By};
use crate::faults::Faults;
use crate::function::{Function, Parameter, borrows_or_hides};
use crate::held::Kind;
use crate::name;
use syn::visit::{self, Visit};
use syn::{Attribute, Pat, Type};

/// Returns what to do instead of changing the context.
fn change(step: &Step) -> &'static str {
    if step.in_graph {
        "return the change beside the event, `Updated::of(ctx, |c| ..)`; what steps share while they run is `#[workflow(state = ..)]`"
    } else {
        "return the new value, and let the workflow change the context: `flow.update(|c| ..).await?`"
    }
}

/// Checks all but the body.
pub(crate) fn signature(step: &Step, faults: &Faults) {
    step.function.check("step", faults);
    is_async(step, faults);
    parameters(step, faults);
}

pub(crate) fn body(step: &Step, faults: &Faults) {
    body_leaves_the_context(step, faults);
    state::check(step, faults);
}

/// Checks the parameters, other than the handle of a transaction.
pub(crate) fn parameters(step: &Step, faults: &Faults) {
    parameters_always_there(step, faults);
    context_is_shared(step, faults);
    context_is_not_the_handle(step, faults);
    if let Some(context) = &step.context {
        step.function.check_context(&context.reference.elem, faults);
    }
    for other in &step.others {
        match other {
            Other::Argument(argument) if !takes_the_handle(step, &argument.ty, faults) => {
                argument_owns(step, argument, faults);
            }
            // A transaction can have none of these.
            Other::Held(held) if step.tx.is_none() && !takes_the_handle(step, &held.parameter.ty, faults) => {
                held::is_shared(held, faults);
                held::is_there(step, held, faults);
            }
            _ => {}
        }
    }
}

/// Refuses a plain `fn` without `blocking`, and vice versa.
fn is_async(step: &Step, faults: &Faults) {
    let sig = &step.function.sig;
    match (sig.asyncness, step.options.blocking) {
        (None, false) => {
            let help = "write `async fn`, or `#[step(blocking)]` if it blocks its thread";
            faults.add(sig.fn_token, "a step is an `async fn`", help);
        }
        (Some(token), true) => {
            let help = "drop `async` if it blocks its thread, else drop `blocking`";
            faults.add(token, "a blocking step is a plain `fn`", help);
        }
        _ => {}
    }
}

/// Refuses `#[cfg(feature = "mail")] mailer: String`.
fn parameters_always_there(step: &Step, faults: &Faults) {
    let others = step.others.iter().map(|other| match other {
        Other::Argument(argument) => argument,
        Other::Held(held) => &held.parameter,
    });
    for parameter in step.context.iter().map(|context| &context.parameter).chain(others) {
        if let Some(mark) = parameter.attributes.iter().find(|mark| mark.path().is_ident("collect")) {
            let help = "put the step into an `impl` with `#[workflow]`; a workflow function calls `join_all`, or loops";
            faults.add(mark, "only a step of an event-driven workflow collects events", help);
        }
        let sometimes = |mark: &&Attribute| mark.path().is_ident("cfg") || mark.path().is_ident("cfg_attr");
        if let Some(mark) = parameter.attributes.iter().find(sometimes) {
            let help = format!("write the {0} twice, as a whole: `#[cfg(..)] #[{0}] ..`", step.kind());
            faults.add(mark, format!("a parameter of a {} is there in every build or in none", step.kind()), help);
        }
    }
}

/// Refuses `ctx: &mut OrderContext`.
fn context_is_shared(step: &Step, faults: &Faults) {
    let Some(context) = &step.context else { return };
    let reference = &context.reference;
    let ty = name::as_written(&reference.elem);
    if is_handle(&reference.elem) {
        return;
    }
    if reference.mutability.is_some()
        && Function::last_word(&reference.elem).is_some_and(|word| word == "Flow" || word == "Start")
    {
        return handle_in_a_step(step, &context.parameter.ty, faults);
    }
    if reference.mutability.is_some() {
        let help = format!("take `&{ty}`, {}", change(step));
        faults.add(
            &context.parameter.ty,
            format!("a {} can read its context, and cannot change it", step.kind()),
            help,
        );
    } else if let Some(lifetime) = &reference.lifetime {
        faults.add(
            lifetime,
            format!("the context is borrowed for as long as the {} runs", step.kind()),
            format!("write `&{ty}`"),
        );
    }
}

/// Refuses `ctx: &Flow<OrderContext>`.
fn context_is_not_the_handle(step: &Step, faults: &Faults) {
    if let Some(context) = &step.context
        && is_handle(&context.reference.elem)
    {
        handle_in_a_step(step, &context.parameter.ty, faults);
    }
}

/// Refuses `flow: Flow<OrderContext>`, even in a tuple or an `Arc`; returns whether it did.
fn takes_the_handle(step: &Step, ty: &Type, faults: &Faults) -> bool {
    struct Finder(bool);
    impl<'ast> Visit<'ast> for Finder {
        fn visit_type(&mut self, ty: &'ast Type) {
            self.0 |= is_handle(ty);
            visit::visit_type(self, ty);
        }
    }
    let mut finder = Finder(false);
    finder.visit_type(ty);
    if finder.0 {
        handle_in_a_step(step, ty, faults);
    }
    finder.0
}

fn is_handle(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    // `Start` alone may be a type of the user; the handle has a parameter or the path of its crate.
    let ours = path.path.segments.len() > 1 && path.path.segments[0].ident == "steadfast";
    let has_context = path.path.segments.last().is_some_and(|last| !last.arguments.is_empty());
    (ours || has_context) && Function::last_word(ty).is_some_and(|word| word == "Flow" || word == "Start")
}

fn handle_in_a_step(step: &Step, ty: &Type, faults: &Faults) {
    let help = format!("take what it reads, `context: &YourContext`; {}", change(step));
    faults.add(
        ty,
        format!(
            "a {} cannot have the handle of the workflow: it could change the context while other steps read it",
            step.kind()
        ),
        help,
    );
}

/// Refuses `name: &str`, `items: impl Iterator`.
fn argument_owns(step: &Step, argument: &Parameter, faults: &Faults) {
    let ty = &argument.ty;
    if let Type::ImplTrait(_) = ty {
        let help = format!("write the type itself: it is read back when the {} runs again after a crash", step.kind());
        faults.add(ty, format!("an argument of a {} has a type that can be named", step.kind()), help);
    } else if borrows_or_hides(ty) {
        let help = match name::as_written(ty).as_str() {
            "&str" | "&'static str" | "&String" => "write `String`".to_owned(),
            "&[u8]" => "write `Vec<u8>` or `Bytes`".to_owned(),
            written => {
                match ty {
                    Type::Reference(reference) => match &*reference.elem {
                        Type::Slice(slice) => format!("write `Vec<{}>`", name::as_written(&slice.elem)),
                        elem => {
                            let (name, elem) = (&argument.name, name::as_written(elem));
                            if step.tx.is_some() {
                                return faults.add(
                                ty,
                                "an argument of a transaction is recorded, so it cannot be borrowed",
                                format!("write `{elem}`, and pass a clone; only the context, right after `tx`, is borrowed"),
                            );
                            }
                            format!(
                                "write `{elem}`, and pass a clone, or `#[resource] {name}: &{elem}` for something the engine \
                             holds; only the context, in the first place, is borrowed as it is, and `&Session` and `&StepScope` \
                             under just these names"
                            )
                        }
                    },
                    _ => format!("write a type that owns what it holds instead of `{written}`"),
                }
            }
        };
        faults.add(ty, format!("an argument of a {} is recorded, so it cannot be borrowed", step.kind()), help);
    }
}

/// Refuses `ctx.status = ..`, `&mut ctx.status`.
pub(crate) fn body_leaves_the_context(step: &Step, faults: &Faults) {
    if let Some(context) = &step.context
        && context.reference.mutability.is_none()
        && let Pat::Ident(pattern) = &context.parameter.pattern
        && assignment::times_bound(&pattern.ident, &step.function.block) == 0
    {
        let by = if step.in_graph { By::GraphStep(&pattern.ident) } else { By::Step(&pattern.ident) };
        assignment::find(&by, &step.function.block, faults);
    }
    for held in step.held().filter(|held| held.kind == Kind::State) {
        if let Pat::Ident(pattern) = &held.parameter.pattern
            && assignment::times_bound(&pattern.ident, &step.function.block) == 0
        {
            assignment::find(&By::State(&pattern.ident), &step.function.block, faults);
        }
    }
}
