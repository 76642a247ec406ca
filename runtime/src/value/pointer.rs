//! Pointers to values in field stores.

use super::{Encoding, Value};
use crate::field_store::{FieldStoreError, FieldStoreErrorKind};
use serde::{Deserialize, Serialize};

/// The pointer in the database to a value in a field store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pointer {
    pub(crate) store: String,
    /// The name of the field when it was saved.
    pub(crate) field: String,
    /// The encoding of the value.
    #[serde(rename = "form")]
    pub(crate) encoding: String,
    pub(crate) bytes: usize,
    pub(crate) hash: String,
    /// Whether it is a default, whose content all runs share.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) shared: bool,
}

impl Pointer {
    /// Reads the pointer from a value.
    pub(crate) fn read(value: &Value) -> Result<Self, FieldStoreError> {
        let pointer = if value.encoding == Encoding::Stored { serde_json::from_slice(&value.bytes).ok() } else { None };
        pointer.ok_or_else(|| {
            let found = value.encoding.as_str();
            let message = format!(
                "the row of a field in a store should say where it is, but it is {} bytes of form {found}",
                value.bytes.len()
            );
            FieldStoreError::new(FieldStoreErrorKind::Damaged, message)
        })
    }

    /// Returns the place of the content within the run: store, field and hash.
    pub(crate) fn place(&self) -> [String; 3] {
        [self.store.clone(), self.field.clone(), self.hash.clone()]
    }

    /// Returns the pointer as a value.
    pub(crate) fn to_value(&self) -> Value {
        let text = serde_json::to_vec(self).expect("a pointer of strings and numbers is JSON");
        Value { encoding: Encoding::Stored, bytes: text.into() }
    }
}
