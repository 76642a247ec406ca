//! Values to be saved in a field store.

use crate::value::Value;
use std::borrow::Cow;

/// An encoded value that goes to a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutedValue {
    /// The field's name, or that of the row of a step's result.
    pub field: Cow<'static, str>,
    /// The name of the store.
    pub store: &'static str,
    /// The value.
    pub value: Value,
    /// Whether it is the field's default, which many runs share.
    pub is_default: bool,
}
