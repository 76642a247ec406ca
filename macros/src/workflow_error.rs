//! The derive macro `#[derive(WorkflowError)]`.

use crate::faults::Faults;
use crate::{name, suggest};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Fields, Ident, Path, PathArguments, Token, Type, Variant};
use syn::{punctuated::Punctuated, token::Comma};

const OTHER: &str = "add a variant `#[workflow_error(other)] Other(steadfast::Error)`";
const VARIANT: &str = "write `#[workflow_error(from)] Card(CardError)`";

/// The errors of steadfast that a body gets besides those of its steps and child runs.
const OTHERS: [&str; 9] = [
    "RequestError",
    "SendError",
    "StateError",
    "ContextError",
    "NoContext",
    "EngineError",
    "ParseError",
    "sql::SqlError",
    "field_store::FieldStoreError",
];

/// The variants from which conversions are made.
#[derive(Default)]
struct Variants<'a> {
    /// The variant that holds any other error.
    other: Option<(&'a Ident, &'a Type, bool)>,
    from: Vec<From<'a>>,
}

/// A variant that holds an error of steps.
struct From<'a> {
    case: &'a Ident,
    ty: &'a Type,
    /// Whether another derive macro implements the conversion from the error itself.
    converted: bool,
}

pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let faults = Faults::new();
    let keep = faults.take(syn::parse2(item)).and_then(|item| conversions(&item, &faults));
    let faults = faults.into_tokens();
    quote!(#faults #keep)
}

/// Returns the variants of an enum without parameters.
fn variants<'a>(item: &'a DeriveInput, faults: &Faults) -> Option<Variants<'a>> {
    let Data::Enum(data) = &item.data else {
        let help = "make it an enum, with one variant for each error, and one `#[workflow_error(other)] Other(steadfast::Error)`";
        faults.add(&item.ident, "only an enum can be made from several errors", help);
        return None;
    };
    if !item.generics.params.is_empty() {
        faults.add(&item.generics, "the error cannot have type parameters or lifetimes", "write the types themselves");
        return None;
    }
    Some(Variants::read(data.variants.iter(), faults))
}

fn conversions(item: &DeriveInput, faults: &Faults) -> Option<TokenStream> {
    let ident = &item.ident;
    let variants = variants(item, faults)?;
    let Some((other, any, converted)) = variants.other else {
        if !faults.any() {
            let fault =
                format!("`{}` has no variant for other errors: a step may time out, panic, ..", name::plain(ident));
            faults.add(ident, fault, OTHER);
        }
        return None;
    };
    if faults.any() {
        return None;
    }
    let of_steps = variants.from.iter().map(|from| from.conversions(ident));
    let from_others = variants.others().map(|ty| any_error(ident, &ty));
    let assumed = assumed(&quote!(#ident));
    let from_any = (!converted).then(|| any_error(ident, &quote!(::steadfast::Error)));
    // The implementations assume that it can be recorded, so that a missing trait is reported once.
    Some(quote_spanned! {ident.span()=>
        const _: () = ::steadfast::__private::recordable::<#ident>();

        #[automatically_derived]
        impl ::steadfast::__private::OtherError for #ident {
            fn other(error: ::steadfast::Error) -> Self {
                Self::#other(<#any as ::steadfast::__private::AnyError>::of(error))
            }
        }

        #[automatically_derived]
        #[allow(unused_lifetimes, reason = "it makes a bound an assumption")]
        impl ::core::convert::From<::steadfast::StepError<#ident>> for #ident #assumed {
            fn from(error: ::steadfast::StepError<#ident>) -> Self {
                ::steadfast::__private::or_other(error.into_failure())
            }
        }

        #[automatically_derived]
        #[allow(unused_lifetimes, reason = "it makes a bound an assumption")]
        impl ::core::convert::From<::steadfast::ChildError<#ident>> for #ident #assumed {
            fn from(error: ::steadfast::ChildError<#ident>) -> Self {
                ::steadfast::__private::or_other(error.into_failure())
            }
        }

        #from_any

        #[automatically_derived]
        impl ::core::convert::From<::core::convert::Infallible> for #ident {
            fn from(never: ::core::convert::Infallible) -> Self {
                match never {}
            }
        }

        #(#of_steps)*
        #(#from_others)*
    })
}

/// Generates the clause that assumes that an error can be recorded.
fn assumed(error: &TokenStream) -> TokenStream {
    quote!(where for<'recorded> #error: ::steadfast::__private::Failure)
}

/// Generates the conversion of an error of steadfast into the variant for other errors.
fn any_error(ident: &Ident, ty: &TokenStream) -> TokenStream {
    quote_spanned! {ident.span()=>
        #[automatically_derived]
        impl ::core::convert::From<#ty> for #ident {
            fn from(error: #ty) -> Self {
                <Self as ::steadfast::__private::OtherError>::other(::core::convert::Into::into(error))
            }
        }
    }
}

