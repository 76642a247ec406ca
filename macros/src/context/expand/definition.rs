//! The `impl StoredContext`: the schema, and the operations on fields.

use super::super::input::Context;
use super::fields::Bodies;
use super::{body, defaults, live};
use crate::secret;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::ExprPath;
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
        let index = field.is_indexed();
        let secret = if stand_in { quote!(false) } else { secret::holds(ty) };
        let [encoding, lazy] = if stand_in {
            [quote!(|| ::steadfast::__private::Encoding::Json), quote!(|| false)]
        } else {
            ["encoding", "is_lazy"].map(|method| {
                let method = syn::Ident::new(method, ty.span());
                quote_spanned!(ty.span()=> <#ty as ::steadfast::__private::Persist>::#method)
            })
        };
        let encoding = if field.json { quote!(|| ::steadfast::__private::Encoding::Json) } else { encoding };
        let (store, max_bytes, aliases) = (option(field.store.as_ref()), option(field.max_bytes), &field.aliases);
        // Only fields in stores need their default here.
        let default = if field.default.is_some() && field.store.is_some() && !stand_in {
            let function = defaults::function(name);
            quote!(::core::option::Option::Some(|coder, schema, field| {
                ::steadfast::__private::stored_default(coder, #function, schema, field)
            }))
        } else {
            quote!(::core::option::Option::None)
        };
        quote! {
            ::steadfast::__private::FieldSchema {
                name: #name, type_name: #type_name, required: #required, encoding: #encoding,
                store: #store, max_bytes: #max_bytes, aliases: &[#(#aliases),*], default: #default,
                lazy: #lazy, index: #index, secret: #secret,
            }
        }
    });
    let version = context.version;
    quote! {
        static __SCHEMA: ::steadfast::__private::Schema =
            ::steadfast::__private::Schema { name: #name, version: #version, fields: &[#(#fields),*] };
    }
}

fn option(value: Option<impl ToTokens>) -> TokenStream {
    value.map_or_else(|| quote!(::core::option::Option::None), |value| quote!(::core::option::Option::Some(#value)))
}

fn from_defaults(context: &Context) -> TokenStream {
    let Context { ident, stored, .. } = context;
    let fields = context.fields.iter().map(|field| {
        let (ident, default) = (&field.ident, defaults::function(&field.name));
        quote!(#ident: #default(),)
    });
    let assumed = super::assumed(context);
    let whole = (!context.transient.is_empty()).then(|| live::assumed_of_whole(context));
    quote! {
        #[automatically_derived]
        #[allow(unused_lifetimes, reason = "it makes a bound an assumption")]
        impl ::steadfast::__private::DefaultContext for #ident
        where
            #whole
            #assumed
        {
            fn from_defaults() -> #stored {
                #stored { #(#fields)* }
            }
        }
    }
}

fn implementation(context: &Context, stand_in: bool) -> TokenStream {
    let Context { ident, stored, name, .. } = context;
    let update = crate::name::joined(ident, "Update");
    let Bodies { store_all, store_difference, difference, load, load_field } = Bodies::of(context, stand_in);
    let assumed = super::assumed(context);
    let migrate = context.migrate.as_ref().map(|migrate| migration(migrate, stand_in));
    let none = context.fields.iter().map(|_| quote!(::core::option::Option::None));
    quote! {
        #[automatically_derived]
        #[allow(unused_variables, unused_mut, unused_lifetimes, unreachable_code, reason = "a context without fields")]
        impl ::steadfast::__private::StoredContext for #stored
        where
            #assumed
        {
            const NAME: &'static ::core::primitive::str = #name;
            type Update = #update;

            fn schema() -> &'static ::steadfast::__private::Schema {
                &__SCHEMA
            }

            fn store_all(self, coder: ::steadfast::__private::Coder<'_>) -> ::core::result::Result<
                (Self, ::steadfast::__private::FieldValues), ::steadfast::__private::ContextError,
            > {
                #store_all
            }

            fn store_difference(&self, coder: ::steadfast::__private::Coder<'_>, new: Self) -> ::core::result::Result<
                (Self, ::steadfast::__private::FieldValues), ::steadfast::__private::ContextError,
            > {
                #store_difference
            }

            fn difference(&self, new: &Self) -> ::std::vec::Vec<&'static ::core::primitive::str> {
                #difference
            }

            fn load(
                coder: ::steadfast::__private::Coder<'_>,
                field: &mut dyn ::core::ops::FnMut(&::core::primitive::str)
                    -> ::core::option::Option<::steadfast::__private::RecordedValue>,
            ) -> ::core::result::Result<Self, ::steadfast::__private::ContextError> {
                #load
            }

            fn load_field(
                &mut self, coder: ::steadfast::__private::Coder<'_>, recorded: &::steadfast::__private::RecordedValue,
            ) -> ::core::result::Result<::core::primitive::bool, ::steadfast::__private::ContextError> {
                #load_field
            }

            #migrate

            fn begin_update(old: ::steadfast::__private::Arc<Self>) -> #update {
                #update(old, (#(::core::cell::Cell::new(#none),)*))
            }
        }
    }
}

fn migration(migrate: &ExprPath, stand_in: bool) -> TokenStream {
    let call = quote_spanned!(migrate.span()=> #migrate(__recorded));
    let migrate = body(
        stand_in,
        quote! {
            let version = __recorded.version();
            ::steadfast::__private::migrated(#call, &__SCHEMA, version)
        },
    );
    quote! {
        const MIGRATES: ::core::primitive::bool = true;

        fn migrate(
            __recorded: &mut ::steadfast::__private::RecordedFields,
        ) -> ::core::result::Result<(), ::steadfast::__private::ContextError> {
            #migrate
        }
    }
}
