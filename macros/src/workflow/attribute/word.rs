//! One option of `#[workflow(..)]`, as it is written.

use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Ident, MetaList, MetaNameValue, Token, Type, ext::IdentExt, parenthesized, token};

/// An option `word = ..`, where `context` and `state` take a type; `resources(..)`, a list of types; or `roles(..)`.
pub(super) enum Word {
    Context(Ident, Type),
    State(Ident, Type),
    Resources(Ident, Vec<Type>),
    Roles(MetaList),
    Other(MetaNameValue),
    Unfinished(Ident),
}

impl Parse for Word {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let ahead = input.fork();
        let word = ahead.call(Ident::parse_any)?;
        if word == "resources" && ahead.peek(token::Paren) {
            input.call(Ident::parse_any)?;
            let list;
            parenthesized!(list in input);
            let types = Punctuated::<Type, Token![,]>::parse_terminated(&list)?;
            return Ok(Self::Resources(word, types.into_iter().collect()));
        }
        if word == "roles" && ahead.peek(token::Paren) {
            return input.parse().map(Self::Roles);
        }
        if !ahead.peek(Token![=]) {
            input.call(Ident::parse_any)?;
            if !input.is_empty() && !input.peek(Token![,]) {
                input.parse::<proc_macro2::TokenTree>()?;
            }
            return Ok(Self::Unfinished(word));
        }
        let after = ahead.parse::<Token![=]>().is_ok() && (ahead.is_empty() || ahead.peek(Token![,]));
        if after {
            input.call(Ident::parse_any)?;
            input.parse::<Token![=]>()?;
            return Ok(Self::Unfinished(word));
        }
        if word != "context" && word != "state" {
            return input.parse().map(Self::Other);
        }
        input.call(Ident::parse_any)?;
        input.parse::<Token![=]>()?;
        let kind = if word == "context" { Self::Context } else { Self::State };
        input.parse().map(|ty| kind(word, ty))
    }
}
