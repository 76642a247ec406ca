//! The `impl GraphStep`: one type for each step.

use super::super::attribute::Collect;
use super::super::input::{Graph, GraphStep};
use super::types;
use crate::duration::Duration;
use crate::function::Parameter;
use crate::step::expand::definition::{self, Called};
use crate::step::input::Step;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

/// Returns the name of the type for a step.
pub(super) fn name(index: usize) -> Ident {
    format_ident!("__SteadfastStep{index}", span = Span::mixed_site())
}

pub(super) fn items(graph: &Graph) -> TokenStream {
    graph.steps.iter().enumerate().map(|(index, step)| item(graph, index, step)).collect()
}

/// Generates `Ingest::steps().fetch`, for tests that replace a step.
pub(super) fn names(graph: &Graph) -> TokenStream {
    let own = |item: &syn::ImplItem| match item {
        syn::ImplItem::Fn(item) => item.sig.ident == "steps",
        syn::ImplItem::Const(item) => item.ident == "steps",
        _ => false,
    };
    // An item of the user with that name takes precedence.
    if graph.block.items.iter().any(own) || graph.steps.iter().any(|step| step.step.function.ident() == "steps") {
        return TokenStream::new();
    }
    let (ty, workflow) = (graph.ty(), &graph.name);
    // The types of steps are not used here, so that one that is no event causes no further error.
    let fields = graph.steps.iter().enumerate().map(|(index, step)| {
        let (vis, ident, step) = (&step.step.function.vis, step.step.function.ident(), name(index));
        quote!(#vis #ident: ::steadfast::__private::StepOf<#step>,)
    });
    let values = graph.steps.iter().map(|step| {
        let (ident, recorded) = (step.step.function.ident(), &step.step.name);
        quote!(#ident: ::steadfast::__private::StepOf::new(#workflow, #recorded),)
    });
    // Only the runtime knows its features.
    quote! {
        ::steadfast::__with_testing! {
            #[doc(hidden)]
            #[allow(private_interfaces, dead_code, missing_docs, missing_debug_implementations, reason = "names of steps")]
            pub struct __SteadfastSteps { #(#fields)* }

            impl #ty {
                /// Returns the steps by their names: for tests that replace them by closures.
                #[must_use]
                #[allow(dead_code, reason = "for tests")]
                pub fn steps() -> __SteadfastSteps {
                    __SteadfastSteps { #(#values)* }
                }
            }
        }
    }
}

/// Generates the constants that only some steps have.
fn constants(step: &Step) -> TokenStream {
    let resources = definition::resources(step)
        .map(|resources| quote!(const RESOURCES: &'static [::steadfast::__private::ResourceKey] = #resources;));
    let roles =
        definition::roles(step).map(|roles| quote!(const ROLES: &'static [&'static ::core::primitive::str] = #roles;));
    let state = definition::state(step)
        .map(|state| quote!(const STATE: fn() -> ::core::option::Option<::steadfast::__private::StateDef> = #state;));
    let is_final = definition::is_final(step)
        .map(|is_final| quote!(const IS_FINAL: fn(&Self::Error) -> ::core::primitive::bool = #is_final;));
    quote!(#resources #roles #state #is_final)
}

fn item(graph: &Graph, index: usize, step: &GraphStep) -> TokenStream {
    let name = name(index);
    let inner = &step.step;
    let result = inner.function.output();
    let span = result.span();
    let outcome = quote_spanned!(span=> <#result as ::steadfast::__private::GraphOutcome>);
    let policy = definition::policy(inner);
    let policy = policy.map(|policy| quote!(const POLICY: ::steadfast::__private::Policy = #policy;));
    let blocking = inner.options.blocking;
    let constants = constants(inner);
    let context = definition::context(inner);
    let (shape, assumed) = (shape(graph, step), types::assumed(step));
    let types = step.events().map(|(argument, _)| &argument.ty);
    // Spanned at the call site of the functions, not at a type of the user.
    let [coder, inputs, events, whole] = [quote!(coder), quote!(inputs), quote!(events), quote!(context)];
    let read = step.events().enumerate().map(|(index, (argument, collect))| {
        let ty = &argument.ty;
        let method = if collect.is_some() { quote!(all) } else { quote!(one) };
        quote_spanned!(ty.span()=> ::steadfast::__private::Inputs::#method::<#ty>(#inputs, #coder, #index)?,)
    });
    let mut ident = inner.function.ident().clone();
    ident.set_span(span);
    let function = quote_spanned!(span=> __SteadfastGraph::#ident);
    let Called { bind, outcome: ended } = Called::of(inner, &function, &events, &quote!(&#whole));
    // Spanned at the return type, so that a type that is no event causes one error, however often it is named.
    quote_spanned! {span=>
        struct #name;

        #[automatically_derived]
        #[allow(unused_variables, unused_mut, unused_lifetimes, deprecated, clippy::all, clippy::pedantic, clippy::nursery, reason = "a step that takes little")]
        impl ::steadfast::__private::GraphStep for #name
        where
            #assumed
        {
            const SHAPE: ::steadfast::__private::StepShape = #shape;
            #policy
            const BLOCKING: ::core::primitive::bool = #blocking;
            #constants
            type Context = #context;
            type Events = (#(#types,)*);
            type Output = #outcome::Value;
            type Error = #outcome::Error;

            fn events(
                #coder: ::steadfast::__private::Coder<'_>,
                #inputs: &::steadfast::__private::Inputs,
            ) -> ::core::result::Result<Self::Events, ::steadfast::__private::CodecError> {
                ::core::result::Result::Ok((#(#read)*))
            }

            fn body(
                #whole: ::steadfast::__private::Arc<Self::Context>,
                #events: Self::Events,
                #inputs: ::steadfast::__private::StepInputs,
            ) -> impl ::core::future::Future<Output = ::core::result::Result<Self::Output, Self::Error>>
                + ::core::marker::Send + 'static
            {
                async move {
                    #bind
                    ::steadfast::__private::GraphOutcome::into_result(#ended)
                }
            }
        }
    }
}

fn shape(graph: &Graph, step: &GraphStep) -> TokenStream {
    let inner = &step.step;
    let result = inner.function.output();
    let name = &inner.name;
    let inputs = step.events().map(|(argument, collect)| input(graph, argument, collect));
    let output = quote_spanned!(result.span()=>
        <<#result as ::steadfast::__private::GraphOutcome>::Value as ::steadfast::__private::Emits>::SHAPE
    );
    let sends = step.routing.sends.iter().map(|ty| quote_spanned!(ty.span()=> <#ty as ::steadfast::Event>::INFO));
    let trigger = match (&step.routing.every, &step.routing.after) {
        (Some((_, time)), _) => timer(&quote!(Every), *time),
        (None, Some((_, time))) => timer(&quote!(After), *time),
        (None, None) => quote!(::steadfast::__private::Trigger::Events),
    };
    let reads = step.step.context.is_some();
    let (workers, catches) =
        (step.routing.workers.as_ref().map(|(_, most)| most), step.routing.catch.as_ref().map(|(_, times)| times));
    let (workers, catches) = (option(workers), option(catches));
    quote! {
        ::steadfast::__private::StepShape {
            name: #name,
            inputs: &[#(#inputs),*],
            output: #output,
            sends: &[#(#sends),*],
            trigger: #trigger,
            workers: #workers,
            reads: #reads,
            catches: #catches,
        }
    }
}

fn timer(kind: &TokenStream, time: Duration) -> TokenStream {
    let time = time.tokens();
    quote!(::steadfast::__private::Trigger::#kind(#time))
}

fn input(graph: &Graph, argument: &Parameter, collect: Option<&Collect>) -> TokenStream {
    let ty = &argument.ty;
    let taken = if collect.is_some() {
        quote_spanned!(ty.span()=>
            <<#ty as ::steadfast::__private::Collects>::Item as ::steadfast::__private::Takes>::TAKEN
        )
    } else {
        quote_spanned!(ty.span()=> <#ty as ::steadfast::__private::Takes>::TAKEN)
    };
    let is_collected = collect.is_some();
    let count = option(collect.and_then(|collect| collect.count).as_ref());
    // The recorded name of the step with this function name, or the name as written.
    let from = collect.and_then(|collect| collect.from.as_ref()).map(|from| {
        let step = graph.steps.iter().find(|step| step.step.function.ident() == from);
        step.map_or_else(|| from.to_string(), |step| step.step.name.clone())
    });
    let from = option(from.as_ref());
    quote! {
        ::steadfast::__private::EventInput { taken: #taken, collect: #is_collected, count: #count, from: #from }
    }
}

fn option<T: quote::ToTokens>(value: Option<&T>) -> TokenStream {
    value.map_or_else(|| quote!(::core::option::Option::None), |value| quote!(::core::option::Option::Some(#value)))
}
