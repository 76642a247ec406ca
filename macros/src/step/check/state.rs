//! Checks the closures of edits, as far as the text shows them.

use super::super::input::Step;
use crate::assignment;
use crate::faults::Faults;
use crate::held::Kind;
use crate::name;
use syn::visit::{self, Visit};
use syn::{Expr, ExprClosure, ExprMethodCall, Ident, Item, Pat};

pub(super) fn check(step: &Step, faults: &Faults) {
    let mut states = step.held().filter(|held| held.kind == Kind::State);
    let Some(state) = states.next() else { return };
    if let Some(second) = states.next() {
        let fault = "the steps of a run share one state";
        faults.add_broken(&second.parameter.ty, fault, "keep one, and make one struct of what they share");
    }
    let Pat::Ident(pattern) = &state.parameter.pattern else { return };
    // Another binding of that name may be meant.
    if assignment::times_bound(&pattern.ident, &step.function.block) == 0 {
        Finder { state: &pattern.ident, faults }.visit_block(&step.function.block);
    }
}

struct Finder<'a> {
    state: &'a Ident,
    faults: &'a Faults,
}

impl Finder<'_> {
    /// Returns whether an expression is the state, as in `state.edit(..)` and `state.labelled("counted").edit(..)`.
    fn is_state(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Path(path) => path.path.is_ident(self.state),
            Expr::MethodCall(call) => call.method == "labelled" && self.is_state(&call.receiver),
            _ => false,
        }
    }

    fn closure(&self, closure: &ExprClosure) {
        let parameter = match closure.inputs.first() {
            Some(Pat::Ident(pattern)) => name::plain(&pattern.ident),
            _ => "s".into(),
        };
        let block = match &*closure.body {
            Expr::Async(block) => Some(block.async_token),
            _ => None,
        };
        if let Some(place) = closure.asyncness.or(block) {
            let fault = "an edit waits for nothing: all other edits of the run wait for it";
            let help = format!("await before it, and write `|{parameter}| ..`");
            self.faults.add_broken(place, fault, help);
        }
        let mut uses = Uses { state: self.state, found: Vec::new() };
        uses.visit_expr(&closure.body);
        for place in uses.found {
            let fault = "within an edit the state is the closure's parameter";
            self.faults.add_broken(
                &place,
                fault,
                format!("read and change `{parameter}`: it is the state as it was before"),
            );
        }
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        if let Some(Expr::Closure(closure)) = call.args.last()
            && ["edit", "try_edit"].contains(&name::plain(&call.method).as_str())
            && self.is_state(&call.receiver)
        {
            self.closure(closure);
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_item(&mut self, _: &'ast Item) {}
}

/// A visitor that finds uses of the state within a closure.
struct Uses<'a> {
    state: &'a Ident,
    found: Vec<Expr>,
}

impl<'ast> Visit<'ast> for Uses<'_> {
    fn visit_expr(&mut self, expr: &'ast Expr) {
        match expr {
            Expr::Path(path) if path.path.is_ident(self.state) => self.found.push(expr.clone()),
            expr => visit::visit_expr(self, expr),
        }
    }

    fn visit_item(&mut self, _: &'ast Item) {}
}
