//! The `impl WorkflowDef` and `impl Graph`: names, types and the routes between steps.

use super::super::input::Graph;
use super::steps;
use crate::function::Function;
use crate::held::Kind;
use crate::name;
use crate::secret;
use crate::workflow::expand::definition as workflow;
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{GenericArgument, PathArguments, Type};

pub(super) fn items(graph: &Graph, stand_in: bool) -> TokenStream {
    let (ty, name) = (graph.ty(), &graph.name);
    let context = match &graph.options.context {
        Some(context) if !stand_in => quote!(#context),
        _ => quote!(()),
    };
    let (input, output) = ends(graph, stand_in);
    let (written_input, written_output) = written(graph);
    let secret = secret::of_workflow(written_input.as_ref(), written_output.as_ref()).filter(|_| !stand_in);
    let options = workflow::options(&graph.options, stand_in);
    let schema = graph.options.context.as_ref().filter(|_| !stand_in).map(workflow::schema);
    let state = graph.options.state.as_ref().filter(|_| !stand_in).map(workflow::state);
    let resources = if stand_in { None } else { workflow::needs(&resources(graph)) };
    let body = implementation(graph, &input, &output, stand_in);
    let code = workflow::code(ty.span());
    let count = if stand_in { 0 } else { graph.steps.len() };
    let names = (0..count).map(steps::name);
    let ways = if stand_in { quote!(::steadfast::__private::checks::Ways::of([])) } else { quote!(__STEADFAST_WAYS) };
    quote_spanned! {ty.span()=>
        #[automatically_derived]
        #[allow(unused_variables, deprecated, reason = "a workflow without input, or one that is deprecated")]
        impl ::steadfast::__private::WorkflowDef for #ty {
            const NAME: &'static ::core::primitive::str = #name;
            #options
            type Context = #context;
            type Input = #input;
            type Output = #output;
            type Error = ::steadfast::Error;
            #secret

            #schema
            #state
            #resources

            const EVENTS: fn() -> ::core::option::Option<::std::vec::Vec<&'static str>> = || {
                ::core::option::Option::Some(::core::iter::Iterator::collect(
                    <Self as ::steadfast::__private::Graph>::plan().external(),
                ))
            };

            #code
        }

        #body

        #[automatically_derived]
        impl ::steadfast::__private::Graph for #ty {
            fn plan() -> &'static ::steadfast::__private::Plan {
                static PLAN: ::std::sync::OnceLock<::steadfast::__private::Plan> = ::std::sync::OnceLock::new();
                static STEPS: [::steadfast::__private::AnyStep; #count] =
                    [#(::steadfast::__private::StepProbe::<#names>::STEP),*];
                PLAN.get_or_init(|| ::steadfast::__private::Plan::of(&STEPS, &#ways))
            }
        }
    }
}

/// Generates the `impl WorkflowBody`, which assumes that input and result can be stored.
fn implementation(graph: &Graph, input: &TokenStream, output: &TokenStream, stand_in: bool) -> TokenStream {
    let ty = graph.ty();
    let body = if stand_in { quote!(::core::unimplemented!()) } else { body(graph) };
    let context = graph.options.context.as_ref().filter(|_| graph.context.is_none() && !stand_in);
    let (assumed, defaults) = context.map(|context| workflow::defaults(context, context.span())).unzip();
    let defaults = defaults.map(|check| quote!(const _: () = { #check };));
    // Spanned at the call site of the functions, not at a type of the user.
    let [start, input_value] = [quote!(start), quote!(input)];
    quote_spanned! {ty.span()=>
        #defaults

        #[automatically_derived]
        #[allow(unused_variables, unused_lifetimes, clippy::all, clippy::pedantic, clippy::nursery, reason = "a workflow without input")]
        impl ::steadfast::__private::WorkflowBody for #ty
        where
            for<'any> #input: ::steadfast::__private::StoredValue,
            for<'any> #output: ::steadfast::__private::StoredValue,
            #assumed
        {
            fn call(
                #start: ::steadfast::__private::Start<Self::Context>,
                #input_value: Self::Input,
            ) -> ::steadfast::__private::BoxFuture<'static, ::core::result::Result<Self::Output, Self::Error>> {
                #body
            }
        }
    }
}

fn body(graph: &Graph) -> TokenStream {
    let run = if graph.options.context.is_some() { quote!(graph_body_in_context) } else { quote!(graph_body) };
    let flow = match (&graph.options.context, &graph.context) {
        (None, _) => quote!(::steadfast::__private::Start::without_context(start)),
        (Some(context), None) => {
            let start = quote!(start);
            quote_spanned!(context.span()=>
                ::steadfast::__private::Begun::into_flow::<#context>(
                    ::steadfast::__private::Start::with_defaults(#start).await,
                )
            )
        }
        (Some(_), Some(make)) => {
            let [start, input] = [quote!(start), quote!(input)];
            quote_spanned!(make.span()=>
                ::steadfast::__private::Start::with_continued_or(#start, || Self::#make(&#input)).await?
            )
        }
    };
    quote! {
        ::steadfast::__private::pinned(async move {
            let flow = #flow;
            ::steadfast::__private::#run::<Self>(flow, input).await
        })
    }
}

/// Returns the types of input and result: the written ones if the text shows them. The folded ones name every event, so
/// a public workflow could have no private events.
fn ends(graph: &Graph, stand_in: bool) -> (TokenStream, TokenStream) {
    let (input, output) = if stand_in { (quote!(()), quote!(())) } else { folded(graph) };
    let (written_input, written_output) = written(graph);
    (written_input.map_or(input, |ty| quote!(#ty)), written_output.map_or(output, |ty| quote!(#ty)))
}

/// Returns the types of input and result, folded from those of all steps.
fn folded(graph: &Graph) -> (TokenStream, TokenStream) {
    let mut begin = quote!(::steadfast::__private::NoBegin);
    let mut stop = quote!(::steadfast::__private::NoStop);
    for step in &graph.steps {
        for (argument, _) in step.events().filter(|(_, collect)| collect.is_none()) {
            let ty = &argument.ty;
            begin = quote_spanned!(ty.span()=>
                <#begin as ::steadfast::__private::BothBegin<<#ty as ::steadfast::__private::Takes>::Begin>>::Begin
            );
        }
        let result = step.step.function.output();
        stop = quote_spanned!(result.span()=>
            <#stop as ::steadfast::__private::BothStop<
                <<#result as ::steadfast::__private::GraphOutcome>::Value as ::steadfast::__private::Emits>::Stop
            >>::Stop
        );
    }
    let ty = graph.ty();
    (
        quote_spanned!(ty.span()=> <#begin as ::steadfast::__private::BeginInput>::Input),
        quote_spanned!(ty.span()=> <#stop as ::steadfast::__private::StopResult>::Result),
    )
}

/// Returns the types of input and result that the text shows; checks at the steps verify them.
fn written(graph: &Graph) -> (Option<Type>, Option<Type>) {
    let inputs = graph.steps.iter().flat_map(|step| step.events().map(|(argument, _)| &argument.ty));
    let outputs = graph.steps.iter().filter_map(|step| step.step.function.output.as_ref());
    (argument_of(inputs, "Begin"), argument_of(outputs, "Stop"))
}

/// Returns the first type that is the argument of a type of this name.
pub(super) fn argument_of<'a>(types: impl Iterator<Item = &'a Type>, word: &str) -> Option<Type> {
    struct Finder<'w>(&'w str, Option<Type>);
    impl<'ast> Visit<'ast> for Finder<'_> {
        fn visit_type(&mut self, ty: &'ast Type) {
            if Function::last_word(ty).is_some_and(|word| word == self.0)
                && let Type::Path(path) = ty
                && let Some(last) = path.path.segments.last()
            {
                match &last.arguments {
                    PathArguments::AngleBracketed(arguments) => {
                        if let Some(GenericArgument::Type(inner)) = arguments.args.first() {
                            self.1.get_or_insert_with(|| inner.clone());
                        }
                    }
                    // `Stop` without arguments is `Stop<()>`.
                    PathArguments::None if self.0 == "Stop" => {
                        self.1.get_or_insert_with(|| syn::parse_quote!(()));
                    }
                    _ => {}
                }
            }
            visit::visit_type(self, ty);
        }
    }
    let mut finder = Finder(word, None);
    types.for_each(|ty| finder.visit_type(ty));
    finder.1
}

/// Returns the resources that the steps take, and those of the attribute.
fn resources(graph: &Graph) -> Vec<Type> {
    let held = graph.steps.iter().flat_map(|step| step.step.held());
    let taken = held.filter(|held| held.kind == Kind::Resource).map(|held| held.ty().clone());
    let mut types: Vec<Type> = Vec::new();
    for ty in graph.options.resources.iter().cloned().chain(taken) {
        if !types.iter().any(|known| name::as_written(known) == name::as_written(&ty)) {
            types.push(ty);
        }
    }
    types
}
