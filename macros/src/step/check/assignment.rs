//! A body that assigns to its context or borrows it mutably: rustc would suggest to make it `&mut`.

use crate::faults::Faults;
use crate::name;
use syn::visit::{self, Visit};
use syn::{BinOp, Block, Expr, ExprAssign, ExprBinary, ExprMethodCall, ExprReference, Ident, Member, PatIdent};

pub(super) fn find(context: &Ident, body: &Block, faults: &Faults) {
    let mut bindings = Bindings { name: context, again: false };
    bindings.visit_block(body);
    // `let mut ctx = ctx.clone();`: a copy may be changed.
    if !bindings.again {
        Changes { context, faults }.visit_block(body);
    }
}

/// Whether the name is bound again anywhere in the body.
struct Bindings<'a> {
    name: &'a Ident,
    again: bool,
}

impl<'ast> Visit<'ast> for Bindings<'_> {
    fn visit_pat_ident(&mut self, pattern: &'ast PatIdent) {
        self.again |= pattern.ident == *self.name;
        visit::visit_pat_ident(self, pattern);
    }
}

struct Changes<'a> {
    context: &'a Ident,
    faults: &'a Faults,
}

impl Changes<'_> {
    /// The field nearest to the context, if a place is in it: `status` of `ctx.status.code`.
    fn field(&self, place: &Expr) -> Option<String> {
        match place {
            Expr::Field(field) => match (&*field.base, &field.member) {
                (Expr::Path(base), Member::Named(member)) if base.path.is_ident(self.context) => {
                    Some(name::plain(member))
                }
                (base, _) => self.field(base),
            },
            Expr::Index(index) => self.field(&index.expr),
            Expr::Paren(paren) => self.field(&paren.expr),
            _ => None,
        }
    }

    fn check(&self, place: &Expr) {
        if let Some(field) = self.field(place) {
            let help =
                format!("return the new value, and write it in the workflow: `flow.update(|c| c.{field}(..)).await?`");
            self.faults.add(place, "a step cannot change its context", help);
        }
    }
}

impl<'ast> Visit<'ast> for Changes<'_> {
    fn visit_expr_assign(&mut self, assign: &'ast ExprAssign) {
        self.check(&assign.left);
        visit::visit_expr_assign(self, assign);
    }

    fn visit_expr_binary(&mut self, binary: &'ast ExprBinary) {
        if is_assignment(&binary.op) {
            self.check(&binary.left);
        }
        visit::visit_expr_binary(self, binary);
    }

    /// `ctx.update(|c| ..)`, as the workflow's handle has it.
    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        let on_context = matches!(&*call.receiver, Expr::Path(path) if path.path.is_ident(self.context));
        if on_context && call.method == "update" && matches!(call.args.first(), Some(Expr::Closure(_))) {
            let help = "return the new values, and let the workflow call `flow.update(|c| ..).await?`";
            self.faults.add(&call.method, "a step cannot change its context", help);
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_reference(&mut self, reference: &'ast ExprReference) {
        if reference.mutability.is_some() {
            self.check(&reference.expr);
        }
        visit::visit_expr_reference(self, reference);
    }
}

fn is_assignment(operator: &BinOp) -> bool {
    matches!(
        operator,
        BinOp::AddAssign(_)
            | BinOp::SubAssign(_)
            | BinOp::MulAssign(_)
            | BinOp::DivAssign(_)
            | BinOp::RemAssign(_)
            | BinOp::BitXorAssign(_)
            | BinOp::BitAndAssign(_)
            | BinOp::BitOrAssign(_)
            | BinOp::ShlAssign(_)
            | BinOp::ShrAssign(_)
    )
}
