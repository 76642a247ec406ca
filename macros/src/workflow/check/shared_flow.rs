//! Checks for a workflow that takes `&Flow` and changes its context: the suggestions of rustc would not compile.

use super::super::input::{Form, Workflow};
use crate::faults::Faults;
use crate::name;
use syn::visit::{self, Visit};
use syn::{Expr, ExprMethodCall, Ident, Item, Pat};

pub(super) fn check(workflow: &Workflow, faults: &Faults) {
    if let (Form::Flow, Some(handle)) = (workflow.form, &workflow.handle)
        && let Pat::Ident(pattern) = &handle.pattern
    {
        let ty = name::as_written(&handle.ty).replacen('&', "&mut ", 1);
        let help = format!("write `{}: {ty}`", pattern.ident);
        Finder { handle: &pattern.ident, help, faults }.visit_block(&workflow.function.block);
    }
}

struct Finder<'a> {
    handle: &'a Ident,
    help: String,
    faults: &'a Faults,
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        let on_handle = matches!(&*call.receiver, Expr::Path(path) if path.path.is_ident(self.handle));
        if on_handle && (call.method == "update" || call.method == "set") {
            let fault = "this workflow takes its flow by `&`, and cannot change the context";
            self.faults.add_broken(&call.method, fault, &self.help);
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_item(&mut self, _: &'ast Item) {}
}
