//! The function that a workflow calls.

use super::super::input::Step;
use super::definition;
use crate::stored::Stored;
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{Ident, Lifetime, Type};

pub(crate) fn items(step: &Step, stand_in: bool) -> TokenStream {
    let (vis, ident) = (&step.function.vis, step.function.ident());
    let attributes = step.function.attributes.surface(&format!("The {} `{}`.", step.kind(), step.name));
    let names = step.arguments().map(|argument| &argument.name).collect::<Vec<_>>();
    let handle = if names.iter().any(|name| *name == "flow") { "workflow_handle" } else { "flow" };
    let handle = Ident::new(handle, Span::mixed_site());
    let types = step.arguments().map(|argument| {
        let ty = &argument.ty;
        if stand_in { quote!(impl ::core::marker::Sized) } else { quote!(#ty) }
    });
    let bound = match &step.context {
        Some(context) if !stand_in => {
            let ty = &context.reference.elem;
            let carries = if step.tx.is_some() { quote!(HasStored) } else { quote!(HasContext) };
            quote!(::steadfast::__private::#carries<#ty>)
        }
        _ => quote!(::steadfast::__private::WorkflowHandle),
    };
    // Here, and not in constants of their own, each of which the compiler would evaluate.
    let checks = definition::checks(step, stand_in);
    let body = if stand_in { quote!(::core::unimplemented!()) } else { called(step, &handle, &names) };
    // An argument with a lifetime of its own, which is `'static`, leaves open which one `'_` would be.
    let (lifetime, parameter, borrowed) = if step.arguments().any(|argument| has_lifetime(&argument.ty)) {
        (quote!('__flow), quote!(<'__flow>), quote!('__flow))
    } else {
        (quote!('_), TokenStream::new(), TokenStream::new())
    };
    // Spanned at the return type, so that one that cannot be stored causes one error, however often it is named.
    let span = step.function.output().span();
    let stored = Stored::of_step(step, stand_in);
    let (value, error) = (stored.value(), stored.error());
    let output = quote_spanned!(span=> ::steadfast::__private::StepCall<#lifetime, #value, #error>);
    let unused = stand_in.then(|| quote!(#[allow(unused_variables, reason = "a stand-in for a faulty function")]));
    // A process that only runs the step does not call it.
    let remote =
        step.options.queue.as_ref().map(|_| quote!(#[allow(dead_code, reason = "another process may call it")]));
    quote_spanned! {span=>
        #attributes
        #remote
        #[allow(clippy::too_many_arguments, clippy::type_complexity, clippy::used_underscore_binding, reason = "the user's own arguments, and the handle")]
        #unused
        #vis fn #ident #parameter(
            #handle: & #borrowed (impl #bound + ?::core::marker::Sized),
            #(#names: #types),*
        ) -> #output {
            { #checks }
            #body
        }
    }
}

/// Generates the call.
fn called(step: &Step, handle: &Ident, names: &[&Ident]) -> TokenStream {
    let ident = step.function.ident();
    let code = if step.tx.is_some() { quote!(TRANSACTION) } else { quote!(STEP) };
    let arguments = step.arguments().map(|argument| &argument.ty);
    let stored = Stored::of_step(step, false);
    let (value, error) = (stored.value(), stored.error());
    quote_spanned! {ident.span()=>
        {
            #[allow(unused_imports, reason = "for types that cannot be stored")]
            use ::steadfast::__private::OtherwiseCode as _;
            ::steadfast::__private::call(
                ::steadfast::__private::WorkflowHandle::caller(#handle),
                ::steadfast::__private::CodeOf::<#ident, (#(#arguments,)*), #value, #error>::#code,
                (#(#names,)*),
            )
        }
    }
}

fn has_lifetime(ty: &Type) -> bool {
    struct Finder(bool);
    impl<'ast> Visit<'ast> for Finder {
        fn visit_lifetime(&mut self, _: &'ast Lifetime) {
            self.0 = true;
        }
    }
    let mut finder = Finder(false);
    finder.visit_type(ty);
    finder.0
}
