//! The types of a step or workflow that are stored. Generated items name them whether they can be stored or not, and assume
//! that they can; a check of its own says for each type if it cannot, so that this is one error.

use crate::function::Function;
use crate::secret;
use crate::step::input::Step;
use crate::workflow::input::Workflow;
use crate::written::{holds, is_in};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

/// The types of a function that are stored.
pub(crate) struct Stored<'a> {
    function: &'a Function,
    /// The types that it is given and that perhaps cannot be stored, each once.
    given: Vec<&'a Type>,
    /// The trait of those that can.
    bound: &'static str,
    /// The check of them.
    rule: &'static str,
    /// The context that it reads.
    context: Option<&'a Type>,
}

impl<'a> Stored<'a> {
    /// Returns those of a step. A `stand_in` names none of what it is given.
    pub(crate) fn of_step(step: &'a Step, stand_in: bool) -> Self {
        let given = step.arguments().map(|argument| &argument.ty).filter(|_| !stand_in);
        let context = step.context.as_ref().filter(|_| !stand_in).map(|context| &*context.reference.elem);
        Self { function: &step.function, given: each_once(given), bound: "StepArg", rule: "argument", context }
    }

    /// Returns those of a workflow.
    pub(crate) fn of_workflow(workflow: &'a Workflow, stand_in: bool) -> Self {
        let given = workflow.input.iter().map(|input| &input.ty).filter(|_| !stand_in);
        Self {
            function: &workflow.function,
            given: each_once(given),
            bound: "StoredValue",
            rule: "input",
            context: None,
        }
    }

    /// Returns the type of the value that it returns.
    pub(crate) fn value(&self) -> TokenStream {
        let result = self.function.output();
        quote_spanned!(result.span()=> <#result as ::steadfast::__private::Returned>::Value)
    }

    /// Returns the type of the error that it returns.
    pub(crate) fn error(&self) -> TokenStream {
        let result = self.function.output();
        quote_spanned!(result.span()=> <#result as ::steadfast::__private::Returned>::Error)
    }

    /// Returns the bounds that a definition assumes. Their lifetime keeps the compiler from checking them there.
    pub(crate) fn assumed(&self) -> TokenStream {
        let taken = self.assumed_of_taken();
        let (value, error) = (self.value(), self.error());
        quote_spanned! {self.function.output().span()=>
            #taken
            for<'any> #value: ::steadfast::__private::StoredValue,
            for<'any> #error: ::steadfast::__private::Failure,
        }
    }

    /// Returns the bounds of what its body takes.
    pub(crate) fn assumed_of_taken(&self) -> TokenStream {
        let given = self.assumed_of_given();
        // Not `StepContext`: the compiler would elaborate its bounds for each function.
        let context = self
            .context
            .map(|ty| quote_spanned!(ty.span()=> for<'any> #ty: ::core::marker::Send + ::core::marker::Sync,));
        quote!(#given #context)
    }

    /// Returns the bounds of what it is given.
    pub(crate) fn assumed_of_given(&self) -> TokenStream {
        let bound = Ident::new(self.bound, Span::call_site());
        let types = self.given.iter();
        types.map(|ty| quote_spanned!(ty.span()=> for<'any> #ty: ::steadfast::__private::#bound,)).collect()
    }

    /// Returns the types that are given and that a type holds, which are checked by themselves.
    fn beside(&self, ty: &Type) -> TokenStream {
        let others = self.given.iter().filter(|other| holds(ty, other) && !is_in(&[ty], other));
        others.fold(quote!(()), |rest, other| quote!((#other, #rest)))
    }

    /// Generates the checks, as statements.
    pub(crate) fn checks(&self) -> TokenStream {
        let rule = Ident::new(self.rule, Span::call_site());
        let of_given = self.given.iter().map(|ty| {
            let beside = self.beside(ty);
            quote_spanned!(ty.span()=> let _ = ::steadfast::__private::StoredBeside::<#beside>::#rule::<#ty>;)
        });
        let of_result = self.function.output.as_ref().map(|result| {
            let beside = self.beside(result);
            quote_spanned! {result.span()=>
                let _ = ::steadfast::__private::StoredBeside::<#beside>::returned::<#result>;
            }
        });
        quote! {
            #[allow(unused_imports, reason = "for types that cannot be stored")]
            use ::steadfast::__private::OtherwiseStored as _;
            #(#of_given)*
            #of_result
        }
    }
}

fn each_once<'a>(types: impl Iterator<Item = &'a Type>) -> Vec<&'a Type> {
    let mut once: Vec<&Type> = Vec::new();
    for ty in types.filter(|ty| !secret::is_plain(ty)) {
        if !is_in(&once, ty) {
            once.push(ty);
        }
    }
    once
}
