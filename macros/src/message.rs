//! The derive macro `#[derive(Message)]`.

use crate::faults::Faults;
use crate::{name, suggest};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Attribute, Data, DeriveInput, Field, Meta, Token, punctuated::Punctuated};

const NAME: &str = "write `#[message(name = \"approval\")]`";

/// The options of `#[message(..)]`.
#[derive(Default)]
struct Options {
    name: Option<String>,
    /// Whether a name was given, valid or not.
    named: bool,
}

pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let faults = Faults::new();
    let keep = faults.take(syn::parse2(item)).and_then(|item| message(&item, &faults));
    let faults = faults.into_tokens();
    quote!(#faults #keep)
}

fn message(item: &DeriveInput, faults: &Faults) -> Option<TokenStream> {
    let ident = &item.ident;
    let mut options = Options::default();
    for attribute in item.attrs.iter().filter(|attribute| attribute.path().is_ident("message")) {
        for pair in pairs(attribute, faults) {
            options.one(&pair, faults);
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
    for field in fields(&item.data) {
        whole(field, faults);
    }
    let recorded = options.name.unwrap_or_else(|| name::plain(ident));
    // The implementation assumes that it can be stored, so that a missing trait is reported once, with our message.
    Some(quote_spanned! {ident.span()=>
        const _: ::core::marker::PhantomData<<#ident as ::steadfast::__private::Input>::Value> =
            ::core::marker::PhantomData;

        #[automatically_derived]
        #[allow(unused_lifetimes, reason = "it makes a bound an assumption")]
        impl ::steadfast::Message for #ident
        where
            for<'stored> #ident: ::steadfast::__private::Storable,
        {
            const NAME: &'static ::core::primitive::str = #recorded;
        }
    })
}

/// Returns the fields of a struct, or of all variants of an enum.
fn fields(data: &Data) -> Vec<&Field> {
    match data {
        Data::Struct(data) => data.fields.iter().collect(),
        Data::Enum(data) => data.variants.iter().flat_map(|variant| &variant.fields).collect(),
        Data::Union(_) => Vec::new(),
    }
}

/// Refuses `#[serde(skip)] cache: u32`: no receiver of the message would ever get that field.
fn whole(field: &Field, faults: &Faults) {
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        let words = attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
        // serde reports what is wrong with the attribute itself.
        for word in words.into_iter().flatten() {
            if ["skip", "skip_serializing", "skip_deserializing"].iter().any(|skip| word.path().is_ident(skip)) {
                let help = "remove the attribute, or take the field out of the message: who receives it gets a default \
                            in its place";
                faults.add(&word, "this field of a message is not sent", help);
            }
        }
    }
}

fn pairs(attribute: &Attribute, faults: &Faults) -> Vec<Meta> {
    let Meta::List(list) = &attribute.meta else {
        faults.add(attribute, "`message` is written another way", NAME);
        return Vec::new();
    };
    let parsed = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
    faults.read(parsed, NAME).into_iter().flatten().collect()
}

impl Options {
    fn one(&mut self, meta: &Meta, faults: &Faults) {
        let word = name::as_written(meta.path());
        match meta {
            Meta::NameValue(pair) if word == "name" => {
                if self.named {
                    faults.add(&pair.path, "`name` is given twice", "keep one of them");
                } else {
                    self.named = true;
                    self.name = name::recorded(pair, faults);
                }
            }
            meta if word == "name" => faults.add(meta, "`name` gives the recorded name", NAME),
            meta => {
                let fault = format!("`{word}` is not an attribute of a message");
                faults.add(meta.path(), fault, suggest::help(&word, &["name"]));
            }
        }
    }
}
