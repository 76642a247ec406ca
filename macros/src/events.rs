//! The derive macro `#[derive(Events)]`.

use crate::faults::Faults;
use crate::name;
use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Fields, Type};

const VARIANT: &str =
    "write `Chunk(Chunk)`: a variant holds one event, `Stop<..>`, a `Vec` or `Option` of events, or nothing";

pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let faults = Faults::new();
    let keep = faults.take(syn::parse2(item)).and_then(|item| events(&item, &faults));
    let faults = faults.into_tokens();
    quote!(#faults #keep)
}

fn events(item: &DeriveInput, faults: &Faults) -> Option<TokenStream> {
    let ident = &item.ident;
    let Data::Enum(data) = &item.data else {
        let help = "a struct that is one event has `#[derive(Event)]`";
        faults.add(ident, "only an enum stands for one of several events", help);
        return None;
    };
    if !item.generics.params.is_empty() {
        faults.add(
            &item.generics,
            "an enum of events cannot have type parameters or lifetimes",
            "write the types themselves",
        );
        return None;
    }
    let mut arms = Vec::new();
    let mut of_variant = Vec::new();
    for variant in &data.variants {
        let case = &variant.ident;
        match &variant.fields {
            Fields::Unit => arms.push(quote!(Self::#case => ::core::result::Result::Ok(()),)),
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                let ty = &fields.unnamed[0].ty;
                of_variant.push((case, ty));
                arms.push(quote_spanned!(ty.span()=>
                    Self::#case(event) => <#ty as ::steadfast::__private::Emits>::emit(event, out),
                ));
            }
            other => faults.add(other, "a variant holds one event", VARIANT),
        }
    }
    if faults.any() {
        return None;
    }
    let held = || of_variant.iter().map(|(_, ty)| *ty);
    let shapes = held().map(|ty| quote_spanned!(ty.span()=> &<#ty as ::steadfast::__private::Emits>::SHAPE));
    let mut stop = quote!(::steadfast::__private::NoStop);
    for ty in held() {
        stop = quote_spanned!(ty.span()=>
            <#stop as ::steadfast::__private::BothStop<<#ty as ::steadfast::__private::Emits>::Stop>>::Stop
        );
    }
    let conversions = conversions(ident, &of_variant);
    Some(quote_spanned! {ident.span()=>
        #[automatically_derived]
        impl ::steadfast::__private::Emits for #ident {
            const SHAPE: ::steadfast::__private::Shape = ::steadfast::__private::Shape::One(&[#(#shapes),*]);
            type Stop = #stop;

            fn emit(
                self,
                out: &mut ::steadfast::__private::Emission<'_>,
            ) -> ::core::result::Result<(), ::steadfast::__private::CodecError> {
                match self {
                    #(#arms)*
                }
            }
        }

        #(#conversions)*
    })
}

/// Generates a conversion from each event that only one variant holds.
fn conversions<'a>(ident: &'a Ident, variants: &'a [(&Ident, &Type)]) -> impl Iterator<Item = TokenStream> + 'a {
    let held: Vec<String> = variants.iter().map(|(_, ty)| name::as_written(ty)).collect();
    let only = move |ty: &Type| held.iter().filter(|other| **other == name::as_written(ty)).count() == 1;
    variants.iter().filter(move |(_, ty)| only(ty)).map(move |(case, ty)| {
        quote_spanned! {ty.span()=>
            #[automatically_derived]
            impl ::core::convert::From<#ty> for #ident {
                fn from(event: #ty) -> Self {
                    Self::#case(event)
                }
            }
        }
    })
}
