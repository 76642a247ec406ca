//! What is wrong about a use of the handle: a call behind `let _ =`, of which nothing comes and no lint of rustc says so,
//! and an assignment to the context.

use crate::assignment::{self, By};
use crate::faults::Faults;
use crate::function::Parameter;
use crate::name;
use syn::visit::{self, Visit};
use syn::{Block, Expr, Ident, Item, Local, Pat};

const OF_THE_FLOW: [&str; 5] = ["sleep", "sleep_until", "run", "update", "set"];

pub(super) fn check(body: &Block, handle: Option<&Parameter>, faults: &Faults) {
    let Some(Pat::Ident(handle)) = handle.map(|handle| &handle.pattern) else { return };
    let mut finder = Finder { handles: vec![handle.ident.clone()], faults };
    finder.visit_block(body);
    for handle in &finder.handles {
        assignment::find(&By::Workflow(handle), body, faults);
    }
}

struct Finder<'a> {
    /// The names under which the handle is known: `start`, and `flow` of `let mut flow = start.with(..).await?`.
    handles: Vec<Ident>,
    faults: &'a Faults,
}

impl Finder<'_> {
    fn is_handle(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Path(path) => self.handles.iter().any(|handle| path.path.is_ident(handle)),
            Expr::Reference(reference) => self.is_handle(&reference.expr),
            _ => false,
        }
    }

    /// Whether a value comes from `start.with(..)`.
    fn becomes_handle(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Try(tried) => self.becomes_handle(&tried.expr),
            Expr::Await(awaited) => self.becomes_handle(&awaited.base),
            Expr::MethodCall(call) => call.method == "with" && self.is_handle(&call.receiver),
            _ => false,
        }
    }

    fn is_call(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Call(call) => call.args.first().is_some_and(|first| self.is_handle(first)),
            Expr::MethodCall(call) => {
                self.is_handle(&call.receiver) && OF_THE_FLOW.contains(&name::plain(&call.method).as_str())
            }
            _ => false,
        }
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_local(&mut self, local: &'ast Local) {
        if let Some(init) = &local.init {
            match &local.pat {
                Pat::Wild(_) if self.is_call(&init.expr) => {
                    let fault = "this call is not awaited, so nothing happens";
                    self.faults.add(&init.expr, fault, "add `.await`, or drop the line");
                }
                Pat::Ident(pattern) if self.becomes_handle(&init.expr) => self.handles.push(pattern.ident.clone()),
                _ => {}
            }
        }
        visit::visit_local(self, local);
    }

    fn visit_item(&mut self, _: &'ast Item) {}
}
