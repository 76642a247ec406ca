//! The user's own function, for unit tests: `charge::direct(..)`.

use super::super::input::{Other, Step};
use super::unchanged;
use crate::function::Parameter;
use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;

pub(super) fn items(step: &Step, stand_in: bool) -> TokenStream {
    let function = &step.function;
    let (vis, ident) = (&function.vis, function.ident());
    let (cfg, allowed) = (function.attributes.cfg(), function.attributes.allowed());
    let about = format!(
        "The step [`{name}`](fn@{name}). It is called with the handle of a workflow; `direct` is the \
         function itself, for unit tests.",
        name = function.name()
    );
    let function = associated_as(step, &quote::format_ident!("direct", span = ident.span()), stand_in);
    quote! {
        #cfg
        #[doc = #about]
        #[allow(non_camel_case_types, dead_code, reason = "it has the name of the function")]
        #allowed
        #vis struct #ident {}

        #cfg
        #allowed
        impl #ident {
            #function
        }
    }
}

/// Generates the function in an `impl`, under its own name.
pub(crate) fn associated(step: &Step, stand_in: bool) -> TokenStream {
    associated_as(step, step.function.ident(), stand_in)
}

fn associated_as(step: &Step, name: &syn::Ident, stand_in: bool) -> TokenStream {
    let (function, vis) = (&step.function, &step.function.vis);
    let (docs, own) = (&function.attributes.docs, function.attributes.own(&step.name));
    let note = format!("The function behind the step `{}`: it records nothing. For unit tests.", step.name);
    let others = step.others.iter().map(|other| match other {
        Other::Argument(_) if stand_in => quote!(_: impl ::core::marker::Sized),
        Other::Held(_) if stand_in => quote!(_: &'ctx (impl ?::core::marker::Sized)),
        Other::Argument(Parameter { attributes, pattern, ty, .. }) => quote!(#(#attributes)* #pattern: #ty),
        Other::Held(held) => {
            let (Parameter { attributes, pattern, .. }, ty) = (&held.parameter, held.ty());
            quote!(#(#attributes)* #pattern: &'ctx #ty)
        }
    });
    let others = quote!(#(#others),*);
    let context = step.context.as_ref().map(|context| {
        let (attributes, pattern) = (&context.parameter.attributes, &context.parameter.pattern);
        let (and, ty) = (context.reference.and_token, &context.reference.elem);
        if stand_in {
            quote!(_: &'ctx (impl ?::core::marker::Sized),)
        } else {
            quote!(#(#attributes)* #pattern: #and 'ctx #ty,)
        }
    });
    // One lifetime is enough for all borrows: shared references can be shortened.
    let lifetime = step.borrows().then(|| quote!('ctx));
    let result = step.function.output();
    let block = if stand_in {
        quote!({ ::core::unimplemented!() })
    } else {
        let (probes, statements) = (unchanged::probes(step), &function.block.stmts);
        quote!({ #probes #(#statements)* })
    };
    let head = quote! {
        #(#docs)*
        #[doc = ""]
        #[doc = #note]
        #(#own)*
        #[allow(dead_code, clippy::too_many_arguments, clippy::manual_async_fn, clippy::needless_pass_by_value, clippy::unnecessary_wraps, clippy::items_after_statements, reason = "generated around the user's function")]
    };
    if step.options.blocking {
        quote!(#head #vis fn #name<#lifetime>(#context #others) -> #result #block)
    } else {
        // Not an `async fn`: rustc would make useless suggestions where the body assigns to the context.
        let asyncness = step.function.sig.asyncness.map_or_else(|| step.function.sig.fn_token.span, |token| token.span);
        let captured = if stand_in { TokenStream::new() } else { quote!(+ use<#lifetime>) };
        // Where the function names itself, the compiler asks for what is written here. Elsewhere it would be a second error
        // for a body that cannot be sent.
        let sendable = (step.in_graph || names_direct(&step.function.block)).then(|| quote!(+ ::core::marker::Send));
        let future = quote_spanned!(result.span()=>
            impl ::core::future::Future<Output = #result> #sendable #captured
        );
        let body = if stand_in { quote_spanned!(asyncness=> async move #block) } else { coerced(step, asyncness) };
        quote!(#head #vis fn #name<#lifetime>(#context #others) -> #future { #body })
    }
}

/// Returns whether a body calls a step without its handle, perhaps itself.
fn names_direct(block: &syn::Block) -> bool {
    fn names(tokens: TokenStream) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Ident(word) => word == "direct",
            TokenTree::Group(group) => names(group.stream()),
            _ => false,
        })
    }
    names(block.to_token_stream())
}

/// Generates the body with its type said first: otherwise nothing in it is coerced to that, such as `Ok(Box::new([1]))`
/// for a `Result<Box<[u8]>>`.
fn coerced(step: &Step, asyncness: proc_macro2::Span) -> TokenStream {
    let (result, probes, statements) = (step.function.output(), unchanged::probes(step), &step.function.block.stmts);
    let hint = quote_spanned!(result.span()=> ::steadfast::__private::never::<#result>());
    quote_spanned! {asyncness=>
        async move {
            // It is compiled, and never runs.
            if false { return #hint; }
            #probes
            #(#statements)*
        }
    }
}
