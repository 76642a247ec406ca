//! The generated items of a workflow: one file for each kind.

pub(crate) mod definition;
mod function;
pub(crate) mod probes;

use super::input::Workflow;
use proc_macro2::TokenStream;
use quote::quote;

/// Generates all items. A `stand_in` has the same items with empty bodies, so that a faulty workflow causes no further
/// errors.
pub(super) fn all(workflow: &Workflow, stand_in: bool) -> TokenStream {
    let items = [function::items(workflow, stand_in), definition::items(workflow, stand_in)];
    quote!(#(#items)*)
}

/// Returns the context's type; `()` for a workflow without one.
fn context(workflow: &Workflow, stand_in: bool) -> TokenStream {
    match workflow.context() {
        Some(ty) if !stand_in => quote!(#ty),
        _ => quote!(()),
    }
}

/// Returns the input's type; `()` for a workflow without one.
fn input(workflow: &Workflow, stand_in: bool) -> TokenStream {
    match &workflow.input {
        Some(input) if !stand_in => {
            let ty = &input.ty;
            quote!(#ty)
        }
        _ => quote!(()),
    }
}
