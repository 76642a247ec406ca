//! The builder: its type knows which required fields are set.

use super::super::input::{Context, Field};
use super::{body, defaults};
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Ident, Type};

/// What a setter takes, and how that becomes the field.
pub(super) fn parameter(ty: &Type) -> (TokenStream, TokenStream) {
    if defaults::is_string(ty) {
        (quote!(impl ::core::convert::Into<#ty>), quote!(::core::convert::Into::into(value)))
    } else {
        (quote!(#ty), quote!(value))
    }
}

/// The type parameters that say for each required field whether it is set.
fn states(context: &Context) -> Vec<Ident> {
    context.required().map(|field| format_ident!("__{}", crate::name::camel_case(&field.name))).collect()
}

/// A marker trait of a required field.
fn marker(context: &Context, field: &Field, verb: &str) -> Ident {
    format_ident!("{}{verb}{}", context.ident, crate::name::camel_case(&field.name))
}

pub(super) fn types(context: &Context) -> TokenStream {
    let (vis, ident) = (&context.vis, &context.ident);
    let builder = crate::name::joined(ident, "Builder");
    let states = states(context);
    let types = context.fields.iter().map(|field| &field.ty);
    let doc = format!("Builds an [`{ident}`]; made by [`{ident}::builder`].");
    quote! {
        #[doc = #doc]
        #[must_use = "a builder does nothing until `.build()`"]
        #vis struct #builder<#(#states),*>(
            (#(::core::option::Option<#types>,)*),
            ::core::marker::PhantomData<(#(#states,)*)>,
        );
    }
}

pub(super) fn items(context: &Context, stand_in: bool) -> TokenStream {
    let (vis, ident) = (&context.vis, &context.ident);
    let builder = crate::name::joined(ident, "Builder");
    let states = states(context);
    let unset = states.iter().map(|_| quote!(::steadfast::__private::Unset));
    let none = context.fields.iter().map(|_| quote!(::core::option::Option::None));
    let markers = context.required().map(|field| {
        let (set, unset) = (marker(context, field, "With"), marker(context, field, "Without"));
        let name = &field.ident;
        let missing = format!("`{ident}` is missing the required field `{name}`");
        let call = format!("call `.{name}(..)` before `.build()`");
        let twice = format!("the field `{name}` of `{ident}` is set twice");
        let drop = format!("drop one of the two `.{name}(..)`");
        quote! {
            #[diagnostic::on_unimplemented(message = #missing, label = #call)]
            pub trait #set {}
            impl #set for ::steadfast::__private::Set {}

            #[diagnostic::on_unimplemented(message = #twice, label = #drop)]
            pub trait #unset {}
            impl #unset for ::steadfast::__private::Unset {}
        }
    });

    let mut seen = 0;
    let setters = context.fields.iter().enumerate().map(|(index, field)| {
        let doc = doc(context, field);
        let index = Literal::usize_unsuffixed(index);
        let (vis, name) = (&field.vis, &field.ident);
        let (parameter, value) = parameter(&field.ty);
        let (output, bound, fresh) = if field.default.is_none() {
            let mut after = states.iter().map(|state| quote!(#state)).collect::<Vec<_>>();
            after[seen] = quote!(::steadfast::__private::Set);
            let (state, unset) = (&states[seen], marker(context, field, "Without"));
            seen += 1;
            (
                quote!(#builder<#(#after),*>),
                quote!(where #state: #unset),
                quote!(#builder(self.0, ::core::marker::PhantomData)),
            )
        } else {
            (quote!(Self), TokenStream::new(), quote!(self))
        };
        quote! {
            #[doc = #doc]
            #vis fn #name(mut self, value: #parameter) -> #output #bound {
                (self.0).#index = ::core::option::Option::Some(#value);
                #fresh
            }
        }
    });
    let setters = setters.collect::<Vec<_>>();

    let bounds = states.iter().zip(context.required()).map(|(state, field)| {
        let set = marker(context, field, "With");
        quote!(#state: #set)
    });
    let fields = context.fields.iter().enumerate().map(|(index, field)| {
        let (ident, ty, index) = (&field.ident, &field.ty, Literal::usize_unsuffixed(index));
        if field.default.is_some() {
            let default = defaults::function(field);
            quote_spanned!(ty.span()=> #ident: (self.0).#index.unwrap_or_else(#default),)
        } else {
            quote_spanned!(ty.span()=> #ident: ::steadfast::__private::set((self.0).#index),)
        }
    });
    let build = body(stand_in, quote!(#ident { #(#fields)* }));
    let built = format!("Makes the [`{ident}`]; every required field must be set.");
    let doc = format!("Starts to build an [`{ident}`]: a method for each field, then `build()`.");

    quote! {
        #(#markers)*

        #[automatically_derived]
        impl #ident {
            #[doc = #doc]
            #vis fn builder() -> #builder<#(#unset),*> {
                #builder((#(#none,)*), ::core::marker::PhantomData)
            }
        }

        #[automatically_derived]
        impl<#(#states),*> #builder<#(#states),*> {
            #(#setters)*

            #[doc = #built]
            #[must_use]
            #vis fn build(self) -> #ident
            where
                #(#bounds,)*
            {
                #build
            }
        }
    }
}

/// The documentation of a setter.
fn doc(context: &Context, field: &Field) -> String {
    let (ident, name) = (&context.ident, &field.name);
    let need = match &field.default {
        None => "Required".to_owned(),
        Some(super::super::input::Default::OfType) => "Optional; its type's default if not set".to_owned(),
        Some(super::super::input::Default::Value(value)) => {
            format!("Optional; `{}` if not set", crate::name::as_written(value))
        }
    };
    format!("Sets [`{ident}::{name}`]. {need}.")
}
