//! Faults for a body that assigns to its context or borrows it mutably: the suggestions of rustc would not help.

use crate::aliases::{self, Alias};
use crate::faults::Faults;
use crate::name;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{
    BinOp, Block, Expr, ExprAssign, ExprBinary, ExprLet, ExprMatch, ExprMethodCall, ExprReference, Ident, Local, Macro,
    Member, Pat, PatIdent, Token, UnOp,
};

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
    let aliases = match by {
        By::Step(context) | By::GraphStep(context) => aliases::of(context, body),
        By::State(_) | By::Workflow(_) => Vec::new(),
    };
    Changes { by, aliases: &aliases, faults }.visit_block(body);
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
    aliases: &'a [Alias],
    faults: &'a Faults,
}

impl Changes<'_> {
    fn alias(&self, base: &Expr) -> Option<&Alias> {
        let Expr::Path(path) = base else { return None };
        self.aliases.iter().find(|alias| path.path.is_ident(&alias.name))
    }

    /// Returns the field nearest to the context, if a place is in it: `status` of `ctx.status.code`.
    fn field(&self, place: &Expr) -> Option<String> {
        match place {
            Expr::Field(field) => match (&*field.base, &field.member) {
                (Expr::Path(base), Member::Named(member)) if base.path.is_ident(self.by.name()) => {
                    Some(name::plain(member))
                }
                (base, member) => match (self.alias(base), member) {
                    (Some(Alias { field: None, .. }), Member::Named(member)) => Some(name::plain(member)),
                    (Some(alias), _) => alias.field.clone(),
                    (None, _) => self.field(base),
                },
            },
            Expr::Index(index) => match self.alias(&index.expr) {
                Some(alias) => alias.field.clone(),
                None => self.field(&index.expr),
            },
            Expr::Paren(paren) => self.field(&paren.expr),
            Expr::Unary(unary) if matches!(unary.op, UnOp::Deref(_)) => match &*unary.expr {
                Expr::Path(base) if base.path.is_ident(self.by.name()) => Some("field".to_owned()),
                inner => match self.alias(inner) {
                    Some(alias) => Some(alias.field.clone().unwrap_or_else(|| "field".to_owned())),
                    None => self.field(inner),
                },
            },
            _ => None,
        }
    }

    fn check(&self, place: &Expr) {
        match place {
            // `(ctx.a, ctx.b) = ..`
            Expr::Tuple(tuple) => return tuple.elems.iter().for_each(|place| self.check(place)),
            Expr::Array(array) => return array.elems.iter().for_each(|place| self.check(place)),
            _ => {}
        }
        let Some(field) = self.field(place) else { return };
        if matches!(self.by, By::State(_)) {
            // The handle has no such field.
            self.faults.add_broken(place, self.by.fault(), self.by.help(&field));
        } else {
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
        } else if matches!(self.by, By::State(_)) && may_change(&call.method) {
            self.check(&call.receiver);
        }
        visit::visit_expr_method_call(self, call);
    }

    /// Reports `let ref mut total = ctx.total;`.
    fn visit_local(&mut self, local: &'ast Local) {
        if let Some(init) = &local.init
            && takes_mutably(&local.pat)
        {
            self.check(&init.expr);
        }
        visit::visit_local(self, local);
    }

    /// Reports `if let Some(ref mut note) = ctx.note`.
    fn visit_expr_let(&mut self, condition: &'ast ExprLet) {
        if takes_mutably(&condition.pat) {
            self.check(&condition.expr);
        }
        visit::visit_expr_let(self, condition);
    }

    fn visit_expr_match(&mut self, chosen: &'ast ExprMatch) {
        if chosen.arms.iter().any(|arm| takes_mutably(&arm.pat)) {
            self.check(&chosen.expr);
        }
        visit::visit_expr_match(self, chosen);
    }

    /// Looks into a macro whose tokens are expressions.
    fn visit_macro(&mut self, call: &'ast Macro) {
        if let Ok(all) = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(call.tokens.clone()) {
            all.iter().for_each(|expression| Changes { ..*self }.visit_expr(expression));
        }
    }

    fn visit_expr_reference(&mut self, reference: &'ast ExprReference) {
        if reference.mutability.is_some() {
            self.check(&reference.expr);
        }
        visit::visit_expr_reference(self, reference);
    }
}

/// Returns whether a place is a field of one of the names: `ctx.items`, `ctx.order.lines[0]`.
pub(crate) fn is_field_of(names: &[Ident], place: &Expr) -> bool {
    match place {
        Expr::Field(field) => match &*field.base {
            Expr::Path(base) => names.iter().any(|name| base.path.is_ident(name)),
            base => is_field_of(names, base),
        },
        Expr::Index(index) => is_field_of(names, &index.expr),
        _ => false,
    }
}

/// Returns whether each method of this name changes the collection or text of the standard library that it is called on. A
/// handle in a context may have one of that name, so that the type of the field decides.
pub(crate) fn may_change(method: &Ident) -> bool {
    CHANGING.iter().any(|known| method == known)
}

const CHANGING: [&str; 46] = [
    "append",
    "as_mut",
    "as_mut_slice",
    "clear",
    "dedup",
    "drain",
    "entry",
    "extend",
    "extend_from_slice",
    "fill",
    "first_mut",
    "get_mut",
    "get_or_insert",
    "get_or_insert_with",
    "insert",
    "insert_str",
    "iter_mut",
    "last_mut",
    "make_ascii_lowercase",
    "make_ascii_uppercase",
    "peek_mut",
    "pop",
    "pop_back",
    "pop_first",
    "pop_front",
    "pop_last",
    "push",
    "push_back",
    "push_front",
    "push_str",
    "remove",
    "reserve",
    "resize",
    "retain",
    "reverse",
    "sort",
    "sort_by",
    "sort_by_key",
    "sort_unstable",
    "split_off",
    "swap",
    "swap_remove",
    "take",
    "truncate",
    "values_mut",
    "retain_mut",
];

/// Returns whether `ref mut` is anywhere in a pattern.
pub(crate) fn takes_mutably(pattern: &Pat) -> bool {
    struct Finder(bool);
    impl<'ast> Visit<'ast> for Finder {
        fn visit_pat_ident(&mut self, pattern: &'ast PatIdent) {
            self.0 |= pattern.by_ref.is_some() && pattern.mutability.is_some();
            visit::visit_pat_ident(self, pattern);
        }
    }
    let mut finder = Finder(false);
    finder.visit_pat(pattern);
    finder.0
}

pub(crate) fn is_assignment(operator: &BinOp) -> bool {
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
