//! The attribute `#[workflow]`.

pub(crate) mod attribute;
mod check;
pub(crate) mod expand;
pub(crate) mod input;

use crate::faults::Faults;
use crate::function::Function;
use crate::kept::{self, Names};
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
            let mut workflow = Workflow::new(function, options, &faults);
            check::signature(&workflow, &faults);
            let stand_in = faults.any();
            check::body(&workflow, &faults);
            let names = check::handles(&workflow);
            let kept = kept::take(&mut workflow.function, Names::Workflow(names), &faults);
            let items = expand::all(&workflow, stand_in);
            quote!(#items #kept)
        }
        Err(item) => item,
    };
    let faults = faults.into_tokens();
    quote!(#faults #keep)
}
