//! Generates checks by type of the names in a workflow's body, where a name alone proves nothing.

use super::super::check::determinism::words;
use super::super::check::sources::{self, Named};
use crate::assignment;
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{Block, Expr, ExprCall, ExprMethodCall, ExprPath, Ident, Item, Macro, Path, Stmt, Token};

/// Returns the body with the questions, each in the block whose names it means.
pub(crate) fn probed(body: &Block, handles: &[Ident]) -> Block {
    let mut body = body.clone();
    Inserter { handles, in_step: false }.visit_block_mut(&mut body);
    body
}

struct Inserter<'a> {
    handles: &'a [Ident],
    /// Whether this is within `flow.run(..)`, whose closure is a step.
    in_step: bool,
}

/// Generates a question for each field of the context on which a statement calls a method that a workflow may not call on
/// every type.
fn asked_of_fields(statement: &Stmt, handles: &[Ident]) -> Vec<Stmt> {
    let mut fields = Fields { handles, questions: Vec::new() };
    fields.visit_stmt(statement);
    let questions = fields.questions.into_iter().map(|question| {
        syn::parse_quote! {
            // It is compiled, and never runs.
            if false {
                #[allow(unused_imports, reason = "asks what a field is")]
                use ::steadfast::__private::AnyType as _;
                #question
            }
        }
    });
    questions.collect()
}

/// The questions about fields, outside of the blocks of a statement.
struct Fields<'a> {
    handles: &'a [Ident],
    questions: Vec<TokenStream>,
}

impl<'ast> Visit<'ast> for Fields<'_> {
    fn visit_block(&mut self, _: &'ast Block) {}

    fn visit_item(&mut self, _: &'ast Item) {}

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        let field = &call.receiver;
        if assignment::is_field_of(self.handles, field) {
            if call.method == "get" {
                self.questions.push(quote_spanned!(field.span()=>
                    ::steadfast::__private::sources::Readable::check(
                        &::steadfast::__private::sources::Loading(&#field).kind(),
                    );
                ));
            } else if assignment::may_change(&call.method) {
                self.questions.push(quote_spanned!(field.span()=>
                    ::steadfast::__private::MayChangeInWorkflow::check(
                        &::steadfast::__private::Changing(&#field).kind(),
                    );
                ));
            }
        }
        visit::visit_expr_method_call(self, call);
    }
}

/// Returns a call whose value is asked for its kind.
fn returned(call: &ExprCall) -> Option<Expr> {
    let Expr::Path(function) = &*call.func else { return None };
    let Named::IfReturned(source) = sources::of_path(&words(&function.path))? else { return None };
    let span = function.path.span();
    // Not the user's tokens to lints, and at their place to messages.
    let generated = Span::mixed_site().located_at(span);
    let (check, value) = (Ident::new(source.check, span), Ident::new("value", generated));
    let ask = quote_spanned!(span=>
        ::steadfast::__private::sources::#check::check(&::steadfast::__private::sources::Returned(&#value).kind());
    );
    let asked = quote_spanned! {generated=>
        match #call {
            #value => {
                #[allow(unused_imports)]
                use ::steadfast::__private::AnyType as _;
                #ask
                #value
            }
        }
    };
    // Parsed again, so that the names in its arguments are found.
    syn::parse2(asked).ok()
}

impl VisitMut for Inserter<'_> {
    fn visit_block_mut(&mut self, block: &mut Block) {
        visit_mut::visit_block_mut(self, block);
        if self.in_step {
            return;
        }
        let mut found = Found { probes: Vec::new() };
        block.stmts.iter().for_each(|statement| found.visit_stmt(statement));
        let probes = found.probes.into_iter().map(|probe| -> Stmt { syn::parse_quote!(#probe) });
        let statements = std::mem::take(&mut block.stmts);
        // A field is asked for where the handle is in scope: right before the statement.
        let statements = statements.into_iter().flat_map(|statement| {
            let asked = asked_of_fields(&statement, self.handles);
            asked.into_iter().chain([statement])
        });
        block.stmts = probes.chain(statements).collect();
    }

    fn visit_expr_method_call_mut(&mut self, call: &mut ExprMethodCall) {
        let before = self.in_step;
        self.in_step |= call.method == "run";
        visit_mut::visit_expr_method_call_mut(self, call);
        self.in_step = before;
    }

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        visit_mut::visit_expr_mut(self, expr);
        if let (Expr::Call(call), false) = (&*expr, self.in_step)
            && let Some(asked) = returned(call)
        {
            *expr = asked;
        }
    }

    fn visit_macro_mut(&mut self, call: &mut Macro) {
        let Ok(mut all) = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(call.tokens.clone()) else { return };
        let before = all.clone();
        all.iter_mut().for_each(|expression| self.visit_expr_mut(expression));
        if all != before {
            call.tokens = quote!(#all);
        }
    }

    fn visit_item_mut(&mut self, _: &mut Item) {}
}

/// The questions of one block. The blocks within it have their own.
struct Found {
    probes: Vec<TokenStream>,
}

impl<'ast> Visit<'ast> for Found {
    fn visit_block(&mut self, _: &'ast Block) {}

    fn visit_item(&mut self, _: &'ast Item) {}

    fn visit_expr_path(&mut self, path: &'ast ExprPath) {
        if path.qself.is_none() {
            self.probes.extend(probe(&path.path));
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        if call.method == "run" {
            self.visit_expr(&call.receiver);
        } else {
            visit::visit_expr_method_call(self, call);
        }
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        if let Ok(all) = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(call.tokens.clone()) {
            all.iter().for_each(|expression| Found::visit_expr(self, expression));
        }
    }
}

fn probe(path: &Path) -> Option<TokenStream> {
    let named = sources::of_path(&words(path))?;
    let mut before = path.clone();
    before.segments.pop();
    before.segments.pop_punct();
    if before.segments.is_empty() {
        return None;
    }
    let span = path.span();
    let (source, asked, glob) = match named {
        Named::IfStep => {
            let ask = quote_spanned!(span=>
                ::steadfast::__private::sources::Recorded::check(
                    &::steadfast::__private::sources::Directly::<#before>::NEW.kind(),
                );
            );
            return Some(constant(&ask));
        }
        // Reported already, and asked at the call.
        Named::Certain(_) | Named::IfReturned(_) => return None,
        Named::IfType(source) => (source, quote!(#before), false),
        Named::IfModule(source, of_it) => {
            let of_it = Ident::new(of_it, Span::call_site());
            (source, quote!(#of_it), true)
        }
    };
    let check = Ident::new(source.check, span);
    let ask = quote_spanned!(span=>
        ::steadfast::__private::sources::#check::check(&::steadfast::__private::sources::Probe::<#asked>::NEW.kind());
    );
    Some(if glob {
        let inner = constant(&ask);
        quote! {
            #[allow(dead_code, unused_imports, reason = "asks what a name stands for")]
            const _: () = {
                // For a module that has no such type.
                type #asked = ();
                const _: () = {
                    use #before::*;
                    #inner
                };
            };
        }
    } else {
        constant(&ask)
    })
}

/// Generates a constant in which something is asked, and which is nothing.
fn constant(ask: &TokenStream) -> TokenStream {
    quote! {
        #[allow(dead_code, unused_imports, reason = "asks what a name stands for")]
        const _: () = {
            fn ask() {
                use ::steadfast::__private::AnyType as _;
                #ask
            }
        };
    }
}
