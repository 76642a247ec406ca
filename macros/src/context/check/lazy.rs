//! Checks fields that are loaded from a store when they are read.

use super::super::input::Field;
use crate::faults::Faults;
use crate::function::Function;
use syn::visit::{self, Visit};
use syn::{Type, TypePath};

const LAZY: &str = "Lazy";

pub(super) fn all(field: &Field, faults: &Faults) {
    if Function::last_word(&field.ty).as_deref() == Some(LAZY) {
        has_a_store(field, faults);
        has_the_form_of_its_value(field, faults);
    }
    is_a_field_of_its_own(field, faults);
}

/// Refuses `scan: Lazy<Bytes>` without a store.
fn has_a_store(field: &Field, faults: &Faults) {
    if field.given.place("store").is_none() {
        let help = "name one: `#[context(store = \"blobs\")]`; or write the type itself, to have the value at once";
        faults.add(&field.ty, "a lazy field is loaded from a store, and this one names none", help);
    }
}

/// Refuses `#[context(store = "blobs", form = json)] scan: Lazy<Bytes>`.
fn has_the_form_of_its_value(field: &Field, faults: &Faults) {
    if let Some(form) = field.given.place("form") {
        faults.add(form, "a lazy field has the form of the value that it loads", "drop `form`");
    }
}

/// Refuses `scans: Vec<Lazy<Bytes>>`.
fn is_a_field_of_its_own(field: &Field, faults: &Faults) {
    struct Finder<'ast> {
        depth: usize,
        inner: Option<&'ast TypePath>,
    }
    impl<'ast> Visit<'ast> for Finder<'ast> {
        fn visit_type(&mut self, ty: &'ast Type) {
            if let Type::Path(path) = ty
                && self.depth > 0
                && Function::last_word(ty).as_deref() == Some(LAZY)
            {
                self.inner.get_or_insert(path);
            }
            self.depth += 1;
            visit::visit_type(self, ty);
            self.depth -= 1;
        }
    }
    let mut finder = Finder { depth: 0, inner: None };
    finder.visit_type(&field.ty);
    if let Some(inner) = finder.inner {
        let help = "write `Lazy<T>` with the whole type inside: `Lazy<Option<Bytes>>`, `Lazy<Vec<Bytes>>`; or a field for each";
        faults.add(inner, "a lazy value is a field of its own", help);
    }
}
