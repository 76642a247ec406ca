//! The derive macro `#[derive(Event)]`.

use crate::faults::Faults;
use crate::{name, suggest};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Expr, Field, Fields, Index, Lit, Meta, Token, punctuated::Punctuated};

const WORDS: [&str; 3] = ["external", "broadcast", "name"];
const OF_FIELD: [&str; 2] = ["default", "alias"];
const HELP: &str = "write `#[event(external, name = \"approval.given\")]`";
const HELP_OF_FIELD: &str = "write `#[event(default)]`, `#[event(default = 3)]` or `#[event(alias = \"old_name\")]`";

/// The options of `#[event(..)]` on the struct.
#[derive(Default)]
struct Options {
    external: bool,
    broadcast: bool,
    name: Option<String>,
}

pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let faults = Faults::new();
    let keep = faults.take(syn::parse2(item)).and_then(|item| event(&item, &faults));
    let faults = faults.into_tokens();
    quote!(#faults #keep)
}

fn event(item: &DeriveInput, faults: &Faults) -> Option<TokenStream> {
    let ident = &item.ident;
    let options = Options::parse(&item.attrs, faults);
    let fields = fields(item, faults)?;
    let recorded = options.name.unwrap_or_else(|| name::plain(ident));
    if recorded.starts_with('#') {
        faults.add(ident, "the recorded name of an event does not begin with `#`", "take another one");
    }
    let channel = format!("event:{recorded}");
    let place = format!("::{}:", name::plain(ident));
    let (external, broadcast) = (options.external, options.broadcast);
    let (write, read): (Vec<_>, Vec<_>) =
        fields.iter().enumerate().map(|(index, field)| one(index, field, faults)).unzip();
    let built = match fields {
        Fields::Unit => quote!(Self),
        Fields::Named(_) => quote!(Self { #(#read),* }),
        Fields::Unnamed(_) => quote!(Self(#(#read),*)),
    };
    if faults.any() {
        return None;
    }
    // Spanned at the call site of the functions, not at a type of the user.
    let [this, event] = [quote!(this), quote!(event)];
    let types = fields.iter().map(|field| &field.ty).collect::<Vec<_>>();
    // The implementation assumes that its fields can be stored, so that a missing trait is reported once, with our
    // message.
    let storable = types.iter().map(|ty| {
        quote_spanned!(ty.span()=>
            const _: ::core::marker::PhantomData<<#ty as ::steadfast::__private::Input>::Value> =
                ::core::marker::PhantomData;
        )
    });
    Some(quote_spanned! {ident.span()=>
        #(#storable)*

        #[automatically_derived]
        #[allow(unused_variables, unused_lifetimes, clippy::all, clippy::pedantic, reason = "an event without fields")]
        impl ::steadfast::Event for #ident
        where
            #(for<'stored> #types: ::steadfast::__private::Storable,)*
        {
            const INFO: ::steadfast::__private::EventInfo = ::steadfast::__private::EventInfo {
                name: #recorded,
                channel: #channel,
                path: ::core::concat!(
                    ::core::module_path!(), #place, ::core::line!(), ":", ::core::column!()
                ),
                external: #external,
                broadcast: #broadcast,
            };

            fn write(
                &self,
                #event: &mut ::steadfast::__private::EventWriter<'_>,
            ) -> ::core::result::Result<(), ::steadfast::__private::CodecError> {
                let #this = self;
                #(#write)*
                ::core::result::Result::Ok(())
            }

            fn read(
                #event: &::steadfast::__private::EventReader<'_>,
            ) -> ::core::result::Result<Self, ::steadfast::__private::CodecError> {
                ::core::result::Result::Ok(#built)
            }
        }
    })
}

/// Returns the fields of an event, which is a struct without parameters.
fn fields<'a>(item: &'a DeriveInput, faults: &Faults) -> Option<&'a Fields> {
    let data = match &item.data {
        Data::Struct(data) => data,
        Data::Enum(data) => {
            let help = "make it a struct, with an enum as a field; an enum of several events has `#[derive(Events)]`";
            faults.add(data.enum_token, "an event is a struct", help);
            return None;
        }
        Data::Union(data) => {
            faults.add(data.union_token, "an event is a struct", "make it a struct: a union cannot be stored");
            return None;
        }
    };
    if !item.generics.params.is_empty() {
        let help =
            "write the types themselves: a recorded name must say what the event is, and it must own what it holds";
        faults.add(&item.generics, "an event cannot have type parameters or lifetimes", help);
        return None;
    }
    Some(&data.fields)
}

/// Generates how a field is written, and how it is read.
fn one(index: usize, field: &Field, faults: &Faults) -> (TokenStream, TokenStream) {
    let ty = &field.ty;
    let of_field = OfField::parse(&field.attrs, faults);
    let place = Index::from(index);
    let (access, recorded) = match &field.ident {
        Some(ident) => (quote!(#ident), name::plain(ident)),
        None => (quote!(#place), index.to_string()),
    };
    let aliases = &of_field.aliases;
    let event = quote!(event);
    let this = quote!(this);
    let write = quote_spanned!(ty.span()=>
        ::steadfast::__private::EventWriter::field::<#ty>(#event, #recorded, &#this.#access)?;
    );
    let read = match &of_field.default {
        None => quote_spanned!(ty.span()=>
            ::steadfast::__private::EventReader::field::<#ty>(#event, #recorded, &[#(#aliases),*])?
        ),
        Some(default) => {
            let default = match default {
                Fallback::Given(expression) => quote!(|| #expression),
                Fallback::OfType => quote_spanned!(ty.span()=> <#ty as ::core::default::Default>::default),
            };
            quote_spanned!(ty.span()=>
                ::steadfast::__private::EventReader::optional::<#ty>(#event, #recorded, &[#(#aliases),*])?
                    .unwrap_or_else(#default)
            )
        }
    };
    let read = match &field.ident {
        Some(ident) => quote!(#ident: #read),
        None => read,
    };
    (write, read)
}

fn metas(attributes: &[Attribute], help: &str, faults: &Faults) -> Vec<Meta> {
    let ours = attributes.iter().filter(|attribute| attribute.path().is_ident("event"));
    let mut metas = Vec::new();
    for attribute in ours {
        match &attribute.meta {
            Meta::List(list) => {
                let parsed = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
                metas.extend(faults.read(parsed, help).into_iter().flatten());
            }
            _ => faults.add(attribute, "`event` is written another way", help),
        }
    }
    metas
}

impl Options {
    fn parse(attributes: &[Attribute], faults: &Faults) -> Self {
        let mut options = Self::default();
        for meta in metas(attributes, HELP, faults) {
            let word = name::as_written(meta.path());
            match (word.as_str(), &meta) {
                ("external", Meta::Path(_)) => options.external = true,
                ("broadcast", Meta::Path(_)) => options.broadcast = true,
                ("name", Meta::NameValue(pair)) if options.name.is_none() => {
                    options.name = name::recorded(pair, faults);
                }
                ("name", Meta::NameValue(pair)) => faults.add(&pair.path, "`name` is given twice", "keep one of them"),
                (word, meta) if WORDS.contains(&word) => {
                    faults.add(meta, format!("`{word}` is written another way"), HELP);
                }
                (word, meta) => {
                    let fault = format!("`{word}` is not an attribute of an event");
                    faults.add(meta.path(), fault, suggest::help(word, &WORDS));
                }
            }
        }
        options
    }
}

/// The value of a field in an event that was recorded without it.
enum Fallback {
    OfType,
    Given(Box<Expr>),
}

/// The options of `#[event(..)]` on a field.
#[derive(Default)]
struct OfField {
    default: Option<Fallback>,
    aliases: Vec<String>,
}

impl OfField {
    fn parse(attributes: &[Attribute], faults: &Faults) -> Self {
        let mut of_field = Self::default();
        for meta in metas(attributes, HELP_OF_FIELD, faults) {
            let word = name::as_written(meta.path());
            match (word.as_str(), &meta) {
                ("default", Meta::Path(_)) => of_field.default = Some(Fallback::OfType),
                ("default", Meta::NameValue(pair)) => {
                    of_field.default = Some(Fallback::Given(Box::new(pair.value.clone())));
                }
                ("alias", Meta::NameValue(pair)) => match &pair.value {
                    Expr::Lit(lit) if matches!(lit.lit, Lit::Str(_)) => {
                        if let Lit::Str(text) = &lit.lit {
                            of_field.aliases.push(text.value());
                        }
                    }
                    other => faults.add(other, "an alias is a name in quotes", HELP_OF_FIELD),
                },
                (word, meta) if OF_FIELD.contains(&word) => {
                    faults.add(meta, format!("`{word}` is written another way"), HELP_OF_FIELD);
                }
                (word, meta) => {
                    let fault = format!("`{word}` is not an attribute of a field of an event");
                    faults.add(meta.path(), fault, suggest::help(word, &OF_FIELD));
                }
            }
        }
        of_field
    }
}
