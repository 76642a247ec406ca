//! `impl StepContext`: the schema, and storing and loading field by field.

use super::super::input::Context;
use super::{body, defaults};
use proc_macro2::{Literal, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

pub(super) fn items(context: &Context, stand_in: bool) -> TokenStream {
    let (ident, name) = (&context.ident, &context.name);
    let update = crate::name::joined(ident, "Update");
    let count = context.fields.len();
    let schema = context.fields.iter().map(|field| {
        let (name, type_name, required) = (&field.name, &field.type_name, field.default.is_none());
        let ty = &field.ty;
        let form = if stand_in {
            quote!(|| ::steadfast::__private::Form::Json)
        } else {
            quote_spanned!(ty.span()=> <#ty as ::steadfast::__private::Persist>::form)
        };
        quote! {
            ::steadfast::__private::FieldSchema {
                name: #name, type_name: #type_name, required: #required, form: #form,
            }
        }
    });

    let each = |make: &dyn Fn(&super::super::input::Field, Literal) -> TokenStream| {
        let fields = context.fields.iter().enumerate();
        fields.map(|(index, field)| make(field, Literal::usize_unsuffixed(index))).collect::<Vec<_>>()
    };
    let store = each(&|field, index| {
        let (ident, ty) = (&field.ident, &field.ty);
        quote_spanned!(ty.span()=>
            #ident: <#ty as ::steadfast::__private::Persist>::store(self.#ident, &SCHEMA, #index, &mut values)?,
        )
    });
    let store_all = body(
        stand_in,
        quote! {
            let mut values = ::steadfast::__private::FieldValues::with_capacity(#count);
            let stored = Self { #(#store)* };
            ::core::result::Result::Ok((stored, values))
        },
    );
    let store_if_new = each(&|field, index| {
        let (ident, ty) = (&field.ident, &field.ty);
        quote_spanned!(ty.span()=>
            #ident: <#ty as ::steadfast::__private::Persist>::store_if_new(
                new.#ident, &self.#ident, &SCHEMA, #index, &mut values,
            )?,
        )
    });
    let store_difference = body(
        stand_in,
        quote! {
            let mut values = ::steadfast::__private::FieldValues::new();
            let stored = Self { #(#store_if_new)* };
            ::core::result::Result::Ok((stored, values))
        },
    );
    let compare = each(&|field, _| {
        let (ident, ty, name) = (&field.ident, &field.ty, &field.name);
        quote_spanned!(ty.span()=>
            <#ty as ::steadfast::__private::Persist>::compare(&new.#ident, &self.#ident, #name, &mut changed);
        )
    });
    let difference = body(
        stand_in,
        quote! {
            let mut changed = ::std::vec::Vec::new();
            #(#compare)*
            changed
        },
    );
    let load = each(&|field, index| {
        let (ident, ty, name) = (&field.ident, &field.ty, &field.name);
        let default = if field.default.is_some() {
            let default = defaults::function(field);
            quote!(::core::option::Option::Some(#default))
        } else {
            quote!(::core::option::Option::None)
        };
        quote_spanned!(ty.span()=>
            #ident: <#ty as ::steadfast::__private::Persist>::load(field(#name), #default, &SCHEMA, #index)?,
        )
    });
    let load = body(stand_in, quote!(::core::result::Result::Ok(Self { #(#load)* })));
    let load_field = each(&|field, index| {
        let (ident, ty, name) = (&field.ident, &field.ty, &field.name);
        quote_spanned!(ty.span()=>
            #name => self.#ident = <#ty as ::steadfast::__private::Persist>::read(value, &SCHEMA, #index)?,
        )
    });
    let load_field = body(
        stand_in,
        quote! {
            match name {
                #(#load_field)*
                _ => return ::core::result::Result::Ok(false),
            }
            ::core::result::Result::Ok(true)
        },
    );
    let from_defaults = context.optional().then(|| {
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
    });

    quote! {
        static SCHEMA: ::steadfast::__private::Schema =
            ::steadfast::__private::Schema { name: #name, fields: &[#(#schema),*] };

        #[automatically_derived]
        #[allow(unused_variables, unused_mut, clippy::all, clippy::pedantic, unreachable_code, reason = "a context without fields")]
        impl ::steadfast::__private::StepContext for #ident {
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
                    -> ::core::option::Option<::steadfast::__private::Value>,
            ) -> ::core::result::Result<Self, ::steadfast::__private::ContextError> {
                #load
            }

            fn load_field(
                &mut self, name: &::core::primitive::str, value: &::steadfast::__private::Value,
            ) -> ::core::result::Result<::core::primitive::bool, ::steadfast::__private::ContextError> {
                #load_field
            }

            fn update(old: ::steadfast::__private::Arc<Self>) -> #update {
                #update(old, ::core::default::Default::default())
            }
        }

        #from_defaults
    }
}
