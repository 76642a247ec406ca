//! The name of the span that `#[tracing::instrument]` makes of the user's function.

use proc_macro2::{TokenStream, TokenTree};
use syn::{Attribute, LitStr, Meta};

/// Returns an attribute that calls its span by this name, unless it has a name. What is generated around a function has
/// names of its own, which would be those of the spans. Any other attribute is returned as it is.
pub(crate) fn named(attribute: &Attribute, name: &str) -> Attribute {
    let mut attribute = attribute.clone();
    let span = match attribute.path().segments.last() {
        Some(last) if is_of_tracing(&attribute) => last.ident.span(),
        _ => return attribute,
    };
    let name = LitStr::new(name, span);
    let (path, options) = match &attribute.meta {
        Meta::Path(path) => (path, TokenStream::new()),
        Meta::List(list) if !has_name(&list.tokens) => (&list.path, list.tokens.clone()),
        Meta::List(_) | Meta::NameValue(_) => return attribute,
    };
    attribute.meta = syn::parse_quote!(#path(name = #name, #options));
    attribute
}

/// Returns whether it is `#[instrument]`, with or without its crate.
fn is_of_tracing(attribute: &Attribute) -> bool {
    let words = attribute.path().segments.iter().map(|segment| segment.ident.to_string()).collect::<Vec<_>>();
    let words = words.iter().map(String::as_str).collect::<Vec<_>>();
    matches!(words[..], ["instrument"] | ["tracing" | "tracing_attributes", "instrument"])
}

/// Returns whether the options have a name: `name = ".."`, or a text alone.
fn has_name(options: &TokenStream) -> bool {
    let options = options.clone().into_iter().collect::<Vec<_>>();
    options.split(|token| matches!(token, TokenTree::Punct(comma) if comma.as_char() == ',')).any(|option| match option
    {
        [TokenTree::Literal(_)] => true,
        [TokenTree::Ident(word), ..] => word == "name",
        _ => false,
    })
}
