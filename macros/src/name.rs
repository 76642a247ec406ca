//! Names: identifiers and types as people write them, and recorded names.

use crate::faults::Faults;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::{Expr, ExprLit, Lit, MetaNameValue, ext::IdentExt};

/// Returns an identifier without `r#`.
pub(crate) fn plain(ident: &syn::Ident) -> String {
    ident.unraw().to_string()
}

/// Joins `OrderContext` and `Builder` to `OrderContextBuilder`, with the span of the first.
pub(crate) fn joined(ident: &syn::Ident, suffix: &str) -> syn::Ident {
    syn::Ident::new(&format!("{}{suffix}", plain(ident)), ident.span())
}

/// Converts `user_id` to `UserId`.
pub(crate) fn camel_case(name: &str) -> String {
    let mut camel = String::new();
    for word in name.split('_') {
        let mut letters = word.chars();
        camel.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        camel.push_str(letters.as_str());
    }
    camel
}

/// Reads the value of `name = ".."`.
pub(crate) fn recorded(meta: &MetaNameValue, faults: &Faults) -> Option<String> {
    match &meta.value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if !text.value().is_empty() => Some(text.value()),
        other => {
            faults.add(other, "the recorded name is a text that is not empty", "write `name = \"charge\"`");
            None
        }
    }
}

/// Reads the texts of `roles("admin", "ops")`.
pub(crate) fn roles(list: &syn::MetaList, faults: &Faults) -> Vec<String> {
    let parser = syn::punctuated::Punctuated::<Expr, syn::Token![,]>::parse_terminated;
    let given = faults.read(list.parse_args_with(parser), ROLES);
    let mut roles = Vec::new();
    if given.as_ref().is_some_and(syn::punctuated::Punctuated::is_empty) {
        faults.add(list, "`roles` names at least one role", ROLES);
    }
    for role in given.into_iter().flatten() {
        match &role {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if text.value().is_empty() => {
                faults.add(text, "a role has a name", ROLES);
            }
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if roles.contains(&text.value()) => {
                faults.add(text, format!("the role `{}` is named twice", text.value()), "keep one of them");
            }
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => roles.push(text.value()),
            other => faults.add(other, "a role is a text", ROLES),
        }
    }
    roles
}

pub(crate) const ROLES: &str = "write `roles(\"admin\", \"ops\")`: one of them is enough";

/// Formats a type or path as a person writes it: `Vec<u8>` and not `Vec < u8 >`.
pub(crate) fn as_written(tokens: impl quote::ToTokens) -> String {
    let mut text = String::new();
    write(tokens.into_token_stream(), &mut text);
    text
}

fn write(tokens: TokenStream, text: &mut String) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::None => ("", ""),
                };
                text.push_str(open);
                write(group.stream(), text);
                text.push_str(close);
            }
            TokenTree::Punct(punct) => {
                text.push(punct.as_char());
                if matches!(punct.as_char(), ',' | ';' | '=' | '+') {
                    text.push(' ');
                }
            }
            word => {
                if text.ends_with(|last: char| last.is_alphanumeric() || last == '_') {
                    text.push(' ');
                }
                text.push_str(&word.to_string());
            }
        }
    }
}
