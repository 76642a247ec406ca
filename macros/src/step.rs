//! The attribute `#[step]`.

pub(crate) mod attribute;
pub(crate) mod check;
pub(crate) mod expand;
pub(crate) mod input;

use crate::faults::Faults;
use crate::function::Function;
use crate::kept::{self, Names};
use attribute::Options;
use input::Step;
use proc_macro2::TokenStream;
use quote::quote;

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let faults = Faults::new();
    let keep = match Function::parse(item, "step", &faults) {
        Ok(function) => {
            let options = Options::parse(attribute, &faults);
            let mut step = Step::new(function, options, &faults);
            check::signature(&step, &faults);
            let stand_in = faults.any();
            check::body(&step, &faults);
            let names = step.own_names();
            let kept = kept::take(&mut step.function, Names::Step(names), &faults);
            let items = expand::all(&step, stand_in);
            quote!(#items #kept)
        }
        Err(item) => item,
    };
    let faults = faults.into_tokens();
    quote!(#faults #keep)
}
