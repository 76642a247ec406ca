//! The generated items of a step: one file for each kind.

pub(crate) mod call;
pub(crate) mod definition;
pub(crate) mod direct;
mod unchanged;

use super::input::Step;
use proc_macro2::TokenStream;
use quote::quote;

/// Generates all items. A `stand_in` has the same items with empty bodies, so that a faulty step causes no further
/// errors.
pub(super) fn all(step: &Step, stand_in: bool) -> TokenStream {
    let items = [call::items(step, stand_in), direct::items(step, stand_in), definition::items(step, stand_in)];
    quote!(#(#items)*)
}
