//! Macros of steadfast.
use proc_macro::TokenStream;
/// Derives.
#[proc_macro_derive(StepContext, attributes(context))]
pub fn step_context(_: TokenStream) -> TokenStream { TokenStream::new() }
/// Step.
#[proc_macro_attribute]
pub fn step(_: TokenStream, item: TokenStream) -> TokenStream { item }
/// Workflow.
#[proc_macro_attribute]
pub fn workflow(_: TokenStream, item: TokenStream) -> TokenStream { item }
