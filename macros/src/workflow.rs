//! The attribute `#[workflow]`.

pub(crate) mod attribute;
mod check;
pub(crate) mod expand;
mod input;

use crate::faults::Faults;
use crate::function::Function;
use attribute::Options;
use input::Workflow;
use proc_macro2::TokenStream;
use quote::quote;

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    if let Ok(block) = syn::parse2::<syn::ItemImpl>(item.clone()) {
        return crate::graph::expand(attribute, block);
    }
    let faults = Faults::new();
    let keep = match Function::parse(item, "workflow", &faults) {
        Ok(function) => {
            let options = Options::parse(attribute, &faults);
            let workflow = Workflow::new(function, options, &faults);
            check::all(&workflow, &faults);
            expand::all(&workflow, faults.any())
        }
        Err(item) => item,
    };
    let faults = faults.into_tokens();
    quote!(#faults #keep)
}
