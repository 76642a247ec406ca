//! What is generated for a workflow: one file for each thing.

pub(crate) mod definition;
mod function;

use super::input::Workflow;
use proc_macro2::TokenStream;
use quote::quote;

/// Everything. A `stand_in` has the same items with empty bodies, so that a faulty workflow gives no further errors.
pub(super) fn all(workflow: &Workflow, stand_in: bool) -> TokenStream {
    let items = [function::items(workflow, stand_in), definition::items(workflow, stand_in)];
    quote!(#(#items)*)
}

/// The context's type; that of a workflow without one is `()`.
fn context(workflow: &Workflow, stand_in: bool) -> TokenStream {
    match workflow.context() {
        Some(ty) if !stand_in => quote!(#ty),
        _ => quote!(()),
    }
}

/// The input's type; that of a workflow without one is `()`.
fn input(workflow: &Workflow, stand_in: bool) -> TokenStream {
    match &workflow.input {
        Some(input) if !stand_in => {
            let ty = &input.ty;
            quote!(#ty)
        }
        _ => quote!(()),
    }
}
