//! The attribute `#[workflow]` on an `impl`: an event-driven workflow.

mod attribute;
mod check;
mod expand;
mod input;

use crate::faults::Faults;
use crate::workflow::attribute::Options;
use input::Graph;
use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemImpl;

pub(crate) fn expand(attribute: TokenStream, item: ItemImpl) -> TokenStream {
    let faults = Faults::new();
    let options = Options::parse(attribute, &faults);
    let graph = Graph::new(item, options, &faults);
    check::all(&graph, &faults);
    let keep = expand::all(&graph, &faults);
    let faults = faults.into_tokens();
    quote!(#faults #keep)
}
