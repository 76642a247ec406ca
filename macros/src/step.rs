//! The attribute `#[step]`.

pub(crate) mod attribute;
pub(crate) mod check;
pub(crate) mod expand;
pub(crate) mod input;

use crate::faults::Faults;
use crate::function::Function;
use attribute::Options;
use input::Step;
use proc_macro2::TokenStream;
use quote::quote;

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let faults = Faults::new();
    let keep = match Function::parse(item, "step", &faults) {
        Ok(function) => {
            let options = Options::parse(attribute, &faults);
            let step = Step::new(function, options, &faults);
            check::all(&step, &faults);
            expand::all(&step, faults.any())
        }
        Err(item) => item,
    };
    let faults = faults.into_tokens();
    quote!(#faults #keep)
}
