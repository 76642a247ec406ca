//! The requirements on the user's types. Generated items assume them, and a constant for each type checks it where it
//! is named first, so that a type that is no event is one error.

use super::super::input::{Graph, GraphStep};
use crate::name;
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
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
    quote_spanned! {result.span()=>
        #(#parameters)*
        #(#sends)*
        for<'any> #result: ::steadfast::__private::GraphOutcome,
    }
}

/// Generates the checks.
pub(super) fn checks(graph: &Graph) -> TokenStream {
    let mut types = Types::default();
    for (argument, collect) in graph.steps.iter().flat_map(GraphStep::events) {
        match (collect, item(&argument.ty)) {
            (None, _) => types.event(&argument.ty, "takes"),
            (Some(_), Some(item)) => {
                types.event(item, "takes");
                types.holder(&argument.ty, "collects");
            }
            (Some(_), None) => types.holder(&argument.ty, "collects"),
        }
    }
    for ty in graph.steps.iter().flat_map(|step| &step.routing.sends) {
        types.event(ty, "sends");
    }
    for step in &graph.steps {
        if let Some(ty) = &step.step.function.output {
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
    checks: TokenStream,
}

impl<'a> Types<'a> {
    /// Checks a type that is an event, unless it was checked.
    fn event(&mut self, ty: &'a Type, rule: &str) {
        if !is_in(&self.events, ty) {
            self.check(ty, rule, &[]);
            self.events.push(ty);
        }
    }

    /// Checks a type that may hold events, unless one of these is none.
    fn holder(&mut self, ty: &'a Type, rule: &str) {
        if !is_in(&self.holders, ty) {
            let held: Vec<&Type> = self.events.iter().copied().filter(|event| holds(ty, event)).collect();
            self.check(ty, rule, &held);
            self.holders.push(ty);
        }
    }

    fn check(&mut self, ty: &Type, rule: &str, beside: &[&Type]) {
        let span = ty.span();
        let rule = syn::Ident::new(rule, span);
        let beside = beside.iter().fold(quote!(()), |rest, ty| quote!((#ty, #rest)));
        self.checks.extend(quote_spanned! {span=>
            const _: fn() = ::steadfast::__private::Beside::<#beside>::#rule::<#ty>;
        });
    }
}

fn is_in(types: &[&Type], ty: &Type) -> bool {
    types.iter().any(|known| name::as_written(*known) == name::as_written(ty))
}

/// Returns whether a type names another one.
fn holds(ty: &Type, other: &Type) -> bool {
    struct Finder<'w>(&'w Type, bool);
    impl<'ast> Visit<'ast> for Finder<'_> {
        fn visit_type(&mut self, ty: &'ast Type) {
            self.1 |= name::as_written(ty) == name::as_written(self.0);
            visit::visit_type(self, ty);
        }
    }
    let mut finder = Finder(other, false);
    finder.visit_type(ty);
    finder.1
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
