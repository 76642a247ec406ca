//! The generated items of an event-driven workflow: one file for each kind.

mod checks;
mod definition;
mod steps;
mod types;

use super::input::{Graph, GraphStep};
use crate::faults::Faults;
use crate::kept;
use crate::step::expand::direct;
use proc_macro2::TokenStream;
use quote::quote;

/// Generates all items. A `stand_in` has the same items with empty bodies, so that a fault causes no further errors.
pub(super) fn all(graph: &Graph, faults: &Faults) -> TokenStream {
    let stand_in = faults.any();
    let kept = graph
        .steps
        .iter()
        .enumerate()
        .filter(|_| stand_in)
        .map(|(index, GraphStep { step, .. })| kept::associated(&step.function, index, step.own_names(), faults));
    let functions = graph.steps.iter().map(|step| direct::associated(&step.step, stand_in));
    let (attributes, ty, items) = (&graph.block.attrs, graph.ty(), &graph.block.items);
    let generated = if stand_in {
        Vec::new()
    } else {
        vec![steps::items(graph), steps::names(graph), checks::items(graph), types::checks(graph)]
    };
    let definition = definition::items(graph, stand_in);
    let own = |item: &syn::ImplItem| matches!(item, syn::ImplItem::Fn(function) if function.sig.ident == "diagram");
    let is_taken =
        graph.block.items.iter().any(own) || graph.steps.iter().any(|step| step.step.function.ident() == "diagram");
    let diagram = (!is_taken).then(|| {
        quote! {
            /// Returns the diagram of the workflow: its steps, with the types of the events between them.
            #[must_use]
            #[allow(dead_code, reason = "it is there to be looked at")]
            pub fn diagram() -> ::steadfast::Diagram {
                ::steadfast::__private::diagram::<Self>()
            }
        }
    });
    quote! {
        #(#attributes)*
        impl #ty {
            #(#items)*
            #(#functions)*
            #(#kept)*

            #diagram
        }

        const _: () = {
            #[allow(unused_imports, reason = "for types that are no events")]
            use ::steadfast::__private::{OtherwiseBeside as _, OtherwiseEnd as _, OtherwiseStep as _};

            // Named once, so that a type that is not there is one error.
            type __SteadfastGraph = #ty;

            #definition
            #(#generated)*
        };
    }
}
