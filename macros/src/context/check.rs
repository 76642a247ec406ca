//! The rules of contexts: one function for each.

mod aliases;
mod hooks;
mod index;
mod lazy;
mod words;

use super::input::{Context, Field, Transient};
use crate::faults::Faults;
use crate::function::borrows_or_hides;

pub(super) fn all(context: &Context, faults: &Faults) {
    for field in &context.fields {
        not_named_build(field, faults);
        owns(field, faults);
        words::of_stored(field, faults);
        lazy::all(field, faults);
        index::all(field, faults);
    }
    for field in &context.transient {
        lives_as_long_as_the_program(field, faults);
        words::of_transient(field, faults);
    }
    aliases::all(&context.fields, faults);
    hooks::all(context, faults);
}

/// Refuses `build: u32`: the builder ends with a method of that name.
fn not_named_build(field: &Field, faults: &Faults) {
    if field.name == "build" {
        faults.add(
            &field.ident,
            "a field cannot be named `build`: so the builder ends",
            "name it `build_id`, for example",
        );
    }
}

/// Refuses `name: &'static str`.
fn owns(field: &Field, faults: &Faults) {
    if borrows_or_hides(&field.ty) {
        let help = "write a type that owns what it holds: `String` instead of `&str`, `Vec<T>` instead of `&[T]`";
        faults.add(
            &field.ty,
            format!("the field `{}` borrows, and cannot be read back after a restart", field.name),
            help,
        );
    }
}

/// Refuses `#[context(transient)] db: &Db`.
fn lives_as_long_as_the_program(field: &Transient, faults: &Faults) {
    if field.borrows {
        let help = "write a type that owns what it holds, such as `Arc<Db>`";
        faults.add(&field.ty, format!("the field `{}` borrows, and steps run in tasks of their own", field.name), help);
    }
}
