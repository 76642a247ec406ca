//! The option `crate = ".."`: the path of steadfast for generated code, if it has another name.
//!
//! The option is the same in every macro, so it is removed before a macro reads its attribute, and the generated code
//! is rewritten afterwards.

use crate::faults::Faults;
use proc_macro2::{Delimiter, Group, Ident, Literal, Spacing, TokenStream, TokenTree};
use syn::parse::Parser;

const HELP: &str = "write the path under which this crate knows steadfast: `crate = \"durable\"`";

/// Runs an attribute macro.
pub(crate) fn attribute(
    expand: fn(TokenStream, TokenStream) -> TokenStream,
    attribute: TokenStream,
    item: TokenStream,
) -> TokenStream {
    let faults = Faults::new();
    let (attribute, path) = without_option(attribute, &faults);
    finish(expand(attribute, item), path, faults)
}

/// Runs a derive macro whose helper attribute has this name.
pub(crate) fn derive(expand: fn(TokenStream) -> TokenStream, name: &str, item: TokenStream) -> TokenStream {
    let faults = Faults::new();
    let (mut rest, mut path) = (Vec::new(), None);
    let mut tokens = item.into_iter().peekable();
    // The attributes of the item come first; those of its fields are inside its braces.
    while let Some(token) = tokens.next() {
        let hash = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '#');
        let Some(TokenTree::Group(brackets)) = tokens.next_if(|next| hash && matches!(next, TokenTree::Group(_)))
        else {
            rest.push(token);
            continue;
        };
        match helper(&brackets, name).map(|list| (without_option(list.stream(), &faults), list)) {
            Some(((list, Some(found)), _)) => {
                path = Some(found);
                if !list.is_empty() {
                    let name = Ident::new(name, brackets.span());
                    let list = Group::new(Delimiter::Parenthesis, list);
                    let attribute: TokenStream = [TokenTree::from(name), list.into()].into_iter().collect();
                    rest.extend([token, Group::new(Delimiter::Bracket, attribute).into()]);
                }
            }
            _ => rest.extend([token, brackets.into()]),
        }
    }
    finish(expand(rest.into_iter().collect()), path, faults)
}

/// Returns the list of `#[name(..)]`.
fn helper(brackets: &Group, name: &str) -> Option<Group> {
    let mut tokens = brackets.stream().into_iter();
    match (tokens.next(), tokens.next(), tokens.next()) {
        (Some(TokenTree::Ident(ident)), Some(TokenTree::Group(list)), None) if ident == name => Some(list),
        _ => None,
    }
}

/// Removes `crate = ".."` from a list of options, and returns both.
fn without_option(list: TokenStream, faults: &Faults) -> (TokenStream, Option<TokenStream>) {
    if !list.clone().into_iter().any(|token| matches!(token, TokenTree::Ident(word) if word == "crate")) {
        return (list, None);
    }
    let mut path = None;
    let mut kept: Vec<Vec<TokenTree>> = Vec::new();
    for option in list.into_iter().collect::<Vec<_>>().split(is_comma) {
        match option {
            [TokenTree::Ident(word), TokenTree::Punct(equals), value] if word == "crate" && equals.as_char() == '=' => {
                match value {
                    TokenTree::Literal(text) => path = parsed(text, faults).or(path),
                    other => faults.add(other, "`crate` is a text that holds a path", HELP),
                }
            }
            [] => {}
            option => kept.push(option.to_vec()),
        }
    }
    let comma = || TokenTree::from(proc_macro2::Punct::new(',', Spacing::Alone));
    let kept = kept.into_iter().flat_map(|option| option.into_iter().chain([comma()])).collect();
    (kept, path)
}

fn is_comma(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',')
}

fn parsed(text: &Literal, faults: &Faults) -> Option<TokenStream> {
    let path = syn::parse2::<syn::LitStr>(TokenTree::from(text.clone()).into()).ok().map(|text| text.value());
    let is_path = |path: &String| syn::Path::parse_mod_style.parse_str(path).is_ok();
    let Some(path) = path.filter(is_path) else {
        faults.add(text, "`crate` is a text that holds a path", HELP);
        return None;
    };
    path.parse().ok()
}

fn finish(generated: TokenStream, path: Option<TokenStream>, faults: Faults) -> TokenStream {
    let generated = match path {
        Some(path) => rewritten(generated, &path),
        None => generated,
    };
    let faults = faults.into_tokens();
    quote::quote!(#faults #generated)
}

/// Replaces `::steadfast` by `path` at the beginning of paths, with the same span.
fn rewritten(tokens: TokenStream, path: &TokenStream) -> TokenStream {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let (mut out, mut at) = (Vec::new(), 0);
    while let Some(token) = tokens.get(at) {
        if let [TokenTree::Punct(first), TokenTree::Punct(second), TokenTree::Ident(name), ..] = &tokens[at..]
            && (first.as_char(), second.as_char()) == (':', ':')
            && name == "steadfast"
            && begins_after(&tokens[..at])
        {
            out.extend(path.clone().into_iter().map(|mut part| {
                part.set_span(name.span());
                part
            }));
            at += 3;
            continue;
        }
        out.push(match token {
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), rewritten(group.stream(), path));
                inner.set_span(group.span());
                inner.into()
            }
            other => other.clone(),
        });
        at += 1;
    }
    out.into_iter().collect()
}

/// Returns whether a path may begin after these tokens, which do not end in a part of a path.
fn begins_after(tokens: &[TokenTree]) -> bool {
    const KEYWORDS: [&str; 17] = [
        "as", "async", "await", "break", "const", "dyn", "else", "for", "if", "impl", "in", "match", "move", "mut",
        "return", "use", "where",
    ];
    match tokens {
        // A lifetime: `&'static ::steadfast::..`.
        [.., TokenTree::Punct(quote), TokenTree::Ident(_)] if quote.as_char() == '\'' => true,
        [.., TokenTree::Ident(ident)] => KEYWORDS.iter().any(|keyword| ident == keyword),
        _ => true,
    }
}
