//! The attribute `#[transaction]`.

mod attribute;
mod check;
mod expand;

use crate::duration::Duration;
use crate::faults::Faults;
use crate::function::{Function, Parameter};
use crate::kept::{self, Names};
use crate::step::input::Step;
use attribute::Options;
use proc_macro2::TokenStream;
use quote::quote;
use syn::Type;

/// A function with `#[transaction]`: a step whose first parameter is a handle for SQL.
struct Transaction {
    step: Step,
    /// The handle, if there is one.
    tx: Option<Parameter>,
    time_limit: Option<Duration>,
}

impl Transaction {
    fn new(mut function: Function, options: Options, faults: &Faults) -> Self {
        let has_tx = function.parameters.first().is_some_and(|first| is_tx(&first.ty));
        let tx = has_tx.then(|| function.parameters.remove(0));
        let Options { step, time_limit } = options;
        let mut step = Step::new(function, step, faults);
        // Set in any case, so that messages call it a transaction.
        let stand_in = || Parameter {
            attributes: Vec::new(),
            pattern: syn::parse_quote!(tx),
            ty: syn::parse_quote!(&mut ::steadfast::__private::Tx<'_>),
            name: syn::parse_quote!(tx),
        };
        step.tx = Some(tx.as_ref().map_or_else(stand_in, |tx| Parameter {
            attributes: tx.attributes.clone(),
            pattern: tx.pattern.clone(),
            ty: tx.ty.clone(),
            name: tx.name.clone(),
        }));
        Self { step, tx, time_limit }
    }
}

/// Returns whether a type is `&mut Tx<'_>`, or meant to be.
fn is_tx(ty: &Type) -> bool {
    match ty {
        Type::Reference(reference) => is_tx(&reference.elem),
        ty => Function::last_word(ty).is_some_and(|word| word == "Tx"),
    }
}

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let faults = Faults::new();
    let keep = match Function::parse(item, "transaction", &faults) {
        Ok(function) => {
            let options = Options::parse(attribute, &faults);
            let mut transaction = Transaction::new(function, options, &faults);
            check::signature(&transaction, &faults);
            let stand_in = faults.any();
            check::body(&transaction, &faults);
            let names = transaction.step.own_names();
            let kept = kept::take(&mut transaction.step.function, Names::Step(names), &faults);
            let items = expand::all(&transaction, stand_in);
            quote!(#items #kept)
        }
        Err(item) => item,
    };
    let faults = faults.into_tokens();
    quote!(#faults #keep)
}
