//! The body of a faulty function, kept so that its fault hides no other one, and no import is called unused.

use crate::assignment;
use crate::faults::Faults;
use crate::function::Function;
use crate::workflow::expand::probes;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::parse::Parser;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Expr, ExprLet, ExprMatch, FnArg, Ident, Item, Local, Pat, ReturnType, parse_quote};

/// Takes the body out of a function with a fault, and generates one that nothing calls with the user's parameters and that
/// body; nothing if these could not be compiled. Each change through the names, which is reported already, is harmless in it.
pub(crate) fn take(function: &mut Function, by: Names, faults: &Faults) -> Option<TokenStream> {
    if !faults.any() {
        return None;
    }
    let kept = self::function(function, &format_ident!("kept"), by, faults);
    function.block = parse_quote!({ ::core::unimplemented!() });
    function.attributes.own.push(parse_quote!(#[allow(unused_variables, unused_mut, clippy::all, clippy::pedantic)]));
    let cfg = function.attributes.cfg();
    kept.map(|kept| quote!(#cfg const _: () = { #kept };))
}

/// Generates the function that keeps the body of a step in an `impl`.
pub(crate) fn associated(function: &Function, index: usize, names: Vec<Ident>, faults: &Faults) -> Option<TokenStream> {
    let name = format_ident!("__kept_{index}", span = proc_macro2::Span::mixed_site());
    self::function(function, &name, Names::Step(names), faults)
}

fn function(function: &Function, name: &Ident, by: Names, faults: &Faults) -> Option<TokenStream> {
    if function.output.is_none() || !faults.keep_body() {
        return None;
    }
    let ReturnType::Type(_, output) = &function.sig.output else { return None };
    let mut inputs = function.sig.inputs.clone();
    for input in &mut inputs {
        match input {
            FnArg::Receiver(_) => return None,
            FnArg::Typed(typed) => typed.attrs.retain(|mark| !is_ours(mark)),
        }
    }
    let mut block = match &by {
        // Faults that are found by type are reported beside the others.
        Names::Workflow(handles) => probes::probed(&function.block, handles),
        Names::Step(_) => (*function.block).clone(),
    };
    Harmless(by).visit_block_mut(&mut block);
    Some(quote! {
        #[allow(warnings, clippy::all, clippy::pedantic, clippy::nursery, reason = "nothing calls it")]
        async fn #name(#inputs) -> #output #block
    })
}

fn is_ours(mark: &Attribute) -> bool {
    mark.path().is_ident("resource") || mark.path().is_ident("collect")
}

/// The names through which a body may read and not change.
pub(crate) enum Names {
    /// The names of a step's context and shared state.
    Step(Vec<Ident>),
    /// The names of a workflow's handle, which has an `update`.
    Workflow(Vec<Ident>),
}

struct Harmless(Names);

impl Harmless {
    /// Returns whether it is a field of one of the names, or `*name`.
    fn is_within(&self, place: &Expr) -> bool {
        match place {
            Expr::Field(field) => self.is_name(&field.base) || self.is_within(&field.base),
            Expr::Index(index) => self.is_name(&index.expr) || self.is_within(&index.expr),
            Expr::Paren(paren) => self.is_within(&paren.expr),
            Expr::Unary(unary) => self.is_name(&unary.expr) || self.is_within(&unary.expr),
            Expr::Tuple(tuple) => tuple.elems.iter().any(|place| self.is_within(place)),
            Expr::Array(array) => array.elems.iter().any(|place| self.is_within(place)),
            _ => false,
        }
    }

    fn is_name(&self, base: &Expr) -> bool {
        let (Names::Step(names) | Names::Workflow(names)) = &self.0;
        matches!(base, Expr::Path(path) if names.iter().any(|name| path.path.is_ident(name)))
    }

    fn borrow(&self, place: &mut Expr) {
        if self.is_within(place) {
            *place = parse_quote!(*::steadfast::__private::borrowed(&#place));
        }
    }
}

impl VisitMut for Harmless {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        visit_mut::visit_expr_mut(self, expr);
        match expr {
            Expr::Assign(assign) if self.is_within(&assign.left) => self.borrow_all(&mut assign.left),
            Expr::Binary(binary) if assignment::is_assignment(&binary.op) => self.borrow(&mut binary.left),
            Expr::Reference(reference) if reference.mutability.is_some() => self.borrow(&mut reference.expr),
            Expr::MethodCall(call)
                if matches!(self.0, Names::Step(_))
                    && call.method == "update"
                    && self.is_name(&call.receiver)
                    && matches!(call.args.first(), Some(Expr::Closure(_))) =>
            {
                *expr = parse_quote!(::steadfast::__private::unwritten());
            }
            Expr::MethodCall(call) if assignment::may_change(&call.method) => {
                let place = &mut call.receiver;
                if self.is_within(place) {
                    **place = parse_quote!((*::steadfast::__private::borrowed(&#place)));
                }
            }
            _ => {}
        }
    }

    fn visit_local_mut(&mut self, local: &mut Local) {
        visit_mut::visit_local_mut(self, local);
        if assignment::takes_mutably(&local.pat)
            && let Some(init) = &mut local.init
        {
            self.borrow(&mut init.expr);
        }
    }

    fn visit_expr_let_mut(&mut self, condition: &mut ExprLet) {
        visit_mut::visit_expr_let_mut(self, condition);
        if assignment::takes_mutably(&condition.pat) {
            self.borrow(&mut condition.expr);
        }
    }

    fn visit_expr_match_mut(&mut self, chosen: &mut ExprMatch) {
        visit_mut::visit_expr_match_mut(self, chosen);
        if chosen.arms.iter().any(|arm| assignment::takes_mutably(&arm.pat)) {
            self.borrow(&mut chosen.expr);
        }
    }

    fn visit_macro_mut(&mut self, call: &mut syn::Macro) {
        let parse = syn::punctuated::Punctuated::<Expr, syn::Token![,]>::parse_terminated;
        if let Ok(mut all) = parse.parse2(call.tokens.clone()) {
            all.iter_mut().for_each(|expression| self.visit_expr_mut(expression));
            call.tokens = quote!(#all);
        }
    }

    fn visit_item_mut(&mut self, _: &mut Item) {}
}

impl Harmless {
    /// `(ctx.a, ctx.b) = ..`: each of them.
    fn borrow_all(&self, place: &mut Expr) {
        match place {
            Expr::Tuple(tuple) => tuple.elems.iter_mut().for_each(|place| self.borrow_all(place)),
            Expr::Array(array) => array.elems.iter_mut().for_each(|place| self.borrow_all(place)),
            place => self.borrow(place),
        }
    }
}

/// Returns the names of patterns that are names.
pub(crate) fn names<'a>(patterns: impl Iterator<Item = &'a Pat>) -> Vec<Ident> {
    let name = |pattern: &Pat| if let Pat::Ident(pattern) = pattern { Some(pattern.ident.clone()) } else { None };
    patterns.filter_map(name).collect()
}
