//! The states of a required field in a builder.

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
