//! One function for the default of each optional field.

use super::super::input::{Context, Default, Field};
use super::body;
use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, Ident, Lit, Type};

/// The name of the function that makes a field's default.
pub(super) fn function(field: &Field) -> Ident {
    format_ident!("__default_{}", field.name)
}

pub(super) fn items(context: &Context, stand_in: bool) -> TokenStream {
    let functions = context.fields.iter().filter_map(|field| {
        let value = match field.default.as_ref()? {
            Default::OfType => {
                let ty = &field.ty;
                quote_spanned!(ty.span()=> <#ty as ::core::default::Default>::default())
            }
            Default::Value(value) if is_text(value) && is_string(&field.ty) => {
                quote_spanned!(value.span()=> ::core::convert::From::from(#value))
            }
            Default::Value(value) => quote!(#value),
        };
        let (name, ty, value) = (function(field), &field.ty, body(stand_in, value));
        Some(quote! {
            #[allow(clippy::all, clippy::pedantic, clippy::nursery, reason = "it has the form that the macro needs")]
            fn #name() -> #ty { #value }
        })
    });
    quote!(#(#functions)*)
}

fn is_text(value: &Expr) -> bool {
    matches!(value, Expr::Lit(ExprLit { lit: Lit::Str(_), .. }))
}

/// Whether a type is written as `String`: its setters take `impl Into<String>`, its default may be a literal.
pub(super) fn is_string(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    path.path.segments.last().is_some_and(|last| last.ident == "String" && last.arguments.is_empty())
}
