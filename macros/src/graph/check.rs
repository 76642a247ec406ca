//! The rules of graphs that the text shows, one function for each. Rules that need types are constants in the
//! expansion.

use super::input::{Graph, GraphStep};
use crate::faults::Faults;
use crate::held::Kind;
use crate::name;
use crate::step;
use syn::{GenericArgument, PathArguments, Type};

pub(super) fn all(graph: &Graph, faults: &Faults) {
    block(graph, faults);
    own_diagram(graph, faults);
    context_function(graph, faults);
    for (index, step) in graph.steps.iter().enumerate() {
        step::check::signature(&step.step, faults);
        step::check::body(&step.step, faults);
        names(graph, index, faults);
        output(step, faults);
        events(graph, step, faults);
        collected(step, faults);
        timers(step, faults);
        catches(graph, index, faults);
        context(graph, step, faults);
        state(graph, step, faults);
    }
}

/// Refuses `impl<T> Ingest<T>`, `impl Trait for Ingest`, and an `impl` without steps.
fn block(graph: &Graph, faults: &Faults) {
    let block = &graph.block;
    if let Some((path, _)) = &block.trait_ {
        faults.add(path, "an event-driven workflow is an `impl` of a type's own", "write `impl Ingest { .. }`");
    }
    if !block.generics.params.is_empty() {
        let help = "write the types themselves: what is recorded must be read back after a restart";
        faults.add(&block.generics, "a workflow cannot have type parameters or lifetimes", help);
    }
    if graph.steps.is_empty() && !faults.any() {
        let help = "put `#[step]` on the `async fn`s that take and return events";
        faults.add(graph.ty(), "this workflow has no steps", help);
    }
}

/// Refuses a function of the user with the name of a generated one.
fn own_diagram(graph: &Graph, faults: &Faults) {
    for item in &graph.block.items {
        if let syn::ImplItem::Fn(function) = item
            && function.sig.ident == "diagram"
        {
            let help = "give it another name: `diagram()` gives the picture of the workflow";
            faults.add(&function.sig.ident, "an event-driven workflow has a function `diagram` already", help);
        }
    }
}

fn names(graph: &Graph, index: usize, faults: &Faults) {
    let step = &graph.steps[index].step;
    let ident = step.function.ident();
    if ident == "diagram" {
        let help = "give the step another name: `diagram()` gives the picture of the workflow";
        faults.add(ident, "a step cannot be called `diagram`", help);
    }
    if graph.steps[..index].iter().any(|other| other.step.name == step.name) {
        let fault = format!("two steps have the recorded name `{}`", step.name);
        faults.add(ident, fault, "give one another, `#[step(name = \"..\")]`");
    }
}

/// Refuses `Result<Box<dyn Any>>`.
fn output(step: &GraphStep, faults: &Faults) {
    struct Finder<'ast>(Option<&'ast Type>);
    impl<'ast> syn::visit::Visit<'ast> for Finder<'ast> {
        fn visit_type(&mut self, ty: &'ast Type) {
            if matches!(ty, Type::TraitObject(_)) && self.0.is_none() {
                self.0 = Some(ty);
            }
            syn::visit::visit_type(self, ty);
        }
    }
    let Some(output) = &step.step.function.output else { return };
    let mut finder = Finder(None);
    syn::visit::Visit::visit_type(&mut finder, output);
    if let Some(hidden) = finder.0 {
        let help = "name the events: an enum with `#[derive(Events)]` stands for one of several";
        faults.add(hidden, "the compiler cannot see which events this stands for", help);
    }
}

/// Checks that a step takes one event, collects several, or takes none on a timer.
fn events(graph: &Graph, step: &GraphStep, faults: &Faults) {
    let ident = step.step.function.ident();
    let plain = step.events().filter(|(_, collect)| collect.is_none()).collect::<Vec<_>>();
    let several = step.events().count() > plain.len();
    if step.is_on_timer() {
        if let Some((parameter, _)) = step.events().next() {
            let help = "take `every` or `after` away, or the parameter: what it needs is in the context and the state";
            faults.add(&parameter.ty, "a step on a timer is called by the time, and takes no event", help);
        }
        return;
    }
    // An event that is taken by reference is reported as a context.
    let by_reference = graph.options.context.is_none() && step.step.context.is_some();
    if step.events().next().is_none() && !by_reference {
        let name = name::plain(ident);
        let help = format!(
            "add the event as a parameter, `async fn {name}(event: YourEvent)`; the first step takes `begin: Begin<Input>`"
        );
        faults.add(ident, format!("nothing ever calls step `{name}`: it takes no event"), help);
    }
    if let (true, Some((parameter, _))) = (several, plain.first()) {
        let help = "write `#[collect]` on each event parameter of the step, or on none";
        faults.add(&parameter.ty, "one event of this step is waited for with others, and this one is not", help);
    } else if let Some((parameter, _)) = plain.get(1) {
        let help = "to wait for both, write `#[collect(1)]` on each, and `Vec<..>` for their types; for one of them, make two steps";
        faults.add(&parameter.ty, "a step is called by one event", help);
    }
}

