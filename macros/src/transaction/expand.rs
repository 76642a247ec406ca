//! The generated items of a transaction: those of a step, with a plain function behind it.

use super::Transaction;
use crate::duration::Duration;
use crate::function::Parameter;
use crate::step::expand::{call, definition};
use crate::stored::Stored;
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};

/// Generates all items. A `stand_in` has the same items with empty bodies, so that a faulty transaction causes no
/// further errors.
pub(super) fn all(transaction: &Transaction, stand_in: bool) -> TokenStream {
    let step = &transaction.step;
    let items = [
        call::items(step, stand_in),
        direct(transaction, stand_in),
        definition::items(step, stand_in),
        transact(transaction, stand_in),
    ];
    quote!(#(#items)*)
}

/// Generates the user's own function, for unit tests: `book::direct(&mut tx, ..)`.
fn direct(transaction: &Transaction, stand_in: bool) -> TokenStream {
    let step = &transaction.step;
    let function = &step.function;
    let (vis, ident) = (&function.vis, function.ident());
    let cfg = function.attributes.cfg();
    let (docs, own) = (&function.attributes.docs, function.attributes.own(&step.name));
    let about = format!(
        "The transaction [`{name}`](fn@{name}). It is called with the handle of a workflow; `direct` is the function \
         itself, for unit tests.",
        name = function.name()
    );
    let note = format!("The function behind the transaction `{}`: it records nothing. For unit tests.", step.name);
    let context = step.context.as_ref().map(|context| &context.parameter);
    let parameters = step.tx.iter().chain(context).chain(step.arguments()).map(|parameter| {
        let Parameter { attributes, pattern, ty, .. } = parameter;
        if stand_in { quote!(_: impl ::core::marker::Sized) } else { quote!(#(#attributes)* #pattern: #ty) }
    });
    let result = function.output();
    let block = &function.block;
    let block = if stand_in { quote!({ ::core::unimplemented!() }) } else { quote!(#block) };
    quote! {
        #cfg
        #[doc = #about]
        #[allow(non_camel_case_types, dead_code, reason = "it has the name of the function")]
        #vis struct #ident {}

        #cfg
        impl #ident {
            #(#docs)*
            #[doc = ""]
            #[doc = #note]
            #(#own)*
            #[allow(dead_code, clippy::too_many_arguments, clippy::needless_pass_by_value, clippy::unnecessary_wraps, reason = "generated around the user's function")]
            #vis fn direct(#(#parameters),*) -> #result #block
        }
    }
}

/// Generates the `impl TransactionDef`: the function for the runtime.
fn transact(transaction: &Transaction, stand_in: bool) -> TokenStream {
    let step = &transaction.step;
    let ident = step.function.ident();
    let cfg = step.function.attributes.cfg();
    let assumed = Stored::of_step(step, stand_in).assumed();
    let limit = transaction.time_limit.map(Duration::tokens);
    let limit = limit.map(|limit| quote!(const TIME_LIMIT: ::core::time::Duration = #limit;));
    let body = if stand_in {
        quote!(::core::unimplemented!())
    } else {
        let name = |index| format_ident!("__{index}", span = Span::mixed_site());
        let names = step.arguments().enumerate().map(|(index, _)| name(index)).collect::<Vec<_>>();
        let context = step.context.as_ref().map(|_| quote!(context,));
        quote! {
            let (#(#names,)*) = args;
            ::steadfast::__private::Returned::into_result(#ident::direct(tx, #context #(#names),*))
        }
    };
    quote! {
        #cfg
        const _: () = {
            #[automatically_derived]
            #[allow(unused_variables, unused_lifetimes, clippy::all, clippy::pedantic, reason = "a transaction without arguments")]
            impl ::steadfast::__private::TransactionDef for #ident
            where
                #assumed
            {
                #limit

                fn transact(
                    tx: &mut ::steadfast::__private::Tx<'_>,
                    context: &Self::Context,
                    args: Self::Args,
                ) -> ::core::result::Result<Self::Output, Self::Error> {
                    #body
                }
            }
        };
    }
}
