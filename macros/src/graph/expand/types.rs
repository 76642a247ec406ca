//! The requirements on the user's types. Generated items assume them, and a constant for each type checks it where it
//! is named first, so that a type that is no event is one error.

use super::super::input::{Graph, GraphStep};
use super::definition;
use crate::function::Function;
use crate::written::{holds, is_in};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{GenericArgument, PathArguments, Type};

/// Returns the bounds that a step's items assume. Their lifetime keeps the compiler from checking them there.
pub(super) fn assumed(step: &GraphStep) -> TokenStream {
    let result = step.step.function.output();
    let parameters = step.events().map(|(argument, collect)| {
        let ty = &argument.ty;
        let bound = if collect.is_some() { quote!(Collects) } else { quote!(Takes) };
        quote_spanned!(ty.span()=> for<'any> #ty: ::steadfast::__private::#bound,)
    });
    let sends = step.routing.sends.iter().map(|ty| quote_spanned!(ty.span()=> for<'any> #ty: ::steadfast::Event,));
    let context = step.step.context.as_ref().map(|context| {
        let ty = &context.reference.elem;
        quote_spanned!(ty.span()=> for<'any> #ty: ::steadfast::__private::StepContext,)
    });
    quote_spanned! {result.span()=>
        #(#parameters)*
        #context
        #(#sends)*
        for<'any> #result: ::steadfast::__private::GraphOutcome,
    }
}

/// Generates the checks.
pub(super) fn checks(graph: &Graph) -> TokenStream {
    let mut types = Types::default();
    for (argument, collect) in graph.steps.iter().flat_map(GraphStep::events) {
        match (collect, item(&argument.ty)) {
            (None, Some(input)) if is(&argument.ty, "Begin") => {
                types.end(input.clone());
                types.holder(&argument.ty, "takes");
            }
            (None, _) => types.event(&argument.ty, "takes"),
            (Some(_), Some(item)) => {
                types.event(item, "takes");
                types.holder(&argument.ty, "collects");
            }
            (Some(_), None) => types.holder(&argument.ty, "collects"),
        }
    }
    for ty in graph.steps.iter().flat_map(|step| &step.routing.sends) {
        types.sent(ty);
    }
    for step in &graph.steps {
        if let Some(ty) = &step.step.function.output {
            if let Some(result) = definition::argument_of(std::iter::once(ty), "Stop") {
                types.end(result);
            }
            types.holder(ty, "returns");
        }
    }
    types.checks
}

/// The types that were checked.
#[derive(Default)]
struct Types<'a> {
    events: Vec<&'a Type>,
    holders: Vec<&'a Type>,
    /// What begins or ends the run.
    ends: Vec<Type>,
    checks: TokenStream,
}

impl<'a> Types<'a> {
    /// Checks a type that is an event, unless it was checked.
    fn event(&mut self, ty: &'a Type, rule: &str) {
        if !is_in(&self.events, ty) {
            self.check(ty, rule, &quote!(()));
            self.events.push(ty);
        }
    }

    /// Checks an event that is sent by hand.
    fn sent(&mut self, ty: &'a Type) {
        let beside = if is_in(&self.events, ty) { quote!((#ty, ())) } else { quote!(()) };
        self.check(ty, "sends", &beside);
        self.events.push(ty);
    }

    /// Checks what begins or ends the run, unless it was checked.
    fn end(&mut self, ty: Type) {
        if !self.ends.iter().any(|known| holds(known, &ty)) {
            self.check(&ty, "ends", &quote!(()));
            self.ends.push(ty);
        }
    }

    /// Checks a type that may hold events, unless one of these is none.
    fn holder(&mut self, ty: &'a Type, rule: &str) {
        if !is_in(&self.holders, ty) {
            let events = self.events.iter().filter(|event| holds(ty, event));
            let events = events.fold(quote!(()), |rest, ty| quote!((#ty, #rest)));
            let ends = self.ends.iter().filter(|end| holds(ty, end));
            let beside = ends.fold(events, |rest, ty| quote!((::steadfast::__private::EndsWith<#ty>, #rest)));
            self.check(ty, rule, &beside);
            self.holders.push(ty);
        }
    }

    fn check(&mut self, ty: &Type, rule: &str, beside: &TokenStream) {
        let span = ty.span();
        let rule = syn::Ident::new(rule, span);
        self.checks.extend(quote_spanned! {span=>
            const _: fn() = ::steadfast::__private::Beside::<#beside>::#rule::<#ty>;
        });
    }
}

fn is(ty: &Type, word: &str) -> bool {
    Function::last_word(ty).is_some_and(|last| last == word)
}

/// Returns the only argument of a type: `Page` of `Vec<Page>`.
fn item(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(item)) if arguments.args.len() == 1 => Some(item),
        _ => None,
    }
}
