//! A value on its way to a field store.

use crate::value::Value;

/// A value of a context field that goes to a store, as it is encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutedValue {
    /// The field's name.
    pub field: &'static str,
    /// The name of the store.
    pub store: &'static str,
    /// The value.
    pub value: Value,
    /// Whether it is the default of the field, which many runs have.
    pub is_default: bool,
}
