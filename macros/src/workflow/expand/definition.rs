//! The `impl WorkflowDef`: names and types for the runtime.

use super::super::attribute::Options;
use super::super::input::Workflow;
use super::{context, function, input};
use crate::secret;
use crate::step::expand::definition::same;
use crate::stored::Stored;
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

pub(super) fn items(workflow: &Workflow, stand_in: bool) -> TokenStream {
    let function = &workflow.function;
    let (vis, ident, name) = (&function.vis, function.ident(), &workflow.name);
    let (cfg, allowed) = (function.attributes.cfg(), function.attributes.allowed());
    let about = format!("The workflow [`{name}`](fn@{name}).", name = function.name());
    let (context, input_ty) = (context(workflow, stand_in), input(workflow, stand_in));
    let result = function.output();
    let stored = Stored::of_workflow(workflow, stand_in);
    let (value, error) = (stored.value(), stored.error());
    let schema = workflow.context().filter(|_| !stand_in).map(schema);
    let resources = needs(&workflow.options.resources).filter(|_| !stand_in);
    let options = options(&workflow.options, stand_in);
    let state = workflow.options.state.as_ref().filter(|_| !stand_in).map(state);
    let secret = secret::of_workflow(workflow.input.as_ref().map(|input| &input.ty), function.output.as_ref());
    let secret = secret.filter(|_| !stand_in);
    let code = code(result.span());
    // Spanned at the return type, so that one that cannot be stored causes one error, however often it is named.
    let implementation = quote_spanned! {result.span()=>
        #cfg
        #[automatically_derived]
        #[allow(unused_variables, deprecated, reason = "a workflow without input, or one that is deprecated")]
        impl ::steadfast::__private::WorkflowDef for #ident {
            const NAME: &'static ::core::primitive::str = #name;
            #options
            type Context = #context;
            type Input = #input_ty;
            type Output = #value;
            type Error = #error;
            #secret

            #schema
            #state
            #resources
            #code
        }
    };
    let body = body(workflow, stand_in);
    quote! {
        #cfg
        #[doc = #about]
        #[allow(non_camel_case_types, dead_code, reason = "it has the name of the function")]
        #allowed
        #vis struct #ident {}

        #implementation
        #body
    }
}