/// Checks that all parameters have a count, or none, and that all collect from the same fan-out.
fn collected(step: &GraphStep, faults: &Faults) {
    let mut collected = step.events().filter_map(|(parameter, collect)| Some((parameter, collect?)));
    let Some((_, first)) = collected.next() else { return };
    for (parameter, collect) in collected {
        if collect.count.is_some() != first.count.is_some() {
            let help = "write how many on each, `#[collect(1)]`, or on none";
            faults.add(
                &parameter.ty,
                "one parameter waits for a whole fan-out, and another for a number of events",
                help,
            );
        }
        if collect.from != first.from {
            let help = "write the same `#[collect(from = ..)]` on each";
            faults.add(&parameter.ty, "the parameters of a step wait for the same fan-out", help);
        }
    }
}

fn timers(step: &GraphStep, faults: &Faults) {
    let routing = &step.routing;
    if let (Some(_), Some((after, _))) = (&routing.every, &routing.after) {
        faults.add(after, "a step begins once, or again and again", "keep `after` or `every`");
    }
    if let (true, Some((catch, _))) = (step.is_on_timer(), &routing.catch) {
        faults.add(catch, "a step on a timer takes no failures", "make it two steps");
    }
    if let (true, Some((workers, _))) = (step.is_on_timer(), &routing.workers) {
        let fault = "a step on a timer runs once at a time: while it runs, its time passes over";
        faults.add(workers, fault, "take `workers` away");
    }
}

/// Refuses `#[context] fn begin(..)` in a workflow without a context.
fn context_function(graph: &Graph, faults: &Faults) {
    if let (None, Some(function)) = (&graph.options.context, &graph.context) {
        let fault = "this function makes the context, and the workflow has none";
        faults.add(function, fault, "write `#[workflow(context = YourContext)]`, or take `#[context]` away");
    }
}

fn catches(graph: &Graph, index: usize, faults: &Faults) {
    let step = &graph.steps[index];
    let Some((catch, _)) = &step.routing.catch else { return };
    if graph.steps[..index].iter().any(|other| other.routing.catch.is_some()) {
        faults.add(
            catch,
            "two steps take the failures of others",
            "keep one of them: `caught.step()` says which step failed",
        );
    }
    if !step.is_on_timer() && (step.events().count() != 1 || step.collects.iter().any(Option::is_some)) {
        let help = "let it take `caught: Caught`, and nothing else but the context, the state and resources";
        faults.add(catch, "a step that takes failures takes them one at a time", help);
    }
}

/// Refuses a step that reads a context in a workflow without one.
fn context(graph: &Graph, step: &GraphStep, faults: &Faults) {
    if let (None, Some(context)) = (&graph.options.context, &step.step.context) {
        let ty = name::as_written(&context.reference.elem);
        let fault = format!("this step reads the context `{ty}`, and the workflow has none");
        let name = &context.parameter.name;
        let help = format!("write `#[workflow(context = {ty})]`; an event is taken by value: `{name}: {ty}`");
        faults.add(&context.parameter.ty, fault, help);
    }
}

/// Refuses a step that shares a state in a workflow that declares none. Keys need no declaration.
fn state(graph: &Graph, step: &GraphStep, faults: &Faults) {
    if graph.options.state.is_none() {
        for (ty, whole) in states(step) {
            let ty = name::as_written(ty);
            let help = format!("write `#[workflow(state = {ty})]`, or take `&State` for values under names");
            faults.add(whole, format!("this step shares the state `{ty}`, and the workflow has none"), help);
        }
    }
}

/// Returns the types of state that a step names, each with the whole parameter's type.
pub(super) fn states(step: &GraphStep) -> Vec<(&Type, &Type)> {
    let held = step.step.held().filter(|held| held.kind == Kind::State);
    held.filter_map(|held| {
        let Type::Path(path) = held.ty() else { return None };
        let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else { return None };
        match arguments.args.first()? {
            // `State<()>` is `State`, which has keys only.
            GenericArgument::Type(Type::Tuple(unit)) if unit.elems.is_empty() => None,
            GenericArgument::Type(ty) => Some((ty, &held.parameter.ty)),
            _ => None,
        }
    })
    .collect()
}
