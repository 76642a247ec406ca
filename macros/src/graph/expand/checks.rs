//! The rules that need types: constants, each with the span of the user's token, so that `cargo check` finds every
//! fault at once.

use super::super::check::states;
use super::super::input::Graph;
use super::steps;
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;

pub(super) fn items(graph: &Graph) -> TokenStream {
    let names = (0..graph.steps.len()).map(steps::name);
    let ty = graph.ty();
    let count = graph.steps.len();
    let mut checks = quote! {
        const __STEADFAST_WAYS: ::steadfast::__private::checks::Ways<#count> =
            ::steadfast::__private::checks::Ways::of([#(::steadfast::__private::StepProbe::<#names>::SHAPE),*]);
    };
    let mut check = |at: &dyn ToTokens, rule: &str, places: &[usize]| {
        let span = at.to_token_stream().span();
        let rule = Ident::new(rule, span);
        // Every token has the user's span, so that the compiler points there.
        let places = places.iter().map(|place| {
            let mut place = Literal::usize_unsuffixed(*place);
            place.set_span(span);
            place
        });
        checks.extend(quote_spanned!(span=> const _: () = if __STEADFAST_WAYS.are_known() {
                ::steadfast::__private::checks::#rule(&__STEADFAST_WAYS #(, #places)*);
            };));
    };
    check(ty, "has_start", &[]);
    check(ty, "has_stop", &[]);
    for (index, step) in graph.steps.iter().enumerate() {
        let result = step.step.function.output();
        check(&result, "produced_is_taken", &[index]);
        check(step.step.function.ident(), "reaches_stop", &[index]);
        for (parameter, (argument, _)) in step.events().enumerate() {
            check(&argument.ty, "one_start", &[index]);
            check(&argument.ty, "taken_is_produced", &[index, parameter]);
            check(&argument.ty, "taken_once", &[index, parameter]);
            check(&argument.ty, "collected_from", &[index, parameter]);
        }
        if let Some((argument, _)) = step.events().next() {
            check(&argument.ty, "collected_at_one_level", &[index]);
            check(&argument.ty, "catch_takes_failures", &[index]);
        }
        if let Some((word, _)) = &step.routing.workers {
            check(word, "workers_have_work", &[index]);
        }
    }
    checks.extend(types(graph));
    checks
}

/// Checks that each step returns and reads the types that the workflow declares.
fn types(graph: &Graph) -> TokenStream {
    let mut checks = TokenStream::new();
    let context = graph.options.context.as_ref().map_or_else(
        || quote!(::core::option::Option::None),
        |context| quote!(::core::option::Option::Some(<#context as ::steadfast::__private::StepContext>::CONTEXT)),
    );
    for (index, step) in graph.steps.iter().enumerate() {
        let result = step.step.function.output();
        let mut place = Literal::usize_unsuffixed(index);
        place.set_span(result.span());
        checks.extend(quote_spanned! {result.span()=>
            const _: () = if __STEADFAST_WAYS.are_known() {
                ::steadfast::__private::checks::updates_its_context(&__STEADFAST_WAYS, #place, #context);
            };
            const _: fn() = ::steadfast::__private::EndOf::<#result>::is::<
                <__SteadfastGraph as ::steadfast::__private::WorkflowDef>::Output
            >;
        });
        if let (Some(declared), Some(context)) = (&graph.options.context, &step.step.context) {
            let read = &context.reference.elem;
            checks.extend(quote_spanned! {read.span()=>
                const _: () = ::steadfast::__private::same_context::<#read, #declared>();
            });
        }
        if let Some(declared) = &graph.options.state {
            for (read, _) in states(step) {
                checks.extend(quote_spanned! {read.span()=>
                    const _: () = ::steadfast::__private::same_state::<#read, #declared>();
                });
            }
        }
    }
    checks
}
