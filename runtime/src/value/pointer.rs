//! What stands in the database for a value that is in a field store.

use super::{Encoding, Value};
use crate::field_store::{FieldStoreError, FieldStoreErrorKind};
use serde::{Deserialize, Serialize};

/// What stands in the database for a value that is in a store.
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
    /// Whether it is a default, of which all runs have one content.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) shared: bool,
}

impl Pointer {
    /// What a value says that points to a store.
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

    /// Where the content is within the run.
    pub(crate) fn place(&self) -> [String; 3] {
        [self.store.clone(), self.field.clone(), self.hash.clone()]
    }

    /// The value that points to the store.
    pub(crate) fn to_value(&self) -> Value {
        let text = serde_json::to_vec(self).expect("a pointer of strings and numbers is JSON");
        Value { encoding: Encoding::Stored, bytes: text.into() }
    }
}
