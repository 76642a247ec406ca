//! Faults for a body that assigns to its context or borrows it mutably: the suggestions of rustc would not help.

use crate::faults::Faults;
use crate::name;
use syn::visit::{self, Visit};
use syn::{BinOp, Block, Expr, ExprAssign, ExprBinary, ExprMethodCall, ExprReference, Ident, Member, PatIdent};

/// The item that assigns, which decides what to write instead.
pub(crate) enum By<'a> {
    /// A step, through its context.
    Step(&'a Ident),
    /// A step of an event-driven workflow, through its context.
    GraphStep(&'a Ident),
    /// A step, through the state that it shares.
    State(&'a Ident),
    /// A workflow, through its handle.
    Workflow(&'a Ident),
}

impl By<'_> {
    fn name(&self) -> &Ident {
        let (Self::Step(name) | Self::GraphStep(name) | Self::State(name) | Self::Workflow(name)) = self;
        name
    }

    fn fault(&self) -> &'static str {
        match self {
            Self::Step(_) | Self::GraphStep(_) => "a step cannot change its context",
            Self::State(_) => "shared state is changed only by `edit`, so that each change is recorded once",
            Self::Workflow(_) => "the context is changed only by `update`, so that it is recorded",
        }
    }

    /// Returns the code to write instead, for a field.
    fn help(&self, field: &str) -> String {
        match self {
            Self::Step(_) => {
                format!("return the new value, and write it in the workflow: `flow.update(|c| c.{field}(..)).await?`")
            }
            Self::GraphStep(context) => format!(
                "return the change beside the event, `Updated::of({context}, |c| c.{field}(..))`; what steps share while \
                 they run is `#[workflow(state = ..)]`"
            ),
            Self::State(state) => format!("write `{state}.edit(|s| s.{field} = ..).await?`"),
            Self::Workflow(handle) => format!("write `{handle}.update(|c| c.{field}(..)).await?`"),
        }
    }
}

/// Reports every change through the name.
pub(crate) fn find(by: &By<'_>, body: &Block, faults: &Faults) {
    Changes { by, faults }.visit_block(body);
}

/// Returns how often a name is bound in a body: `let mut ctx = ctx.clone();` is a copy, and may be changed.
pub(crate) fn times_bound(name: &Ident, body: &Block) -> usize {
    let mut bindings = Bindings { name, count: 0 };
    bindings.visit_block(body);
    bindings.count
}

struct Bindings<'a> {
    name: &'a Ident,
    count: usize,
}

impl<'ast> Visit<'ast> for Bindings<'_> {
    fn visit_pat_ident(&mut self, pattern: &'ast PatIdent) {
        self.count += usize::from(pattern.ident == *self.name);
        visit::visit_pat_ident(self, pattern);
    }
}

struct Changes<'a> {
    by: &'a By<'a>,
    faults: &'a Faults,
}

impl Changes<'_> {
    /// Returns the field nearest to the context, if a place is in it: `status` of `ctx.status.code`.
    fn field(&self, place: &Expr) -> Option<String> {
        match place {
            Expr::Field(field) => match (&*field.base, &field.member) {
                (Expr::Path(base), Member::Named(member)) if base.path.is_ident(self.by.name()) => {
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
            self.faults.add(place, self.by.fault(), self.by.help(&field));
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

    /// Reports `ctx.update(|c| ..)`, a call that only the workflow's handle has.
    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        let on_context = matches!(&*call.receiver, Expr::Path(path) if path.path.is_ident(self.by.name()));
        if on_context
            && matches!(self.by, By::Step(_))
            && call.method == "update"
            && matches!(call.args.first(), Some(Expr::Closure(_)))
        {
            let help = "return the new values, and let the workflow call `flow.update(|c| ..).await?`";
            self.faults.add(&call.method, self.by.fault(), help);
        } else if CHANGING.iter().any(|method| call.method == method) {
            self.check(&call.receiver);
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

/// Methods that change the standard collections and texts. A handle with a method of such a name that takes `&self` can
/// still be called through a name of its own: `let queue = &ctx.queue;`.
const CHANGING: [&str; 23] = [
    "append",
    "clear",
    "dedup",
    "drain",
    "extend",
    "extend_from_slice",
    "get_or_insert_with",
    "insert_str",
    "pop",
    "pop_back",
    "pop_front",
    "push",
    "push_back",
    "push_front",
    "push_str",
    "resize",
    "retain",
    "reverse",
    "sort",
    "sort_by",
    "sort_by_key",
    "swap_remove",
    "truncate",
];

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
