//! The stored part of a context with transient fields: a struct next to the user's.

use super::super::input::Context;
use super::{body, fields};
use proc_macro2::TokenStream;
use quote::quote;

pub(super) fn types(context: &Context) -> TokenStream {
    if context.transient.is_empty() {
        return TokenStream::new();
    }
    let Context { vis, ident, stored, .. } = context;
    let fields = context.fields.iter().map(|field| {
        let (vis, name, ty, docs) = (&field.vis, &field.ident, &field.ty, &field.docs);
        let otherwise = format!("[`{ident}::{}`].", field.name);
        let otherwise = docs.is_empty().then(|| quote!(#[doc = #otherwise]));
        quote!(#(#docs)* #otherwise #vis #name: #ty,)
    });
    let doc = format!(
        "The stored part of [`{ident}`]: what its builder makes, `flow.update(..)` changes and the database holds.\n\n\
         Steps get the [`{ident}`], which has the transient fields as well."
    );
    quote! {
        #[doc = #doc]
        #[allow(clippy::all, clippy::pedantic, clippy::nursery, reason = "the fields are the user's")]
        #vis struct #stored { #(#fields)* }
    }
}

pub(super) fn items(context: &Context, stand_in: bool) -> TokenStream {
    if context.transient.is_empty() {
        return TokenStream::new();
    }
    let Context { vis, ident, stored, .. } = context;
    let copies = fields::copies(context, &quote!(self));
    let clone = body(stand_in, quote!(Self { #copies }));
    let part = body(stand_in, quote!(#stored { #copies }));
    let doc = format!("A copy of the stored part: without {}.", super::documentation::list(&context.transient));
    let name = stored.to_string();
    quote! {
        impl #ident {
            #[doc = #doc]
            #[must_use]
            #vis fn stored(&self) -> #stored {
                #part
            }
        }

        #[automatically_derived]
        impl ::core::clone::Clone for #stored {
            fn clone(&self) -> Self {
                #clone
            }
        }

        #[automatically_derived]
        impl ::core::cmp::PartialEq for #stored {
            fn eq(&self, other: &Self) -> ::core::primitive::bool {
                ::steadfast::__private::StoredContext::difference(self, other).is_empty()
            }
        }

        #[automatically_derived]
        impl ::core::fmt::Debug for #stored {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::steadfast::__private::debug(#name, self, f)
            }
        }
    }
}
