//! Asks the compiler what the names in a body stand for, where a name alone proves nothing.

use super::super::check::determinism::words;
use super::super::check::sources::{self, Named};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{Block, Expr, ExprMethodCall, ExprPath, Ident, Item, Macro, Path, Stmt, Token};

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

/// Generates a question for each field of the context on which `get` is called in a statement.
fn loaded(statement: &Stmt, handles: &[Ident]) -> Vec<Stmt> {
    let mut loads = Loads { handles, found: Vec::new() };
    loads.visit_stmt(statement);
    let questions = loads.found.iter().map(|field| {
        let ask = quote_spanned!(field.span()=>
            ::steadfast::__private::sources::Readable::check(
                &::steadfast::__private::sources::Loading(&#field).kind(),
            );
        );
        syn::parse_quote! {
            if false {
                #[allow(unused_imports, reason = "asks what a field is")]
                use ::steadfast::__private::sources::AnyType as _;
                #ask
            }
        }
    });
    questions.collect()
}

/// The fields of the context on which `get` is called, outside of the blocks of a statement.
struct Loads<'a> {
    handles: &'a [Ident],
    found: Vec<Expr>,
}

impl<'ast> Visit<'ast> for Loads<'_> {
    fn visit_block(&mut self, _: &'ast Block) {}

    fn visit_item(&mut self, _: &'ast Item) {}

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        if call.method == "get"
            && let Expr::Field(field) = &*call.receiver
            && matches!(&*field.base, Expr::Path(path) if self.handles.iter().any(|name| path.path.is_ident(name)))
        {
            self.found.push((*call.receiver).clone());
        }
        visit::visit_expr_method_call(self, call);
    }
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
            let asked = loaded(&statement, self.handles);
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
        // It is reported already.
        Named::Certain(_) => return None,
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
                use ::steadfast::__private::sources::AnyType as _;
                #ask
            }
        };
    }
}
