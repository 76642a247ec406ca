//! The rules of transactions that steps do not have: one function for each.

use super::Transaction;
use crate::faults::Faults;
use crate::held::Kind;
use crate::name;
use crate::step::check;
use syn::visit::{self, Visit};
use syn::{Expr, ExprAsync, ExprAwait, Item, Type};

/// Checks all but the body.
pub(super) fn signature(transaction: &Transaction, faults: &Faults) {
    let step = &transaction.step;
    step.function.check("transaction", faults);
    is_not_async(transaction, faults);
    has_its_handle(transaction, faults);
    check::parameters(step, faults);
    has_nothing_else_in_hand(transaction, faults);
}

pub(super) fn body(transaction: &Transaction, faults: &Faults) {
    awaits_nothing(transaction, faults);
    check::body_leaves_the_context(&transaction.step, faults);
}

/// Refuses `async fn book(..)`.
fn is_not_async(transaction: &Transaction, faults: &Faults) {
    if let Some(token) = transaction.step.function.sig.asyncness {
        let fault =
            "a transaction is a plain `fn`: nobody else can commit while it runs, so it must not wait for anything";
        faults.add(token, fault, "drop `async`, and do what is awaited in a step before it or after it");
    }
}

/// Requires `tx: &mut Tx<'_>` as the first parameter.
fn has_its_handle(transaction: &Transaction, faults: &Faults) {
    let Some(tx) = &transaction.tx else {
        let ident = &transaction.step.function.sig.ident;
        let fault = "the first parameter of a transaction is its handle, with which it executes SQL";
        let help = format!("write `fn {}(tx: &mut Tx<'_>, ..)`", name::plain(ident));
        return faults.add(ident, fault, help);
    };
    let borrowed = matches!(&tx.ty, Type::Reference(reference)
        if reference.mutability.is_some() && !matches!(&*reference.elem, Type::Reference(_)));
    if !borrowed {
        let help = format!("write `{}: &mut Tx<'_>`", name::plain(&tx.name));
        faults.add(&tx.ty, "a transaction has its handle for itself, for as long as it runs", help);
    }
}

/// Refuses `#[resource] db: &Db`, `session: &Session`, `scope: &StepScope`.
fn has_nothing_else_in_hand(transaction: &Transaction, faults: &Faults) {
    for held in transaction.step.held() {
        let help = match held.kind {
            Kind::Resource => "use it in a step before or after, and pass what the transaction needs of it by value",
            Kind::Session => "read the session in a step before, and pass what the transaction needs of it by value",
            Kind::State => {
                "edit the state in a step before or after, and pass what the transaction needs of it by value"
            }
            Kind::Scope => "take it away; `steadfast::step_scope()` says which attempt this is, if that must be known",
        };
        let fault = "a transaction has only its rows, its context and its arguments in hand: it may be run again and rolled back";
        faults.add(&held.parameter.ty, fault, help);
    }
}

/// Refuses `charge(5).await`.
fn awaits_nothing(transaction: &Transaction, faults: &Faults) {
    struct Finder<'f>(&'f Faults);
    impl<'ast> Visit<'ast> for Finder<'_> {
        fn visit_expr_await(&mut self, found: &'ast ExprAwait) {
            let fault = "nothing is awaited in a transaction: nobody else can commit while it runs";
            self.0.add(found.await_token, fault, "await it in a step before or after, and pass the value");
            visit::visit_expr_await(self, found);
        }
        // Async blocks and items are only created here, and run elsewhere.
        fn visit_expr_async(&mut self, _: &'ast ExprAsync) {}
        fn visit_item(&mut self, _: &'ast Item) {}
        fn visit_expr(&mut self, expression: &'ast Expr) {
            if !matches!(expression, Expr::Closure(closure) if closure.asyncness.is_some()) {
                visit::visit_expr(self, expression);
            }
        }
    }
    Finder(faults).visit_block(&transaction.step.function.block);
}
