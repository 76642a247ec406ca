//! The builder: its type records which required fields are set.

use super::super::input::Context;
use super::{body, defaults, documentation};
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Ident, Type};

/// Returns the parameter type of a setter, and its conversion to the field.
pub(super) fn parameter(ty: &Type) -> (TokenStream, TokenStream) {
    if defaults::is_string(ty) {
        (quote!(impl ::core::convert::Into<#ty>), quote!(::core::convert::Into::into(value)))
    } else {
        (quote!(#ty), quote!(value))
    }
}

/// The generated names for a required field.
struct Required {
    /// The type parameter that records whether it is set.
    state: Ident,
    /// The marker of a builder that has it.
    with: Ident,
    /// The marker of a builder that lacks it.
    without: Ident,
}

fn required(context: &Context) -> Vec<Required> {
    let mut seen = Vec::new();
    let required = context.required().map(|field| {
        let mut name = crate::name::camel_case(&field.name);
        // `user_id` and `user__id` are two fields with one name in camel case.
        while seen.contains(&name) {
            name.push('2');
        }
        seen.push(name.clone());
        Required {
            state: format_ident!("__{name}"),
            with: format_ident!("__{}With{name}", context.ident),
            without: format_ident!("__{}Without{name}", context.ident),
        }
    });
    required.collect()
}

pub(super) fn types(context: &Context) -> TokenStream {
    let (vis, ident) = (&context.vis, &context.ident);
    let builder = crate::name::joined(ident, "Builder");
    let required = required(context);
    let states = required.iter().map(|field| &field.state).collect::<Vec<_>>();
    let types = context.fields.iter().map(|field| &field.ty);
    let doc = documentation::table(context);
    quote! {
        #[doc = #doc]
        #[allow(clippy::all, clippy::pedantic, clippy::nursery, reason = "the types are the user's")]
        #[must_use = "a builder does nothing until `.build()`"]
        #vis struct #builder<#(#states),*>(
            (#(::core::option::Option<#types>,)*),
            ::core::marker::PhantomData<(#(#states,)*)>,
        );
    }
}

/// Generates the traits whose messages say that a required field is not set, or set twice.
fn markers(context: &Ident, field: &Ident, Required { with, without, .. }: &Required) -> TokenStream {
    let missing = format!("`{context}` is missing the required field `{field}`");
    let call = format!("call `.{field}(..)` before `.build()`");
    let twice = format!("the field `{field}` of `{context}` is set twice");
    let drop = format!("drop one of the two `.{field}(..)`");
    quote! {
        #[diagnostic::on_unimplemented(message = #missing, label = #call)]
        pub trait #with {}
        impl #with for ::steadfast::__private::Set {}

        #[diagnostic::on_unimplemented(message = #twice, label = #drop)]
        pub trait #without {}
        impl #without for ::steadfast::__private::Unset {}
    }
}

/// Generates a setter for each field.
fn setters(context: &Context, builder: &Ident, required: &[Required]) -> Vec<TokenStream> {
    let mut seen = 0;
    // A field named `build` is refused; its setter would be a second error.
    let fields = context.fields.iter().enumerate().filter(|(_, field)| field.name != "build");
    let setters = fields.map(|(index, field)| {
        let doc = documentation::builder_setter(context, field);
        let index = Literal::usize_unsuffixed(index);
        let (vis, name) = (&field.vis, &field.ident);
        let (parameter, value) = parameter(&field.ty);
        let (output, bound, fresh) = if field.default.is_none() {
            let mut after = required.iter().map(|Required { state, .. }| quote!(#state)).collect::<Vec<_>>();
            after[seen] = quote!(::steadfast::__private::Set);
            let Required { state, without, .. } = &required[seen];
            seen += 1;
            (
                quote!(#builder<#(#after),*>),
                quote!(where #state: #without),
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
    setters.collect()
}

pub(super) fn items(context: &Context, stand_in: bool) -> TokenStream {
    let Context { vis, ident, stored, .. } = context;
    let builder = crate::name::joined(ident, "Builder");
    let required = required(context);
    let states = required.iter().map(|field| &field.state).collect::<Vec<_>>();
    let unset = states.iter().map(|_| quote!(::steadfast::__private::Unset));
    let none = context.fields.iter().map(|_| quote!(::core::option::Option::None));
    let markers = context.required().zip(&required).map(|(field, required)| markers(ident, &field.ident, required));
    let setters = setters(context, &builder, &required);

    let bounds = required.iter().map(|Required { state, with, .. }| quote!(#state: #with));
    let fields = context.fields.iter().enumerate().map(|(index, field)| {
        let (ident, ty, index) = (&field.ident, &field.ty, Literal::usize_unsuffixed(index));
        // Spanned at the call site of the function, not at the type.
        let this = quote!(self);
        if field.default.is_some() {
            let default = defaults::function(&field.name);
            quote_spanned!(ty.span()=> #ident: (#this.0).#index.unwrap_or_else(#default),)
        } else {
            quote_spanned!(ty.span()=> #ident: ::steadfast::__private::set((#this.0).#index),)
        }
    });
    let build = body(stand_in, quote!(#stored { #(#fields)* }));
    let about_build = format!("Makes the [`{stored}`]; every required field must be set.");
    let about_builder = format!("Starts to build an [`{stored}`]: a method for each field, then `build()`.");
    let (unset, none) = (unset.collect::<Vec<_>>(), none.collect::<Vec<_>>());
    let starts = if context.transient.is_empty() { vec![ident] } else { vec![ident, stored] };
    let starts = starts.into_iter().map(|ident| {
        quote! {
            #[automatically_derived]
            impl #ident {
                #[doc = #about_builder]
                #vis fn builder() -> #builder<#(#unset),*> {
                    #builder((#(#none,)*), ::core::marker::PhantomData)
                }
            }
        }
    });

    quote! {
        #(#markers)*

        #(#starts)*

        #[automatically_derived]
        impl<#(#states),*> #builder<#(#states),*> {
            #(#setters)*

            #[doc = #about_build]
            #[must_use]
            #vis fn build(self) -> #stored
            where
                #(#bounds,)*
            {
                #build
            }
        }
    }
}
