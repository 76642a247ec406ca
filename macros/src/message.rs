//! `#[derive(Message)]`.

use crate::faults::Faults;
use crate::{name, suggest};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Attribute, Data, DeriveInput, Meta, MetaNameValue, Token, punctuated::Punctuated};

const NAME: &str = "write `#[message(name = \"approval\")]`";

pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let faults = Faults::new();
    let keep = faults.take(syn::parse2(item)).and_then(|item| message(&item, &faults));
    let faults = faults.into_tokens();
    quote!(#faults #keep)
}

fn message(item: &DeriveInput, faults: &Faults) -> Option<TokenStream> {
    let ident = &item.ident;
    let mut recorded = None;
    for attribute in item.attrs.iter().filter(|attribute| attribute.path().is_ident("message")) {
        for pair in pairs(attribute, faults) {
            options(&pair, &mut recorded, faults);
        }
    }
    if let Data::Union(data) = &item.data {
        faults.add(data.union_token, "a message is a struct or an enum", "make it an enum: a union cannot be stored");
        return None;
    }
    if !item.generics.params.is_empty() {
        let help =
            "write the types themselves: a recorded name must say what the value is, and it must own what it holds";
        faults.add(&item.generics, "a message cannot have type parameters or lifetimes", help);
        return None;
    }
    let recorded = recorded.flatten().unwrap_or_else(|| name::plain(ident));
    Some(quote_spanned! {ident.span()=>
        #[automatically_derived]
        impl ::steadfast::Message for #ident {
            const NAME: &'static ::core::primitive::str = #recorded;
        }
    })
}

fn pairs(attribute: &Attribute, faults: &Faults) -> Vec<Meta> {
    let Meta::List(list) = &attribute.meta else {
        faults.add(attribute, "`message` is written another way", NAME);
        return Vec::new();
    };
    let parsed = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
    faults.read(parsed, NAME).into_iter().flatten().collect()
}

/// `name = ".."`, once.
fn options(meta: &Meta, recorded: &mut Option<Option<String>>, faults: &Faults) {
    let word = name::as_written(meta.path());
    match meta {
        Meta::NameValue(MetaNameValue { path, .. }) if path.is_ident("name") && recorded.is_some() => {
            faults.add(path, "`name` is given twice", "keep one of them");
        }
        Meta::NameValue(pair) if pair.path.is_ident("name") => *recorded = Some(text(pair, faults)),
        meta if meta.path().is_ident("name") => faults.add(meta, "`name` gives the recorded name", NAME),
        meta => {
            let fault = format!("`{word}` is not an attribute of a message");
            faults.add(meta.path(), fault, suggest::help(&word, &["name"]));
        }
    }
}

fn text(pair: &MetaNameValue, faults: &Faults) -> Option<String> {
    match &pair.value {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) if !text.value().is_empty() => Some(text.value()),
        other => {
            faults.add(other, "the recorded name is a text that is not empty", NAME);
            None
        }
    }
}
