//! Compares decoded values with the written ones, for types that can be compared.

use super::CodecError;
use crate::value::Value;
use crate::vault;
use std::marker::PhantomData;

/// Compares two values of a type.
pub type Same<T> = fn(&T, &T) -> bool;

/// A helper for macros, which do not know a type's traits: `Comparison::<T>::SAME` compares if the type is `PartialEq`, as an
/// inherent constant takes precedence where its bounds hold.
#[derive(Debug)]
pub struct Comparison<T>(PhantomData<fn(T)>);

impl<T: PartialEq> Comparison<T> {
    /// The comparison of the type.
    pub const SAME: Option<Same<T>> = Some(T::eq);
}

/// The answer of [`Comparison`] for types that cannot be compared.
pub trait Incomparable<T> {
    /// No comparison.
    const SAME: Option<Same<T>> = None;
}

impl<T> Incomparable<T> for Comparison<T> {}

/// Checks that the decoded value equals the written one.
///
/// # Errors
/// Part of the value was lost.
pub(super) fn compare<T>(written: &T, read: &T, stored: &Value, same: Option<Same<T>>) -> Result<(), CodecError> {
    match same {
        Some(same) if !same(written, read) => Err(differs(stored)),
        _ => Ok(()),
    }
}

fn differs(stored: &Value) -> CodecError {
    let shown = if vault::is_exposing() { String::new() } else { format!(" as `{stored}`") };
    let message = format!(
        "it is written{shown}, and that is read back as another value: what its type does not write, as with `#[serde(skip)]`, \
         would be lost"
    );
    CodecError { path: String::new(), message }
}