/// Generates the checks of a workflow's types, as statements.
pub(super) fn checks(workflow: &Workflow, stand_in: bool) -> TokenStream {
    let context = workflow.context().filter(|_| !stand_in);
    let is_context =
        context.map(|ty| quote_spanned!(ty.span()=> let _: () = <#ty as ::steadfast::__private::Declared>::CHECK;));
    let stored = Stored::of_workflow(workflow, stand_in).checks();
    let from_defaults = context.filter(|_| workflow.begins_with_defaults());
    let defaults = from_defaults.map(|context| defaults(context, of_handle(workflow)).1);
    quote!({ #stored #is_context } { #defaults })
}

fn of_handle(workflow: &Workflow) -> Span {
    workflow.handle.as_ref().map_or_else(Span::call_site, |handle| handle.ty.span())
}

/// Generates the `impl WorkflowBody`, which assumes that the types can be stored.
fn body(workflow: &Workflow, stand_in: bool) -> TokenStream {
    let (ident, cfg) = (workflow.function.ident(), workflow.function.attributes.cfg());
    let allowed = workflow.function.attributes.allowed();
    let stored = Stored::of_workflow(workflow, stand_in);
    let (input_ty, result) = (input(workflow, stand_in), workflow.function.output());
    let compared = |name: &str, ty: TokenStream, span| (!stand_in).then(|| same(&format_ident!("{name}"), &ty, span));
    let same_input = compared("SAME_INPUT", quote_spanned!(input_ty.span()=> Self::Input), input_ty.span());
    let same_output = compared("SAME_OUTPUT", quote_spanned!(result.span()=> Self::Output), result.span());
    let assumed = stored.assumed();
    let from_defaults = workflow.context().filter(|_| !stand_in && workflow.begins_with_defaults());
    let assumed_defaults = from_defaults.map(|context| defaults(context, of_handle(workflow)).0);
    let body = if stand_in { quote!(::core::unimplemented!()) } else { function::body(workflow) };
    // Spanned at the call site of the functions, not at a type of the user.
    let start = if stand_in { quote!(_) } else { quote!(start) };
    let parameter = if stand_in || workflow.input.is_none() { quote!(_) } else { quote!(input) };
    quote_spanned! {result.span()=>
        #cfg
        #allowed
        const _: () = {
            #[automatically_derived]
            #[allow(unused_lifetimes, reason = "of the bounds")]
            impl ::steadfast::__private::WorkflowBody for #ident
            where
                #assumed
                #assumed_defaults
            {
                #same_input
                #same_output

                fn call(
                    #start: ::steadfast::__private::Start<Self::Context>,
                    #parameter: Self::Input,
                ) -> ::steadfast::__private::BoxFuture<'static, ::core::result::Result<Self::Output, Self::Error>> {
                    #body
                }
            }
        };
    }
}

/// Generates the functions that know that the types can be stored.
pub(crate) fn code(span: Span) -> TokenStream {
    quote_spanned! {span=>
        const CODE: &'static ::steadfast::__private::WorkflowCode<Self::Input, Self::Output, Self::Error> = {
            #[allow(unused_imports, reason = "for types that cannot be stored")]
            use ::steadfast::__private::OtherwiseWorkflow as _;
            ::steadfast::__private::CodeOfWorkflow::<Self>::CODE
        };
    }
}

/// Generates the bound that each field of a context has a default, and the check of it.
pub(crate) fn defaults(context: &Type, span: Span) -> (TokenStream, TokenStream) {
    let assumed = quote_spanned!(span=> for<'any> #context: ::steadfast::__private::Defaults,);
    let check = quote_spanned! {span=>
        #[allow(unused_imports, reason = "for a type that is no context")]
        use ::steadfast::__private::OtherwiseKnown as _;
        let _ = ::steadfast::__private::Known::<#context>::defaults;
    };
    (assumed, check)
}

/// Generates the schema of the context.
pub(crate) fn schema(context: &Type) -> TokenStream {
    quote_spanned! {context.span()=>
        const SCHEMA: fn() -> ::core::option::Option<&'static ::steadfast::__private::Schema> = {
            #[allow(unused_imports, reason = "for a type that is no context")]
            use ::steadfast::__private::OtherwiseKnown as _;
            ::steadfast::__private::Known::<#context>::schema
        };
    }
}

/// Generates the definition of the shared state.
pub(crate) fn state(ty: &Type) -> TokenStream {
    let of = quote_spanned!(ty.span()=> ::steadfast::__private::StateDef::of::<#ty>());
    quote! {
        const STATE: fn() -> ::core::option::Option<::steadfast::__private::StateDef> =
            || ::core::option::Option::Some(#of);
    }
}

/// Generates the resources that the steps take.
pub(crate) fn needs(types: &[Type]) -> Option<TokenStream> {
    let needs = types.iter().map(|ty| quote_spanned!(ty.span()=> ::steadfast::__private::ResourceKey::of::<#ty>()));
    let need = quote!(::steadfast::__private::ResourceKey);
    (!types.is_empty()).then(|| {
        quote! {
            const RESOURCES: &'static [#need] = &[#(#needs),*];
        }
    })
}

/// Generates version, roles, and the steps that run once a run is cancelled.
pub(crate) fn options(options: &Options, stand_in: bool) -> TokenStream {
    let Options { version, roles, on_cancel, .. } = options;
    let version = version.map(|version| quote!(const VERSION: ::core::primitive::u32 = #version;));
    let roles =
        (!roles.is_empty()).then(|| quote!(const ROLES: &'static [&'static ::core::primitive::str] = &[#(#roles),*];));
    let on_cancel = (!on_cancel.is_empty() && !stand_in).then(|| {
        // Each call is spanned at its step, so that a fault of it is one error.
        let steps = on_cancel.iter().fold(
            quote!(::steadfast::__private::OnCancel::new(start, reason)),
            |steps, step| quote_spanned!(step.span()=> ::steadfast::__private::on_cancel(#steps, #step)),
        );
        let call = quote!(#steps.run());
        quote! {
            const ENDS: ::core::primitive::bool = true;

            fn on_cancel(
                start: ::steadfast::__private::Start<Self::Context>,
                reason: ::std::string::String,
            ) -> ::core::option::Option<::steadfast::__private::BoxFuture<'static, ()>> {
                #call
            }
        }
    });
    quote!(#version #roles #on_cancel)
}
