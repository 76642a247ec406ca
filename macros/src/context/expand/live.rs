//! The `impl StepContext`: the values of the transient fields, and the whole context.

use super::super::input::{Context, Made, Transient};
use super::super::order::{Order, named};
use super::{body, defaults, documentation, fields};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Visibility;
use syn::spanned::Spanned;

pub(super) fn items(context: &Context, stand_in: bool) -> TokenStream {
    let stored = without_transient_fields(context, stand_in);
    let declared = declared(context);
    let whole =
        (!context.transient.is_empty()).then(|| [implementation(context, stand_in), with_live(context, stand_in)]);
    let whole = whole.into_iter().flatten();
    quote!(#stored #(#whole)* #declared)
}

/// Generates what the implementations assume of the struct with its transient fields.
pub(super) fn assumed_of_whole(context: &Context) -> TokenStream {
    let (ident, types) = (&context.ident, context.transient.iter().map(|field| &field.ty));
    quote! {
        #(for<'__any> #types: ::steadfast::__private::TransientValue<'__any>,)*
        for<'__any> #ident: ::core::clone::Clone,
    }
}

/// Generates what a workflow needs of its context, which it has also with a fault.
fn declared(context: &Context) -> TokenStream {
    let Context { ident, stored, .. } = context;
    let update = crate::name::joined(ident, "Update");
    let each = if ident == stored { vec![ident] } else { vec![ident, stored] };
    let whole = ident;
    let each = each.into_iter().map(|ident| {
        let defaults = (context.optional() && ident == whole).then(|| {
            quote! {
                #[automatically_derived]
                impl ::steadfast::__private::Defaults for #ident {
                    const DEFAULTS: ::steadfast::__private::MakeDefaults =
                        ::steadfast::__private::CodeOfContext::<Self>::DEFAULTS;
                }
            }
        });
        quote! {
            #[automatically_derived]
            impl ::steadfast::__private::Declared for #ident {
                type StoredPart = #stored;
                type Setters = #update;
                const CODE: ::steadfast::__private::ContextCode<Self> =
                    ::steadfast::__private::CodeOfContext::<Self>::CODE;
                const SET: ::steadfast::__private::SetCode<Self> =
                    ::steadfast::__private::CodeOfContext::<Self>::SET;
            }

            #defaults
        }
    });
    quote! {
        #[allow(unused_imports, reason = "for a context with a fault")]
        use ::steadfast::__private::OtherwiseContext as _;
        #(#each)*
    }
}

