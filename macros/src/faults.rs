//! Collects every fault of an item, so that all are reported in one run.

use proc_macro2::TokenStream;
use quote::ToTokens;
use std::cell::RefCell;

/// The faults found so far. Its maker must ask for them with [`into_tokens`](Faults::into_tokens).
#[derive(Default)]
pub(crate) struct Faults {
    found: RefCell<Option<Vec<syn::Error>>>,
}

impl Faults {
    pub(crate) fn new() -> Self {
        Self { found: RefCell::new(Some(Vec::new())) }
    }

    /// Notes a fault at `place`: what is wrong, and the code to write instead.
    pub(crate) fn add(&self, place: impl ToTokens, fault: impl AsRef<str>, help: impl AsRef<str>) {
        self.push(syn::Error::new_spanned(place, sentence(fault.as_ref(), help.as_ref())));
    }

    /// Notes an error of the parser.
    pub(crate) fn push(&self, error: syn::Error) {
        self.found.borrow_mut().as_mut().expect("faults are read once").push(error);
    }

    /// The value, or nothing and its error noted.
    pub(crate) fn take<T>(&self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    /// [`take`](Faults::take) for what a user writes in an attribute: the parser's words, and how it is written.
    pub(crate) fn read<T>(&self, result: syn::Result<T>, help: &str) -> Option<T> {
        self.take(result.map_err(|error| syn::Error::new(error.span(), sentence(&error.to_string(), help))))
    }

    pub(crate) fn any(&self) -> bool {
        self.found.borrow().as_ref().is_some_and(|found| !found.is_empty())
    }

    /// All faults as compile errors.
    pub(crate) fn into_tokens(self) -> TokenStream {
        let found = self.found.take().expect("faults are read once");
        found.iter().map(syn::Error::to_compile_error).collect()
    }
}

fn sentence(fault: &str, help: &str) -> String {
    format!("{fault}\n= help: {help}")
}

impl Drop for Faults {
    fn drop(&mut self) {
        let reported = self.found.borrow().is_none();
        assert!(reported || std::thread::panicking(), "the faults of an item were not reported");
    }
}
