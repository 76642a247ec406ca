//! The type behind `flow.update(|c| ..)`: the old context, and a setter for each field.

use super::super::input::Context;
use super::fields::Locals;
use super::{body, documentation};
use crate::tried::tried;
use proc_macro2::{Literal, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

pub(super) fn types(context: &Context) -> TokenStream {
    let Context { vis, ident, stored, .. } = context;
    let update = crate::name::joined(ident, "Update");
    let types = context.fields.iter().map(|field| &field.ty);
    let doc = format!(
        "What the closure of `flow.update(|c| ..)` gets for an [`{ident}`]: a method for each field, and the old values \
         (`c.field`)."
    );
    // Setters take `&self`, so that each of a chain can read the old values: `c.total(c.total + 1).tries(c.tries - 1)`.
    // Tuple fields cannot be mistaken for fields of the context, which are reached through `Deref`.
    quote! {
        #[doc = #doc]
        #[allow(clippy::all, clippy::pedantic, clippy::nursery, reason = "the types are the user's")]
        #[must_use]
        #vis struct #update(
            ::steadfast::__private::Arc<#stored>,
            (#(::core::cell::Cell<::core::option::Option<#types>>,)*),
        );
    }
}

pub(super) fn items(context: &Context, stand_in: bool) -> TokenStream {
    let Context { ident, stored, .. } = context;
    let update = crate::name::joined(ident, "Update");
    let setters = setters(context);
    let Bodies { changed, encode, apply } = Bodies::of(context);
    let assumed = super::assumed(context);
    let [changed, encode, apply] = [changed, encode, apply].map(|tokens| body(stand_in, tokens));
    quote! {
        #[automatically_derived]
        impl #update {
            #setters
        }

        #[automatically_derived]
        impl ::core::ops::Deref for #update {
            type Target = #stored;

            fn deref(&self) -> &#stored {
                &self.0
            }
        }

        #[automatically_derived]
        #[allow(unused_variables, unused_mut, unused_lifetimes, unreachable_code, reason = "a context without fields")]
        impl ::steadfast::__private::ContextUpdate for #update
        where
            #assumed
        {
            type Context = #stored;

            fn changed(&mut self) -> ::std::vec::Vec<&'static ::core::primitive::str> {
                #changed
            }

            fn encode(&mut self, coder: ::steadfast::__private::Coder<'_>) -> ::core::result::Result<
                ::steadfast::__private::FieldValues, ::steadfast::__private::ContextError,
            > {
                #encode
            }

            fn apply(self) -> ::steadfast::__private::Arc<#stored> {
                #apply
            }

            fn discard(self) -> ::steadfast::__private::Arc<#stored> {
                self.0
            }
        }
    }
}

fn setters(context: &Context) -> TokenStream {
    let setters = context.fields.iter().enumerate().map(|(index, field)| {
        let (vis, name, index) = (&field.vis, &field.ident, Literal::usize_unsuffixed(index));
        let doc = documentation::update_setter(context, field);
        let (parameter, value) = super::builder::parameter(&field.ty);
        quote! {
            #[doc = #doc]
            #vis fn #name(&self, value: #parameter) -> &Self {
                (self.1).#index.set(::core::option::Option::Some(#value));
                self
            }
        }
    });
    setters.collect()
}

/// The bodies of the generated methods, each with a line for each field.
struct Bodies {
    changed: TokenStream,
    encode: TokenStream,
    apply: TokenStream,
}

impl Bodies {
    fn of(context: &Context) -> Self {
        let Locals { this, values, new: local, changed, .. } = Locals::new();
        let context_of = quote!(context);
        let fields =
            || context.fields.iter().enumerate().map(|(index, field)| (Literal::usize_unsuffixed(index), field));
        let compare = fields().map(|(index, field)| {
            let (ident, ty, name) = (&field.ident, &field.ty, &field.name);
            quote_spanned!(ty.span()=>
                <#ty as ::steadfast::__private::Persist>::compare_set(
                    &mut (#this.1).#index, &#this.0.#ident, #name, &mut #changed,
                );
            )
        });
        let encode = fields().map(|(index, field)| {
            let (ident, ty) = (&field.ident, &field.ty);
            let stored = tried(&quote_spanned!(ty.span()=>
                <#ty as ::steadfast::__private::Persist>::store_set(
                    &(#this.1).#index, &#this.0.#ident, &__SCHEMA, #index, &mut #values,
                )
            ));
            quote!(#stored;)
        });
        let assign = fields().map(|(index, field)| {
            let (ident, ty) = (&field.ident, &field.ty);
            quote_spanned!(ty.span()=>
                <#ty as ::steadfast::__private::Persist>::apply_set(&#local.#index, &mut #context_of.#ident);
            )
        });
        Self {
            changed: quote! {
                let mut changed = ::std::vec::Vec::new();
                #(#compare)*
                changed
            },
            encode: quote! {
                let mut values = ::steadfast::__private::FieldWriter::new(coder, 0);
                #(#encode)*
                ::core::result::Result::Ok(values.finish())
            },
            apply: quote! {
                let Self(mut old, new) = self;
                let context = ::steadfast::__private::change(&mut old);
                #(#assign)*
                old
            },
        }
    }
}
