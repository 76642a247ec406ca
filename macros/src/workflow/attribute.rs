//! What stands in `#[workflow(..)]`.

use crate::faults::Faults;
use crate::name;
use crate::suggest;
use proc_macro2::TokenStream;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Ident, MetaNameValue, Token, Type, ext::IdentExt, parenthesized, token};

/// The options of a workflow.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) name: Option<String>,
    pub(crate) context: Option<Type>,
    /// What its steps take of the engine.
    pub(crate) resources: Vec<Type>,
}

/// `word = ..`, where what follows `context` is a type; `resources(..)`, a list of types.
enum Word {
    Context(Ident, Type),
    Resources(Ident, Vec<Type>),
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
        if !ahead.peek(Token![=]) {
            input.call(Ident::parse_any)?;
            if !input.is_empty() && !input.peek(Token![,]) {
                input.parse::<proc_macro2::TokenTree>()?;
            }
            return Ok(Self::Unfinished(word));
        }
        if word != "context" {
            return input.parse().map(Self::Other);
        }
        input.call(Ident::parse_any)?;
        input.parse::<Token![=]>()?;
        if input.is_empty() || input.peek(Token![,]) {
            return Ok(Self::Unfinished(word));
        }
        input.parse().map(|ty| Self::Context(word, ty))
    }
}

impl Options {
    pub(crate) fn parse(attribute: TokenStream, faults: &Faults) -> Self {
        let mut options = Self::default();
        let words = syn::parse::Parser::parse2(Punctuated::<Word, Token![,]>::parse_terminated, attribute);
        let help = "write `#[workflow(context = OrderContext, resources(Db))]`";
        let mut lists = 0;
        for word in faults.read(words, help).into_iter().flatten() {
            match word {
                Word::Context(word, ty) => {
                    if options.context.replace(ty).is_some() {
                        faults.add(word, "`context` is given twice", "keep one: a workflow has one context");
                    }
                }
                Word::Resources(word, types) => {
                    lists += 1;
                    if lists > 1 {
                        faults.add(&word, "`resources` is given twice", "make them one list: `resources(Db, Index)`");
                    }
                    options.resources(&word, types, faults);
                }
                Word::Other(meta) if meta.path.is_ident("resources") => resources_is_a_list(&meta, faults),
                Word::Unfinished(word) if word == "resources" => resources_is_a_list(&word, faults),
                Word::Other(meta) if meta.path.is_ident("name") => options.name = name::recorded(&meta, faults),
                Word::Other(meta) => unknown(&name::as_written(&meta.path), &meta.path, faults),
                Word::Unfinished(word) if word == "context" => {
                    faults.add(word, "`context` names the type of the context", "write `context = OrderContext`");
                }
                Word::Unfinished(word) if word == "name" => {
                    faults.add(word, "`name` gives the recorded name", "write `name = \"process_order\"`");
                }
                Word::Unfinished(word) if word.to_string().starts_with(char::is_uppercase) => {
                    let fault = format!("`{word}` stands here without a word that says what it is");
                    faults.add(&word, fault, format!("write `context = {word}`"));
                    options.context = Some(syn::parse_quote!(#word));
                }
                Word::Unfinished(word) => unknown(&word.to_string(), &word, faults),
            }
        }
        options
    }

    /// `resources(Db, Db)`, `resources()`.
    fn resources(&mut self, word: &Ident, types: Vec<Type>, faults: &Faults) {
        if types.is_empty() {
            resources_is_a_list(word, faults);
        }
        for ty in types {
            let written = name::as_written(&ty);
            if self.resources.iter().any(|before| name::as_written(before) == written) {
                faults.add(&ty, format!("`{written}` is named twice"), "keep one of them");
            } else {
                self.resources.push(ty);
            }
        }
    }
}

fn resources_is_a_list(place: &impl quote::ToTokens, faults: &Faults) {
    faults.add(place, "`resources` names the types that the steps take", "write `resources(Db, Index)`");
}

fn unknown(word: &str, place: &impl quote::ToTokens, faults: &Faults) {
    let help = suggest::help(word, &["context", "resources", "name"]);
    faults.add(place, format!("`{word}` is not an option of a workflow"), help);
}
