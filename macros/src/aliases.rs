//! Other names of a context in a body: `let order = ctx;`, `let lines = &ctx.lines;`, `let Order { total, .. } = ctx;`.

use crate::{assignment, name};
use syn::visit::{self, Visit};
use syn::{Block, Expr, Ident, Item, Local, Member, Pat, parse_quote};

/// Another name of a context or of one of its fields.
pub(crate) struct Alias {
    pub(crate) name: Ident,
    /// The place that it names.
    pub(crate) place: Expr,
    /// The field that the place is in; `None` for the context itself.
    pub(crate) field: Option<String>,
}

/// Returns the other names of `context` that are bound once.
pub(crate) fn of(context: &Ident, body: &Block) -> Vec<Alias> {
    let mut finder = Finder { context, found: Vec::new() };
    finder.visit_block(body);
    finder.found.retain(|alias| assignment::times_bound(&alias.name, body) == 1);
    finder.found
}

struct Finder<'a> {
    context: &'a Ident,
    found: Vec<Alias>,
}

impl Finder<'_> {
    fn is_context(&self, expr: &Expr) -> bool {
        matches!(expr, Expr::Path(path) if path.path.is_ident(self.context))
    }

    /// Returns the field of `ctx.order.lines`: `order`.
    fn field(&self, place: &Expr) -> Option<String> {
        let Expr::Field(field) = place else { return None };
        match &field.member {
            Member::Named(member) if self.is_context(&field.base) => Some(name::plain(member)),
            _ => self.field(&field.base),
        }
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_local(&mut self, local: &'ast Local) {
        let pattern = if let Pat::Type(typed) = &local.pat { &*typed.pat } else { &local.pat };
        if let Some(init) = &local.init {
            match (pattern, &*init.expr) {
                (Pat::Ident(pattern), expr) if self.is_context(expr) => {
                    self.found.push(Alias { name: pattern.ident.clone(), place: expr.clone(), field: None });
                }
                (Pat::Ident(pattern), Expr::Reference(reference)) if reference.mutability.is_none() => {
                    let place = (*reference.expr).clone();
                    if let Some(field) = self.field(&place) {
                        self.found.push(Alias { name: pattern.ident.clone(), place, field: Some(field) });
                    }
                }
                (Pat::Struct(pattern), expr) if self.is_context(expr) => {
                    for field in &pattern.fields {
                        if let (Member::Named(member), Pat::Ident(inner)) = (&field.member, &*field.pat) {
                            let context = self.context;
                            self.found.push(Alias {
                                name: inner.ident.clone(),
                                place: parse_quote!(#context.#member),
                                field: Some(name::plain(member)),
                            });
                        }
                    }
                }
                _ => {}
            }
        }
        visit::visit_local(self, local);
    }

    fn visit_item(&mut self, _: &'ast Item) {}
}
