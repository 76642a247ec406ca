//! Checks uses of the handle: a call behind `let _ =`, which has no effect and which no lint of rustc reports; an
//! assignment to the context; and the handle inside its own `update` or `run`, where rustc would report borrows.

use crate::assignment::{self, By};
use crate::faults::Faults;
use crate::function::Parameter;
use crate::name;
use syn::visit::{self, Visit};
use syn::{Block, Expr, ExprClosure, ExprMethodCall, Ident, Item, Local, Member, Pat};

const OF_THE_FLOW: [&str; 5] = ["sleep", "sleep_until", "run", "update", "set"];

pub(super) fn check(body: &Block, handle: Option<&Parameter>, faults: &Faults) {
    let Some(Pat::Ident(handle)) = handle.map(|handle| &handle.pattern) else { return };
    let handles = handles(&handle.ident, body);
    Finder { handles: &handles, faults }.visit_block(body);
    for handle in &handles {
        assignment::find(&By::Workflow(handle), body, faults);
    }
}

/// Returns the names of the handle: `start`, and `flow` of `let mut flow = start.with(..).await?`. Omits a name that is
/// bound to something else too.
pub(super) fn handles(parameter: &Ident, body: &Block) -> Vec<Ident> {
    let mut known = Known { handles: vec![parameter.clone()] };
    known.visit_block(body);
    let mut handles = known.handles;
    let all = handles.clone();
    handles.sort();
    handles.dedup();
    handles.retain(|handle| {
        let made = all.iter().skip(1).filter(|made| *made == handle).count();
        assignment::times_bound(handle, body) == made
    });
    handles
}

struct Known {
    handles: Vec<Ident>,
}

impl Known {
    /// Returns whether a value comes from `start.with(..)`.
    fn makes(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Try(tried) => self.makes(&tried.expr),
            Expr::Await(awaited) => self.makes(&awaited.base),
            Expr::MethodCall(call) => call.method == "with" && is_one_of(&self.handles, &call.receiver),
            _ => false,
        }
    }
}

impl<'ast> Visit<'ast> for Known {
    fn visit_local(&mut self, local: &'ast Local) {
        if let (Some(init), Pat::Ident(pattern)) = (&local.init, &local.pat)
            && self.makes(&init.expr)
        {
            self.handles.push(pattern.ident.clone());
        }
        visit::visit_local(self, local);
    }

    fn visit_item(&mut self, _: &'ast Item) {}
}

fn is_one_of(handles: &[Ident], expr: &Expr) -> bool {
    match expr {
        Expr::Path(path) => handles.iter().any(|handle| path.path.is_ident(handle)),
        Expr::Reference(reference) => is_one_of(handles, &reference.expr),
        _ => false,
    }
}

struct Finder<'a> {
    handles: &'a [Ident],
    faults: &'a Faults,
}

impl Finder<'_> {
    /// Refuses `flow.update(|c| c.total(flow.total + 1))`.
    fn not_in_update(&self, closure: &ExprClosure) {
        let parameter = match closure.inputs.first() {
            Some(Pat::Ident(pattern)) => name::plain(&pattern.ident),
            _ => "c".into(),
        };
        for (place, field) in Uses::of(self.handles, &closure.body) {
            let read = field.map_or_else(|| parameter.clone(), |field| format!("{parameter}.{field}"));
            let fault = "inside of an update the old values are read through the closure's parameter";
            self.faults.add_broken(place, fault, format!("write `{read}`"));
        }
    }

    /// Refuses `flow.run("name", async move || charge(flow.total).await)`.
    fn not_in_run(&self, closure: &ExprClosure) {
        for (place, field) in Uses::of(self.handles, &closure.body) {
            let help = match field {
                Some(field) => {
                    let read = name::as_written(&place);
                    format!("read the value before the call: `let {field} = {read}.clone();`")
                }
                None => "call the step from the workflow, before or after this one".into(),
            };
            self.faults.add_broken(place, "a step cannot have the handle of the workflow", help);
        }
    }

    fn is_call(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Call(call) => call.args.first().is_some_and(|first| is_one_of(self.handles, first)),
            Expr::MethodCall(call) => {
                is_one_of(self.handles, &call.receiver) && OF_THE_FLOW.contains(&name::plain(&call.method).as_str())
            }
            _ => false,
        }
    }
}

/// The uses of the handle in an expression, with the field that each reads.
struct Uses<'a> {
    handles: &'a [Ident],
    found: Vec<(Expr, Option<String>)>,
}

impl<'a> Uses<'a> {
    fn of(handles: &'a [Ident], expr: &Expr) -> Vec<(Expr, Option<String>)> {
        let mut uses = Self { handles, found: Vec::new() };
        uses.visit_expr(expr);
        uses.found
    }
}

impl<'ast> Visit<'ast> for Uses<'_> {
    fn visit_expr(&mut self, expr: &'ast Expr) {
        match expr {
            Expr::Field(field) if is_one_of(self.handles, &field.base) => {
                let member = match &field.member {
                    Member::Named(member) => Some(name::plain(member)),
                    Member::Unnamed(_) => None,
                };
                self.found.push((expr.clone(), member));
            }
            expr if is_one_of(self.handles, expr) => self.found.push((expr.clone(), None)),
            expr => visit::visit_expr(self, expr),
        }
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_local(&mut self, local: &'ast Local) {
        if let (Some(init), Pat::Wild(_)) = (&local.init, &local.pat)
            && self.is_call(&init.expr)
        {
            let fault = "this call is not awaited, so nothing happens";
            self.faults.add(&init.expr, fault, "add `.await`, or drop the line");
        }
        visit::visit_local(self, local);
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        if let Some(Expr::Closure(closure)) = call.args.last()
            && is_one_of(self.handles, &call.receiver)
        {
            match name::plain(&call.method).as_str() {
                "update" => self.not_in_update(closure),
                "run" => self.not_in_run(closure),
                _ => {}
            }
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_item(&mut self, _: &'ast Item) {}
}
