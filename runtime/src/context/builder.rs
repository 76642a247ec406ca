//! Functions and types for generated code that builds and changes a context.

use super::StoredContext;
use std::sync::Arc;

/// Marks a field that has its value.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Set;

/// Marks a field that has no value yet.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Unset;

/// Returns the value of a field that is set by the builder's type.
#[doc(hidden)]
#[must_use]
pub fn set<T>(value: Option<T>) -> T {
    value.expect("the type of the builder says that the field is set")
}

/// Returns the context for a change in place, or replaces it by a copy if it is shared.
#[doc(hidden)]
pub fn change<C: StoredContext>(context: &mut Arc<C>) -> &mut C {
    // Not `Arc::make_mut`: that would compile ten functions for each context.
    if Arc::strong_count(context) != 1 || Arc::get_mut(context).is_none() {
        *context = Arc::new(C::clone(context));
    }
    // Not `expect`, which would be another.
    let Some(context) = Arc::get_mut(context) else { unreachable!("nobody else has the context") };
    context
}
