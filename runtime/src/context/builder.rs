//! What generated code needs to build and change a context.

use super::StoredContext;
use std::sync::Arc;

/// The field has its value.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Set;

/// The field has no value yet.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Unset;

/// The value of a field that the builder's type says is set.
#[doc(hidden)]
#[must_use]
pub fn set<T>(value: Option<T>) -> T {
    value.expect("the type of the builder says that the field is set")
}

/// The context for a change in place, or a copy of it if it is shared.
#[doc(hidden)]
pub fn change<C: StoredContext>(context: &mut Arc<C>) -> &mut C {
    // As `Arc::make_mut`, of which ten functions would be compiled for each context.
    if Arc::strong_count(context) != 1 || Arc::get_mut(context).is_none() {
        *context = Arc::new(C::clone(context));
    }
    Arc::get_mut(context).expect("nobody else has the context")
}
