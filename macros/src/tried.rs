//! The operator `?` in generated code.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::Ident;

/// Generates the value of a result, or a return with its error. A `?` would call two functions of the standard library,
/// which a debug build compiles for each type.
pub(crate) fn tried(result: &TokenStream) -> TokenStream {
    let [value, error] = ["value", "error"].map(|name| Ident::new(name, Span::mixed_site()));
    quote! {
        match #result {
            ::core::result::Result::Ok(#value) => #value,
            ::core::result::Result::Err(#error) => return ::core::result::Result::Err(#error),
        }
    }
}
