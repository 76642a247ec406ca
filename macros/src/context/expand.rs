//! The generated items of a context: one file for each kind.

mod builder;
mod defaults;
mod definition;
mod documentation;
mod fields;
mod index;
mod live;
mod stored;
mod update;

use super::input::Context;
use proc_macro2::TokenStream;
use quote::quote;

/// Generates all items. A `stand_in` has the same items with empty bodies, so that a faulty struct causes no further
/// errors.
pub(super) fn all(context: &Context, stand_in: bool) -> TokenStream {
    let types = [stored::types(context), builder::types(context), update::types(context), index::types(context)];
    let items = [
        defaults::items(context, stand_in),
        definition::items(context, stand_in),
        stored::items(context, stand_in),
        live::items(context, stand_in),
        builder::items(context, stand_in),
        update::items(context, stand_in),
        index::items(context, stand_in),
    ];
    quote! {
        #(#types)*
        #[allow(deprecated, clippy::all, clippy::pedantic, clippy::nursery, reason = "the fields are the user's")]
        const _: () = { #(#items)* };
    }
}

/// Returns the body of a generated function.
fn body(stand_in: bool, tokens: TokenStream) -> TokenStream {
    if stand_in { quote!(::core::unimplemented!()) } else { tokens }
}

/// Generates what the implementations assume of the stored struct: a field that cannot be shared, or a missing `Clone`, is
/// reported once, elsewhere. A bound with a lifetime of its own is not checked where it stands.
fn assumed(context: &Context) -> TokenStream {
    let Context { ident, stored, .. } = context;
    let update = crate::name::joined(ident, "Update");
    quote! {
        for<'__any> #stored: ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync,
        for<'__any> #update: ::core::marker::Send,
    }
}
