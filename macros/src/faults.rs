//! Collects every fault of an item, so that all are reported in one run.

use proc_macro2::TokenStream;
use quote::ToTokens;
use std::cell::{Cell, RefCell};

/// The faults found so far. The creator must take them with [`into_tokens`](Faults::into_tokens).
#[derive(Default)]
pub(crate) struct Faults {
    found: RefCell<Option<Vec<syn::Error>>>,
    /// Whether the body of the function would cause errors of its own, for a fault that was reported.
    broken: Cell<bool>,
    /// Whether there is a fault that another item reports.
    elsewhere: Cell<bool>,
}

impl Faults {
    pub(crate) fn new() -> Self {
        Self { found: RefCell::new(Some(Vec::new())), broken: Cell::new(false), elsewhere: Cell::new(false) }
    }

    /// Adds a fault at `place`: what is wrong, and the code to write instead.
    pub(crate) fn add(&self, place: impl ToTokens, fault: impl AsRef<str>, help: impl AsRef<str>) {
        self.push(syn::Error::new_spanned(place, sentence(fault.as_ref(), help.as_ref())));
    }

    /// Adds an error of the parser.
    pub(crate) fn push(&self, error: syn::Error) {
        self.found.borrow_mut().as_mut().expect("faults are read once").push(error);
    }

    /// Returns the value, or adds the error.
    pub(crate) fn take<T>(&self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    /// Returns the value, or adds an error of the parser with the correct syntax: for the contents of an attribute.
    pub(crate) fn read<T>(&self, result: syn::Result<T>, help: &str) -> Option<T> {
        self.take(result.map_err(|error| syn::Error::new(error.span(), sentence(&error.to_string(), help))))
    }

    /// Adds a fault for which the compiler would report the body too.
    pub(crate) fn add_broken(&self, place: impl ToTokens, fault: impl AsRef<str>, help: impl AsRef<str>) {
        self.leave_out_body();
        self.add(place, fault, help);
    }

    /// Returns whether the body can be kept.
    pub(crate) fn keep_body(&self) -> bool {
        !self.broken.get()
    }

    /// Adds a fault that another item reports.
    pub(crate) fn add_reported(&self) {
        self.elsewhere.set(true);
    }

    /// Leaves out the body, for which the compiler would report a fault too.
    pub(crate) fn leave_out_body(&self) {
        self.broken.set(true);
    }

    pub(crate) fn any(&self) -> bool {
        self.elsewhere.get() || self.found.borrow().as_ref().is_some_and(|found| !found.is_empty())
    }

    /// Returns all faults as compile errors.
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
