//! Checks that a workflow's body makes the same calls each time it runs: no clock, no randomness, no input from
//! outside.

use super::sources::{self, Named, Source};
use crate::faults::Faults;
use crate::name;
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Block, Expr, ExprMethodCall, ExprPath, Item, Macro, Path, Token};

pub(super) fn check(body: &Block, handle: &str, faults: &Faults) {
    Finder { handle, faults }.visit_block(body);
}

struct Finder<'a> {
    handle: &'a str,
    faults: &'a Faults,
}

impl Finder<'_> {
    fn report(&self, source: Option<&Source>, place: impl ToTokens) {
        if let Some(source) = source {
            self.faults.add(place, source.fault, source.help.replace("{flow}", self.handle));
        }
    }

    /// Scans the tokens of a macro that are no expressions for paths.
    fn scan(&self, tokens: TokenStream) {
        let mut path: Vec<(String, TokenTree)> = Vec::new();
        let mut colons = 0;
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match &token {
                TokenTree::Ident(ident) => {
                    // `flow.run("name", ..)` is an inline step, whose body need not be deterministic.
                    if ident == "run" && path.last().is_some_and(|(word, _)| word == ".") {
                        tokens.next_if(|next| matches!(next, TokenTree::Group(_)));
                    }
                    if colons != 2 {
                        self.end(&mut path);
                    }
                    path.push((name::plain(ident), token.clone()));
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Punct(punct) if punct.as_char() == '.' => {
                    self.end(&mut path);
                    path.push((".".into(), token.clone()));
                }
                other => {
                    self.end(&mut path);
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.scan(group.stream());
                    }
                }
            }
        }
        self.end(&mut path);
    }

    fn end(&self, path: &mut Vec<(String, TokenTree)>) {
        let (words, tokens): (Vec<_>, Vec<_>) = path.drain(..).unzip();
        if let Some(Named::Certain(source)) = sources::of_path(&words) {
            self.report(Some(source), tokens.into_iter().collect::<TokenStream>());
        }
    }
}

/// Returns whether tokens have `=>`, as the branches of a `select!` do.
fn has_branches(tokens: &TokenStream) -> bool {
    let tokens = tokens.clone().into_iter().collect::<Vec<_>>();
    let is = |token: &TokenTree, sign: char| matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign);
    tokens.windows(2).any(|pair| is(&pair[0], '=') && is(&pair[1], '>'))
}

/// Returns the words of a path.
pub(crate) fn words(path: &Path) -> Vec<String> {
    path.segments.iter().map(|segment| name::plain(&segment.ident)).collect()
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_expr_path(&mut self, path: &'ast ExprPath) {
        if let Some(Named::Certain(source)) = sources::of_path(&words(&path.path)) {
            self.report(Some(source), path);
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        // `flow.run("name", async move || ..)` is an inline step, whose body need not be deterministic.
        if call.method != "run" {
            visit::visit_expr_method_call(self, call);
        }
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        let biased = matches!(call.tokens.clone().into_iter().next(), Some(TokenTree::Ident(word)) if word == "biased");
        let branches = has_branches(&call.tokens);
        self.report(sources::of_macro(&words(&call.path), biased, branches), &call.path);
        match Punctuated::<Expr, Token![,]>::parse_terminated.parse2(call.tokens.clone()) {
            Ok(expressions) => expressions.iter().for_each(|expression| Finder { ..*self }.visit_expr(expression)),
            Err(_) => self.scan(call.tokens.clone()),
        }
    }

    /// Skips items inside the body, which may be steps.
    fn visit_item(&mut self, _: &'ast Item) {}
}
