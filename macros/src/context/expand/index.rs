//! The type behind `engine.find(..).by(|c| ..)`: the fields by which runs are found.

use super::super::input::{Context, inner_of_option};
use crate::secret;
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

pub(super) fn types(context: &Context) -> TokenStream {
    if !context.is_searchable() {
        return TokenStream::new();
    }
    let Context { vis, ident, .. } = context;
    let index = crate::name::joined(ident, "Index");
    let fields = context.fields.iter().map(|field| {
        let (vis, name) = (&field.vis, &field.ident);
        let ty = if field.is_indexed() {
            let ty = inner_of_option(&field.ty);
            quote_spanned!(ty.span()=> ::steadfast::__private::IndexedField<#ty>)
        } else {
            quote!(::steadfast::__private::NotIndexed<#ident>)
        };
        let doc = format!("The field `{}` of the runs.", field.name);
        quote!(#[doc = #doc] #vis #name: #ty,)
    });
    let doc = format!(
        "What the closure of `engine.find(..).by(|c| ..)` gets for an [`{ident}`]: its fields, of which those with \
         `#[context(index)]` can be compared."
    );
    quote! {
        #[doc = #doc]
        #[allow(dead_code, clippy::all, clippy::pedantic, clippy::nursery, reason = "a program may search for some only")]
        #vis struct #index { #(#fields)* }
    }
}

pub(super) fn items(context: &Context, stand_in: bool) -> TokenStream {
    if !context.is_searchable() {
        return TokenStream::new();
    }
    let Context { ident, .. } = context;
    let index = crate::name::joined(ident, "Index");
    let fields = context.fields.iter().map(|field| {
        let (ident, name) = (&field.ident, &field.name);
        if field.is_indexed() {
            quote!(#ident: ::steadfast::__private::IndexedField::named(#name),)
        } else {
            quote!(#ident: ::steadfast::__private::NotIndexed::new(),)
        }
    });
    let value = super::body(stand_in, quote!(#index { #(#fields)* }));
    let open = context.fields.iter().filter(|field| field.is_indexed() && !stand_in).map(|field| {
        let (ty, holds) = (&field.ty, secret::holds(&field.ty));
        let message = format!("runs cannot be found by `{}`: an index would show the secret; drop `index`", field.name);
        (!secret::is_plain(ty)).then(|| quote_spanned!(ty.span()=> const _: () = ::core::assert!(!#holds, #message);))
    });
    let open = open.flatten();
    quote! {
        #(#open)*

        #[automatically_derived]
        impl ::steadfast::__private::IndexedContext for #ident {
            type Index = #index;

            fn index() -> #index {
                #value
            }
        }
    }
}
