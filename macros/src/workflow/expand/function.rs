//! The function that names the workflow, with the user's own inside.

use super::super::check::handles;
use super::super::input::{Form, Workflow};
use super::{context, definition, input, probes};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

pub(super) fn items(workflow: &Workflow, stand_in: bool) -> TokenStream {
    let function = &workflow.function;
    let (vis, ident) = (&function.vis, function.ident());
    let attributes = function.attributes.surface(&format!("The workflow `{}`.", workflow.name));
    let (context, input_ty) = (context(workflow, stand_in), input(workflow, stand_in));
    let parameter = workflow.input.as_ref().map(|_| quote!(input: #input_ty));
    let span = function.output().span();
    let output = quote_spanned!(span=> ::steadfast::__private::Body<#ident>);
    // Here, and not in constants of their own, each of which the compiler would evaluate.
    let checks = definition::checks(workflow, stand_in);
    quote_spanned! {span=>
        #attributes
        #[allow(unused_variables, clippy::needless_pass_by_value, reason = "it names the workflow, and is never called")]
        #vis fn #ident(
            start: &dyn ::steadfast::__private::StartArgument<#context>,
            #parameter
        ) -> #output {
            #checks
            ::steadfast::__private::Body::uncalled()
        }
    }
}

/// Generates what runs the user's function, which is inside.
pub(super) fn body(workflow: &Workflow) -> TokenStream {
    let function = &workflow.function;
    let (own, result) = (function.attributes.own(&workflow.name), &function.output);
    let block = probes::probed(&function.block, &handles(workflow));
    let (asyncness, fn_token) = (function.sig.asyncness, function.sig.fn_token);
    let parameters = workflow.handle.iter().chain(&workflow.input).map(|parameter| {
        let (attributes, pattern, ty) = (&parameter.attributes, &parameter.pattern, &parameter.ty);
        quote!(#(#attributes)* #pattern: #ty)
    });
    let name = syn::Ident::new("__workflow_body", function.ident().span());
    let input = workflow.input.as_ref().map(|_| quote!(input));
    let handle = workflow.handle.as_ref().map_or_else(|| function.ident().span(), |handle| handle.ty.span());
    let start = quote_spanned!(handle=> start);
    let flow = if workflow.context().is_some() {
        quote_spanned!(handle=>
            ::steadfast::__private::Begun::into_flow(::steadfast::__private::Start::with_defaults(start).await)
        )
    } else {
        quote!(::steadfast::__private::Start::without_context(start))
    };
    let span = result.span();
    let mut at_result = name.clone();
    at_result.set_span(span);
    let (prepare, run) = match workflow.form {
        Form::FlowMut => {
            (quote_spanned!(span=> let mut flow = #flow;), quote_spanned!(span=> #at_result(&mut flow, #input).await))
        }
        Form::Flow => {
            (quote_spanned!(span=> let flow = #flow;), quote_spanned!(span=> #at_result(&flow, #input).await))
        }
        Form::Start | Form::Unknown => (TokenStream::new(), quote_spanned!(span=> #at_result(#start, #input).await)),
    };
    let new = quote_spanned!(function.ident().span()=> ::steadfast::__private::pinned);
    let run = quote_spanned!(span=> async move { #prepare ::steadfast::__private::Returned::into_result(#run) });
    quote! {
        #(#own)*
        #[deny(unused_must_use, clippy::iter_over_hash_type)]
        #asyncness #fn_token #name(#(#parameters),*) -> #result #block

        #new(#run)
    }
}