impl From<'_> {
    fn conversions(&self, ident: &Ident) -> TokenStream {
        let Self { case, ty, converted } = self;
        let own = (!converted).then(|| {
            quote_spanned! {ty.span()=>
                #[automatically_derived]
                impl ::core::convert::From<#ty> for #ident {
                    fn from(error: #ty) -> Self {
                        Self::#case(error)
                    }
                }
            }
        });
        let assumed = assumed(&quote!(#ty));
        let wrapped = ["StepError", "ChildError"].map(|wrapper| {
            let wrapper = Ident::new(wrapper, ty.span());
            quote_spanned! {ty.span()=>
                #[automatically_derived]
                #[allow(unused_lifetimes, reason = "it makes a bound an assumption")]
                impl ::core::convert::From<::steadfast::#wrapper<#ty>> for #ident #assumed {
                    fn from(error: ::steadfast::#wrapper<#ty>) -> Self {
                        ::steadfast::__private::or_other(error.into_failure().map(Self::#case))
                    }
                }
            }
        });
        // `Card(#[from] StepError<CardError>)`.
        if is_wrapped(ty) {
            return quote!(#own);
        }
        let check = quote_spanned!(ty.span()=> const _: () = ::steadfast::__private::recordable::<#ty>(););
        let check = (!may_be_of_steadfast(ty)).then_some(check);
        quote!(#own #check #(#wrapped)*)
    }
}

impl<'a> Variants<'a> {
    fn read(variants: impl Iterator<Item = &'a Variant>, faults: &Faults) -> Self {
        let mut read = Self::default();
        for variant in variants {
            let options: Vec<(Ident, Meaning)> = variant
                .attrs
                .iter()
                .filter(|a| a.path().is_ident("workflow_error"))
                .flat_map(|a| words(a, faults))
                .collect();
            let field = match &variant.fields {
                Fields::Unnamed(fields) if fields.unnamed.len() == 1 => Some(&fields.unnamed[0]),
                _ => None,
            };
            let converted = field.is_some_and(|field| field.attrs.iter().any(|a| a.path().is_ident("from")));
            let Some((word, meaning)) = options.into_iter().next() else {
                if let Some(field) = field.filter(|_| converted) {
                    read.from.push(From { case: &variant.ident, ty: &field.ty, converted });
                }
                continue;
            };
            match (field, meaning) {
                (None, _) => faults.add(&word, "the variant holds one error, and nothing else", VARIANT),
                (Some(_), Meaning::Other) if read.other.is_some() => {
                    faults.add(&word, "two variants are for other errors", "keep one of them");
                }
                (Some(field), Meaning::Other) => read.other = Some((&variant.ident, &field.ty, converted)),
                (Some(field), Meaning::From) => {
                    read.from.push(From { case: &variant.ident, ty: &field.ty, converted });
                }
            }
        }
        read
    }

    /// Returns the errors of steadfast that no variant holds by itself.
    fn others(&self) -> impl Iterator<Item = TokenStream> {
        let wrapped = ["StepError", "ChildError"].map(|wrapper| (wrapper, format!("{wrapper}<steadfast::Error>")));
        let plain = OTHERS.map(|path| (path, path.to_owned()));
        wrapped.into_iter().chain(plain).filter(|(name, _)| !self.holds(name)).map(|(_, path)| {
            let path: TokenStream = path.replace("<steadfast", "<::steadfast").parse().unwrap_or_default();
            quote!(::steadfast::#path)
        })
    }

    fn holds(&self, path: &str) -> bool {
        self.from.iter().filter_map(|from| of_any_error(from.ty)).any(|held| held == last_word(path))
    }
}

/// Returns the last name of a path without arguments, or with the default one: `StepError` and `StepError<Error>`, but
/// not `StepError<CardError>`.
fn of_any_error(ty: &Type) -> Option<String> {
    let last = path(ty)?.segments.last()?;
    let is_default = match &last.arguments {
        PathArguments::None => true,
        PathArguments::AngleBracketed(arguments) => {
            ["Error", "steadfast::Error", "::steadfast::Error"].contains(&&*name::as_written(&arguments.args))
        }
        PathArguments::Parenthesized(_) => false,
    };
    is_default.then(|| name::plain(&last.ident))
}

/// Returns whether the type is named like an error of steadfast: such a one is not recorded by itself.
fn may_be_of_steadfast(ty: &Type) -> bool {
    let last = path(ty).and_then(|path| path.segments.last());
    last.is_some_and(|last| OTHERS.iter().any(|other| last_word(other) == name::plain(&last.ident)))
}

/// Returns whether it is the error of a step or child run already, which is never that of another.
fn is_wrapped(ty: &Type) -> bool {
    let last = path(ty).and_then(|path| path.segments.last());
    last.is_some_and(|last| last.ident == "StepError" || last.ident == "ChildError")
}

fn last_word(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

fn path(ty: &Type) -> Option<&Path> {
    if let Type::Path(ty) = ty { Some(&ty.path) } else { None }
}

enum Meaning {
    From,
    Other,
}

fn words(attribute: &Attribute, faults: &Faults) -> Vec<(Ident, Meaning)> {
    let parsed = attribute.parse_args_with(Punctuated::<Ident, Token![,]>::parse_terminated);
    let read = |words: Punctuated<Ident, Comma>| words.into_iter().filter_map(|word| meaning(word, faults)).collect();
    faults.read(parsed, VARIANT).map(read).unwrap_or_default()
}

fn meaning(word: Ident, faults: &Faults) -> Option<(Ident, Meaning)> {
    match &*name::plain(&word) {
        "from" => Some((word, Meaning::From)),
        "other" => Some((word, Meaning::Other)),
        unknown => {
            let fault = format!("`{unknown}` is not an attribute of a variant");
            faults.add(&word, fault, suggest::help(unknown, &["from", "other"]));
            None
        }
    }
}
