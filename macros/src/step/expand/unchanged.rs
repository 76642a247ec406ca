//! Generates checks of the fields on which a step calls a method that may change them: the name of a method alone proves
//! nothing.

use super::super::input::Step;
use crate::aliases::{self, Alias};
use crate::assignment;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Expr, ExprMethodCall, Ident, Item, Pat};

/// Generates a statement for each field on which a method is called that may change it.
pub(super) fn probes(step: &Step) -> TokenStream {
    let Some(context) = &step.context else { return TokenStream::new() };
    let Pat::Ident(pattern) = &context.parameter.pattern else { return TokenStream::new() };
    // The name may mean something else.
    if assignment::times_bound(&pattern.ident, &step.function.block) != 0 {
        return TokenStream::new();
    }
    let aliases = aliases::of(&pattern.ident, &step.function.block);
    let mut finder = Finder { context: &pattern.ident, aliases: &aliases, found: Vec::new() };
    finder.visit_block(&step.function.block);
    let mut seen = Vec::new();
    finder.found.retain(|place| {
        let text = place.to_token_stream().to_string();
        let is_new = !seen.contains(&text);
        seen.push(text);
        is_new
    });
    if finder.found.is_empty() {
        return TokenStream::new();
    }
    let may = if step.in_graph { quote!(MayChangeInGraph) } else { quote!(MayChange) };
    let probes = finder.found.iter().map(|place| {
        quote_spanned!(place.span()=>
            ::steadfast::__private::#may::check(&::steadfast::__private::Changing(&#place).kind());
        )
    });
    quote! {
        // It is compiled, and never runs.
        if false {
            #[allow(unused_imports, reason = "asks what a method is called on")]
            use ::steadfast::__private::AnyType as _;
            #(#probes)*
        }
    }
}

struct Finder<'a> {
    context: &'a Ident,
    aliases: &'a [Alias],
    found: Vec<Expr>,
}

impl Finder<'_> {
    /// Returns the field that a name stands for.
    fn named(&self, receiver: &Expr) -> Option<&Expr> {
        let Expr::Path(path) = receiver else { return None };
        let alias = self.aliases.iter().find(|alias| alias.field.is_some() && path.path.is_ident(&alias.name));
        alias.map(|alias| &alias.place)
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        if assignment::may_change(&call.method) {
            if assignment::is_field_of(std::slice::from_ref(self.context), &call.receiver) {
                self.found.push((*call.receiver).clone());
            } else if let Some(place) = self.named(&call.receiver) {
                self.found.push(place.clone());
            }
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_item(&mut self, _: &'ast Item) {}
}
