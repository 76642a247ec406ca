//! The methods of a context, with a line for each field.
//
// Every line calls a method of `Persist` through the field's type, with the span of that type: so a type that cannot be
// a field causes one error.

use super::super::input::{Context, Field};
use super::{body, defaults};
use crate::tried::tried;
use proc_macro2::{Literal, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

/// The bodies of the generated methods.
pub(super) struct Bodies {
    pub(super) store_all: TokenStream,
    pub(super) store_difference: TokenStream,
    pub(super) difference: TokenStream,
    pub(super) load: TokenStream,
    pub(super) load_field: TokenStream,
}

impl Bodies {
    pub(super) fn of(context: &Context, stand_in: bool) -> Self {
        let bodies =
            [store_all, store_difference, difference, load, load_field].map(|make| body(stand_in, make(context)));
        let [store_all, store_difference, difference, load, load_field] = bodies;
        Self { store_all, store_difference, difference, load, load_field }
    }
}

/// The variables of generated functions, for tokens with spans of the user. With such a span they would be resolved at
/// its place, which is elsewhere if the struct comes from a `macro_rules!`.
pub(super) struct Locals {
    pub(super) this: TokenStream,
    pub(super) coder: TokenStream,
    pub(super) values: TokenStream,
    pub(super) new: TokenStream,
    pub(super) changed: TokenStream,
    find: TokenStream,
    recorded: TokenStream,
}

impl Locals {
    pub(super) fn new() -> Self {
        Self {
            this: quote!(self),
            coder: quote!(coder),
            values: quote!(values),
            new: quote!(new),
            changed: quote!(changed),
            find: quote!(field),
            recorded: quote!(recorded),
        }
    }
}

fn each(context: &Context, line: impl Fn(&Field, Literal) -> TokenStream) -> TokenStream {
    let fields = context.fields.iter().enumerate();
    fields.map(|(index, field)| line(field, Literal::usize_unsuffixed(index))).collect()
}

fn store_all(context: &Context) -> TokenStream {
    let Locals { this, values, .. } = Locals::new();
    let count = context.fields.len();
    let fields = each(context, |field, index| {
        let (ident, ty) = (&field.ident, &field.ty);
        let stored = tried(&quote_spanned!(ty.span()=>
            <#ty as ::steadfast::__private::Persist>::store(#this.#ident, &__SCHEMA, #index, &mut #values)
        ));
        quote!(#ident: #stored,)
    });
    quote! {
        let mut values = ::steadfast::__private::FieldWriter::new(coder, #count);
        let stored = Self { #fields };
        ::core::result::Result::Ok((stored, values.finish()))
    }
}

fn store_difference(context: &Context) -> TokenStream {
    let Locals { this, values, new, .. } = Locals::new();
    let fields = each(context, |field, index| {
        let (ident, ty) = (&field.ident, &field.ty);
        let stored = tried(&quote_spanned!(ty.span()=>
            <#ty as ::steadfast::__private::Persist>::store_if_new(
                #new.#ident, &#this.#ident, &__SCHEMA, #index, &mut #values,
            )
        ));
        quote!(#ident: #stored,)
    });
    quote! {
        let mut values = ::steadfast::__private::FieldWriter::new(coder, 0);
        let stored = Self { #fields };
        ::core::result::Result::Ok((stored, values.finish()))
    }
}

fn difference(context: &Context) -> TokenStream {
    let Locals { this, new, changed, .. } = Locals::new();
    let fields = each(context, |field, _| {
        let (ident, ty, name) = (&field.ident, &field.ty, &field.name);
        quote_spanned!(ty.span()=>
            <#ty as ::steadfast::__private::Persist>::compare(&#new.#ident, &#this.#ident, #name, &mut #changed);
        )
    });
    quote! {
        let mut changed = ::std::vec::Vec::new();
        #fields
        changed
    }
}

fn load(context: &Context) -> TokenStream {
    let Locals { find, coder, .. } = Locals::new();
    let fields = each(context, |field, index| {
        let (ident, ty, name) = (&field.ident, &field.ty, &field.name);
        let default = if field.default.is_some() {
            let default = defaults::function(&field.name);
            quote!(::core::option::Option::Some(#default))
        } else {
            quote!(::core::option::Option::None)
        };
        let aliases = &field.aliases;
        let loaded = tried(&quote_spanned!(ty.span()=>
            <#ty as ::steadfast::__private::Persist>::load(
                #coder, #find(#name) #(.or_else(|| #find(#aliases)))*, #default, &__SCHEMA, #index,
            )
        ));
        quote!(#ident: #loaded,)
    });
    quote!(::core::result::Result::Ok(Self { #fields }))
}

fn load_field(context: &Context) -> TokenStream {
    let Locals { this, coder, recorded, .. } = Locals::new();
    let fields = each(context, |field, index| {
        let Field { ident, ty, name, aliases, .. } = field;
        let read = tried(&quote_spanned!(ty.span()=>
            <#ty as ::steadfast::__private::Persist>::read(#coder, #recorded, &__SCHEMA, #index)
        ));
        quote!(#name #(| #aliases)* => #this.#ident = #read,)
    });
    quote! {
        match &*recorded.name {
            #fields
            _ => return ::core::result::Result::Ok(false),
        }
        ::core::result::Result::Ok(true)
    }
}

/// Generates the stored fields of a struct literal, each a copy of the one in `from`.
pub(super) fn copies(context: &Context, from: &TokenStream) -> TokenStream {
    each(context, |field, _| {
        let (ident, ty) = (&field.ident, &field.ty);
        quote_spanned!(ty.span()=> #ident: <#ty as ::steadfast::__private::Persist>::copy(&#from.#ident),)
    })
}
