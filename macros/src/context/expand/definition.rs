//! `impl StepContext`: the schema, and what is done with the fields.

use super::super::input::Context;
use super::defaults;
use super::fields::Bodies;
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

pub(super) fn items(context: &Context, stand_in: bool) -> TokenStream {
    let schema = schema(context, stand_in);
    let implementation = implementation(context, stand_in);
    let from_defaults = context.optional().then(|| from_defaults(context));
    quote!(#schema #implementation #from_defaults)
}

fn schema(context: &Context, stand_in: bool) -> TokenStream {
    let name = &context.name;
    let fields = context.fields.iter().map(|field| {
        let (name, type_name, required) = (&field.name, &field.type_name, field.default.is_none());
        let ty = &field.ty;
        let [form, lazy, secret] = if stand_in {
            [quote!(|| ::steadfast::__private::Form::Json), quote!(|| false), quote!(|| false)]
        } else {
            ["form", "is_lazy", "is_secret"].map(|method| {
                let method = syn::Ident::new(method, ty.span());
                quote_spanned!(ty.span()=> <#ty as ::steadfast::__private::Persist>::#method)
            })
        };
        quote! {
            ::steadfast::__private::FieldSchema {
                name: #name, type_name: #type_name, required: #required, form: #form,
                store: ::core::option::Option::None, max_bytes: ::core::option::Option::None, aliases: &[],
                lazy: #lazy, secret: #secret,
            }
        }
    });
    quote! {
        static SCHEMA: ::steadfast::__private::Schema =
            ::steadfast::__private::Schema { name: #name, version: 1, fields: &[#(#fields),*] };
    }
}

fn from_defaults(context: &Context) -> TokenStream {
    let ident = &context.ident;
    let fields = context.fields.iter().map(|field| {
        let (ident, default) = (&field.ident, defaults::function(field));
        quote!(#ident: #default(),)
    });
    quote! {
        #[automatically_derived]
        impl ::steadfast::__private::DefaultContext for #ident {
            fn from_defaults() -> Self {
                Self { #(#fields)* }
            }
        }
    }
}

fn implementation(context: &Context, stand_in: bool) -> TokenStream {
    let (ident, name) = (&context.ident, &context.name);
    let update = crate::name::joined(ident, "Update");
    let Bodies { store_all, store_difference, difference, load, load_field } = Bodies::of(context, stand_in);
    let none = context.fields.iter().map(|_| quote!(::core::option::Option::None));
    quote! {
        #[automatically_derived]
        impl ::steadfast::__private::StepContext for #ident {
            type Stored = Self;
            type Live = ();

            async fn restore(
                _: ::steadfast::__private::Arc<Self>, _: ::steadfast::__private::Resources,
            ) -> ::core::result::Result<(), ::steadfast::__private::RestoreError> {
                ::core::result::Result::Ok(())
            }

            fn whole(stored: &::steadfast::__private::Arc<Self>, _: &()) -> ::steadfast::__private::Arc<Self> {
                ::core::clone::Clone::clone(stored)
            }
        }

        #[automatically_derived]
        #[allow(unused_variables, unused_mut, unreachable_code, reason = "a context without fields")]
        impl ::steadfast::__private::StoredContext for #ident {
            const NAME: &'static ::core::primitive::str = #name;
            type Update = #update;

            fn schema() -> &'static ::steadfast::__private::Schema {
                &SCHEMA
            }

            fn store_all(self) -> ::core::result::Result<
                (Self, ::steadfast::__private::FieldValues), ::steadfast::__private::ContextError,
            > {
                #store_all
            }

            fn store_difference(&self, new: Self) -> ::core::result::Result<
                (Self, ::steadfast::__private::FieldValues), ::steadfast::__private::ContextError,
            > {
                #store_difference
            }

            fn difference(&self, new: &Self) -> ::std::vec::Vec<&'static ::core::primitive::str> {
                #difference
            }

            fn load(
                field: &mut dyn ::core::ops::FnMut(&::core::primitive::str)
                    -> ::core::option::Option<::steadfast::__private::RecordedValue>,
            ) -> ::core::result::Result<Self, ::steadfast::__private::ContextError> {
                #load
            }

            fn load_field(
                &mut self, recorded: &::steadfast::__private::RecordedValue,
            ) -> ::core::result::Result<::core::primitive::bool, ::steadfast::__private::ContextError> {
                #load_field
            }

            fn begin_update(old: ::steadfast::__private::Arc<Self>) -> #update {
                #update(old, (#(::core::cell::Cell::new(#none),)*))
            }
        }
    }
}
