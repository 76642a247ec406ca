//! The rules of workflows: one function for each.

pub(super) mod determinism;
mod handle;
mod shared_flow;
pub(super) mod sources;

use super::input::{Form, Workflow, is_own_name, parameter_of};
use crate::faults::Faults;
use crate::function::borrows_or_hides;
use crate::held::Kind;
use crate::name;
use syn::{Ident, Pat, Type};

/// Checks all but the body.
pub(super) fn signature(workflow: &Workflow, faults: &Faults) {
    workflow.function.check("workflow", faults);
    is_async(workflow, faults);
    has_a_handle(workflow, faults);
    context_is_named(workflow, faults);
    if workflow.context().is_some_and(|context| !workflow.function.check_context(context, faults)) {
        // It reads and changes the context through its handle.
        faults.leave_out_body();
    }
    input_owns(workflow, faults);
    has_one_input(workflow, faults);
    gets_nothing_of_the_engine(workflow, faults);
}

pub(super) fn body(workflow: &Workflow, faults: &Faults) {
    determinism::check(&workflow.function.block, &handle_name(workflow), faults);
    shared_flow::check(workflow, faults);
    handle::check(&workflow.function.block, workflow.handle.as_ref(), faults);
}

/// Returns the names of the handle in the body.
pub(super) fn handles(workflow: &Workflow) -> Vec<Ident> {
    match workflow.handle.as_ref().map(|handle| &handle.pattern) {
        Some(Pat::Ident(handle)) => handle::handles(&handle.ident, &workflow.function.block),
        _ => Vec::new(),
    }
}

/// Returns the name of the flow in the body, for code in messages.
fn handle_name(workflow: &Workflow) -> String {
    match workflow.handle.as_ref().map(|handle| &handle.pattern) {
        Some(Pat::Ident(pattern)) if workflow.form != Form::Start => name::plain(&pattern.ident),
        _ => "flow".into(),
    }
}

/// Refuses a plain `fn`.
fn is_async(workflow: &Workflow, faults: &Faults) {
    let sig = &workflow.function.sig;
    if sig.asyncness.is_none() {
        faults.add(sig.fn_token, "a workflow is an `async fn`", format!("write `async fn {}(..)`", sig.ident));
    }
}

/// Refuses a workflow without a handle, or with another first parameter.
fn has_a_handle(workflow: &Workflow, faults: &Faults) {
    let by_mistake = workflow.handle.is_none() && !workflow.held.is_empty();
    if workflow.form != Form::Unknown || by_mistake {
        return;
    }
    let help = match workflow.context().map(name::as_written) {
        Some(context) => format!(
            "write `start: Start<{context}>`, or `flow: &mut Flow<{context}>` if each of its fields has a default"
        ),
        None => "write `flow: &mut Flow`, and `#[workflow(context = YourContext)]` if it has a context".into(),
    };
    let fault = "the first parameter of a workflow is its handle";
    match &workflow.handle {
        Some(handle) => faults.add(&handle.ty, fault, help),
        None => faults.add(&workflow.function.sig.ident, fault, help),
    }
}

/// Refuses `Start<C>` without `context = C`, and vice versa.
fn context_is_named(workflow: &Workflow, faults: &Faults) {
    let Some(handle) = workflow.handle.as_ref().filter(|_| workflow.form != Form::Unknown) else { return };
    let carried = parameter_of(&handle.ty).filter(|ty| !matches!(ty, Type::Tuple(tuple) if tuple.elems.is_empty()));
    match (carried, workflow.context()) {
        (Some(carried), None) => {
            let carried = name::as_written(carried);
            let fault = format!("the attribute does not name the context `{carried}`");
            faults.add(&handle.ty, fault, format!("write `#[workflow(context = {carried})]`"));
        }
        (None, Some(context)) if is_own_name(&handle.ty) => {
            let (handle_ty, context) = (name::as_written(&handle.ty), name::as_written(context));
            let help = format!("write `{handle_ty}<{context}>`");
            faults.add(&handle.ty, format!("the handle does not carry the context `{context}`"), help);
        }
        _ => {}
    }
}

/// Refuses `order: &Order`.
fn input_owns(workflow: &Workflow, faults: &Faults) {
    if let Some(input) = &workflow.input
        && borrows_or_hides(&input.ty)
    {
        let help = "write a type that can be named and owns what it holds: `String` instead of `&str`";
        faults.add(
            &input.ty,
            "the input of a workflow is recorded, so it can neither borrow nor be `impl Trait`",
            help,
        );
    }
}

/// Refuses two parameters after the handle.
fn has_one_input(workflow: &Workflow, faults: &Faults) {
    let (Some(input), Some(second)) = (&workflow.input, workflow.excess.first()) else { return };
    let types = [input].into_iter().chain(&workflow.excess).map(|parameter| name::as_written(&parameter.ty));
    let types = types.collect::<Vec<_>>().join(", ");
    let help = format!("make them one: a struct, or a tuple `({types})`");
    faults.add(&second.ty, "a workflow has at most one input after its handle", help);
}

/// Refuses `#[resource] db: &Db`, `session: &Session`, `scope: &StepScope`.
fn gets_nothing_of_the_engine(workflow: &Workflow, faults: &Faults) {
    for (kind, parameter) in &workflow.held {
        let (name, ty) = (&parameter.name, name::as_written(&parameter.ty));
        let plain = ty.trim_start_matches('&');
        let (what, help) = match kind {
            Kind::Resource => (
                "resources",
                format!(
                    "take it in a step, `async fn step(#[resource] {name}: {ty})`, and name it here: \
                     `#[workflow(resources({plain}))]`"
                ),
            ),
            Kind::State => (
                "the shared state",
                format!("edit it in a step, `async fn step({name}: {ty})`, and read it here: `flow.state::<..>()`"),
            ),
            Kind::Session => ("a session", format!("take it in a step: `async fn step({name}: {ty})`")),
            Kind::Scope => ("a scope", format!("take it in a step: `async fn step({name}: {ty})`")),
        };
        let fault = format!("only steps get {what}: a workflow body is run again in every replay");
        faults.add(&parameter.ty, fault, help);
    }
}
