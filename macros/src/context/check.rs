//! The rules of contexts: one function for each.

mod aliases;
mod hooks;
mod lazy;
mod words;

use super::input::{Context, Field, Transient};
use crate::faults::Faults;
use crate::function::borrows_or_hides;
use crate::name;
use syn::Type;
use syn::visit::{self, Visit};

pub(super) fn all(context: &Context, faults: &Faults) {
    for field in &context.fields {
        not_named_build(field, faults);
        owns(field, faults);
        cannot_change_inside(field, faults);
        words::of_stored(field, faults);
        lazy::all(field, faults);
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

/// Refuses `count: Arc<AtomicU64>`.
fn cannot_change_inside(field: &Field, faults: &Faults) {
    let mut finder = Interior(None);
    finder.visit_type(&field.ty);
    if let Some(found) = finder.0 {
        let fault = format!(
            "the field `{}` holds `{found}`: a step could change it through a shared reference, past the journal",
            field.name
        );
        let help = format!(
            "store the value itself, and change it in the workflow: `flow.update(|c| c.{}(..)).await?`",
            field.name
        );
        faults.add(&field.ty, fault, help);
    }
}

/// A visitor that finds the first type that can be changed through a shared reference.
struct Interior(Option<String>);

const INTERIOR: [&str; 10] =
    ["Cell", "RefCell", "OnceCell", "LazyCell", "UnsafeCell", "Mutex", "RwLock", "OnceLock", "LazyLock", "Condvar"];

impl<'ast> Visit<'ast> for Interior {
    fn visit_type(&mut self, ty: &'ast Type) {
        if let Type::Path(path) = ty
            && let Some(last) = path.path.segments.last()
        {
            let word = name::plain(&last.ident);
            if INTERIOR.contains(&word.as_str()) || word.strip_prefix("Atomic").is_some_and(is_primitive) {
                self.0.get_or_insert(word);
            }
        }
        visit::visit_type(self, ty);
    }
}

/// Returns whether this follows `Atomic` in a name of the standard library, so that a user's `AtomicOrder` is allowed.
fn is_primitive(word: &str) -> bool {
    let sized = |prefix| {
        word.strip_prefix(prefix).is_some_and(|size: &str| ["8", "16", "32", "64", "128", "size"].contains(&size))
    };
    word == "Bool" || word == "Ptr" || sized("I") || sized("U")
}
