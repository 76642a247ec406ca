//! Values to be saved in a field store.

use crate::value::Value;

/// A context field's encoded value that goes to a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutedValue {
    /// The field's name.
    pub field: &'static str,
    /// The name of the store.
    pub store: &'static str,
    /// The value.
    pub value: Value,
    /// Whether it is the field's default, which many runs share.
    pub is_default: bool,
}
