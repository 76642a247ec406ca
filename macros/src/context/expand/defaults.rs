//! The defaults of fields: one function for each.

use super::super::input::{Context, Default, Made};
use super::body;
use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, Ident, Lit, Type};

/// Returns the name of the function for a field's default.
pub(super) fn function(field: &str) -> Ident {
    format_ident!("__default_{field}")
}

pub(super) fn items(context: &Context, stand_in: bool) -> TokenStream {
    let stored = context.fields.iter().filter_map(|field| Some((&field.name, &field.ty, field.default.as_ref()?)));
    let transient = context.transient.iter().filter_map(|field| match &field.made {
        Made::Default(default) => Some((&field.name, &field.ty, default)),
        Made::Hook(_) => None,
    });
    let all = stored.map(|field| (field, false)).chain(transient.map(|field| (field, true)));
    let functions = all.map(|((name, ty, default), transient)| {
        let value = match default {
            Default::OfType if transient => {
                quote_spanned!(ty.span()=> <#ty as ::steadfast::__private::TransientDefault>::made())
            }
            Default::OfType => quote_spanned!(ty.span()=> <#ty as ::core::default::Default>::default()),
            Default::Value(value) if is_text(value) && is_string(ty) => {
                quote_spanned!(value.span()=> ::core::convert::From::from(#value))
            }
            Default::Value(value) => quote!(#value),
        };
        let (name, value) = (function(name), body(stand_in, value));
        quote! {
            fn #name() -> #ty { #value }
        }
    });
    quote!(#(#functions)*)
}

fn is_text(value: &Expr) -> bool {
    matches!(value, Expr::Lit(ExprLit { lit: Lit::Str(_), .. }))
}

/// Returns whether a type is written as `String`: its setters take `impl Into<String>`, and its default may be a
/// literal.
pub(super) fn is_string(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    path.path.segments.last().is_some_and(|last| last.ident == "String" && last.arguments.is_empty())
}
