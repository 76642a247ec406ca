//! The derive macro `#[derive(StepContext)]`.

mod check;
mod expand;
mod input;
mod order;

use crate::faults::Faults;
use input::Context;
use proc_macro2::TokenStream;

pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let faults = Faults::new();
    let context = faults.take(syn::parse2(item)).and_then(|item| Context::parse(item, &faults));
    if let Some(context) = &context {
        check::all(context, &faults);
    }
    let keep = context.map(|context| expand::all(&context, faults.any()));
    let faults = faults.into_tokens();
    quote::quote!(#faults #keep)
}