/// Generates the context that is its own stored part.
fn without_transient_fields(context: &Context, stand_in: bool) -> TokenStream {
    let ident = &context.stored;
    let copies = fields::copies(context, &quote!(self));
    let copy = body(stand_in, quote!(Self { #copies }));
    let assumed = super::assumed(context);
    quote! {
        const _: () = <#ident as ::steadfast::__private::Cloned>::CHECK;

        #[automatically_derived]
        #[allow(unused_lifetimes, reason = "it makes a bound an assumption")]
        impl ::steadfast::__private::StepContext for #ident
        where
            #assumed
        {
            type Stored = Self;
            type Live = ();

            fn stored_part(&self) -> Self {
                #copy
            }

            fn whole(stored: &::steadfast::__private::Arc<Self>, _: &()) -> ::steadfast::__private::Arc<Self> {
                ::core::clone::Clone::clone(stored)
            }
        }
    }
}

fn implementation(context: &Context, stand_in: bool) -> TokenStream {
    let Context { ident, stored, transient, .. } = context;
    let types = transient.iter().map(|field| &field.ty).collect::<Vec<_>>();
    let names = transient.iter().map(|field| &field.name);
    let restore = body(stand_in, restore(context));
    let whole = body(stand_in, whole(context));
    // Assumed here and checked once below, so that a type that cannot be shared causes one error, at its place.
    let assumed = super::assumed(context);
    let whole_is_assumed = assumed_of_whole(context);
    let check = types.iter().map(|ty| quote_spanned!(ty.span()=> ::steadfast::__private::check_transient::<#ty>();));
    quote! {
        pub struct __Live(#(#types),*);

        const _: () = { #(#check)* };
        const _: () = <#ident as ::steadfast::__private::Cloned>::CHECK;

        #[automatically_derived]
        #[allow(unused_variables, unused_imports, unused_lifetimes, reason = "fields may be of one kind only")]
        impl ::steadfast::__private::StepContext for #ident
        where
            #whole_is_assumed
            #assumed
        {
            type Stored = #stored;
            type Live = __Live;

            const TRANSIENT: &'static [&'static ::core::primitive::str] = &[#(#names),*];

            fn restore(
                __stored: &::steadfast::__private::Arc<#stored>, __resources: &::steadfast::__private::Resources,
            ) -> ::steadfast::__private::Restoring {
                let __stored = ::core::clone::Clone::clone(__stored);
                let __resources = ::core::clone::Clone::clone(__resources);
                ::steadfast::__private::restoring::<__Live>(async move { #restore })
            }

            fn stored_part(&self) -> #stored {
                Self::stored(self)
            }

            fn whole(
                stored: &::steadfast::__private::Arc<#stored>, live: &__Live,
            ) -> ::steadfast::__private::Arc<Self> {
                #whole
            }
        }
    }
}

/// Returns the local variable for the value of a transient field.
fn variable(index: usize) -> Ident {
    format_ident!("__live_{index}")
}

fn restore(context: &Context) -> TokenStream {
    let Context { transient, name: context, .. } = context;
    let made = Order::of(transient).indices.into_iter().map(|index| {
        let Transient { name, ty, made, .. } = &transient[index];
        let value = match made {
            Made::Default(_) => {
                let default = defaults::function(name);
                quote!(::steadfast::__private::run_default(#context, #name, || #default())?)
            }
            Made::Hook(hook) => {
                let after = hook.after.iter().filter_map(|name| named(transient, name)).map(|index| {
                    let mut argument = variable(index);
                    argument.set_span(hook.path.span());
                    argument
                });
                let path = &hook.path;
                let call = quote_spanned!(path.span()=> #path(&*__stored, &__resources #(, &#after)*));
                quote_spanned!(path.span()=>
                    ::steadfast::__private::run_hook::<#ty, _>(#context, #name, #call).await?
                )
            }
        };
        let variable = variable(index);
        quote!(let #variable: #ty = #value;)
    });
    let variables = (0..transient.len()).map(variable);
    quote! {
        #(#made)*
        ::core::result::Result::Ok(__Live(#(#variables),*))
    }
}

fn whole(context: &Context) -> TokenStream {
    let stored = fields::copies(context, &quote!(stored));
    let values = quote!(live);
    let live = context.transient.iter().enumerate().map(|(index, field)| {
        let (name, ty, index) = (&field.ident, &field.ty, Literal::usize_unsuffixed(index));
        quote_spanned!(ty.span()=> #name: ::steadfast::__private::Shared(&#values.#index).share(),)
    });
    // The workflow reads stored fields only through the stored part, so without this rustc would warn that they are
    // never read.
    let read = context.fields.iter().map(|field| &field.ident);
    quote! {
        use ::steadfast::__private::NotShared as _;
        let __whole = Self { #stored #(#live)* };
        #(let _ = &__whole.#read;)*
        ::steadfast::__private::Arc::new(__whole)
    }
}

/// Generates the whole context for tests of steps, which have no engine.
fn with_live(context: &Context, stand_in: bool) -> TokenStream {
    let Context { ident, stored, transient, .. } = context;
    let vis = narrowest(transient);
    let copies = context.fields.iter().map(|field| &field.ident);
    let names = transient.iter().map(|field| &field.ident).collect::<Vec<_>>();
    let types = transient.iter().map(|field| &field.ty);
    let made = body(stand_in, quote!(#ident { #(#copies: self.#copies,)* #(#names,)* }));
    let doc = format!(
        "The whole [`{ident}`] with values for {}: for tests that call a step's own function, `charge::direct(&context, ..)`.",
        documentation::list(transient),
    );
    quote! {
        #[automatically_derived]
        impl #stored {
            #[doc = #doc]
            #[must_use]
            #[allow(dead_code, unused_variables, reason = "it is for tests")]
            #vis fn with_live(self, #(#names: #types),*) -> #ident {
                #made
            }
        }
    }
}

/// Returns the visibility of the least visible field: code that may not name a field may not set it.
fn narrowest(fields: &[Transient]) -> &Visibility {
    let reach = |vis: &Visibility| match vis {
        Visibility::Inherited => 0,
        Visibility::Restricted(restricted) if restricted.path.is_ident("self") => 0,
        Visibility::Restricted(restricted) if restricted.path.is_ident("crate") => 2,
        Visibility::Restricted(_) => 1,
        Visibility::Public(_) => 3,
    };
    fields.iter().map(|field| &field.vis).min_by_key(|vis| reach(vis)).expect("there is a transient field")
}
