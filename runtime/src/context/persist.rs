//! The types that can be stored fields of a context, and all operations on one field.

use super::{ContextError, FieldSchema, FieldWriter, RecordedValue, Schema};
use crate::codec;
use crate::fields::Coder;
use crate::value::{Encoding, Value};
use crate::vault;
use serde::{Serialize, de::DeserializeOwned};
use std::cell::Cell;

/// A value that can be a stored field of a context: any owned serde type that can be compared and shared, or bytes.
///
/// Locks, cells and atomics are excluded: a field cannot be changed behind the journal's back.
//
// Generated code uses a field only through the methods here, named through the field's type, and all bounds are on the
// one implementation. So a type that cannot be a field causes one error, at its place in the struct, and not one for
// each use and each missing trait.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a stored field of a context",
    label = "a stored field must be `Serialize + Deserialize + PartialEq + Clone + Send + Sync` and own what it holds",
    note = "derive what is missing: `#[derive(Serialize, Deserialize, PartialEq, Clone)]`",
    note = "a lock, cell or atomic cannot be stored, because a step could change the context through it: store the value, and change it with `flow.update(..)`"
)]
pub trait Persist: Sized + 'static {
    /// Encodes the field, pushes the value under the field's name, and returns what a reader will decode.
    #[doc(hidden)]
    fn store(self, schema: &Schema, field: usize, values: &mut FieldWriter<'_>) -> Result<Self, ContextError>;

    /// Returns whether it is the old value.
    #[doc(hidden)]
    fn is_same(&self, old: &Self) -> bool;

    /// Stores the field like [`store`](Persist::store) if its value is new; otherwise returns the old value.
    #[doc(hidden)]
    fn store_if_new(
        self,
        old: &Self,
        schema: &Schema,
        field: usize,
        values: &mut FieldWriter<'_>,
    ) -> Result<Self, ContextError> {
        if self.is_same(old) { Ok(old.copy()) } else { self.store(schema, field, values) }
    }

    /// Stores a field of an update in place, like [`store`](Persist::store); removes one that was set to its old value.
    #[doc(hidden)]
    fn store_set(
        new: &Cell<Option<Self>>,
        old: &Self,
        schema: &Schema,
        field: usize,
        values: &mut FieldWriter<'_>,
    ) -> Result<(), ContextError> {
        match new.take() {
            Some(value) if !value.is_same(old) => match value.store(schema, field, values) {
                Ok(stored) => {
                    new.set(Some(stored));
                    Ok(())
                }
                Err(error) => Err(error),
            },
            _ => Ok(()),
        }
    }

    /// Compares a field of an update like [`compare`](Persist::compare), if it was set.
    #[doc(hidden)]
    fn compare_set(new: &mut Cell<Option<Self>>, old: &Self, name: &'static str, changed: &mut Vec<&'static str>) {
        if let Some(new) = new.get_mut() {
            new.compare(old, name, changed);
        }
    }

    /// Sets a field to the value of an update, if it was set.
    #[doc(hidden)]
    fn apply_set(new: &Cell<Option<Self>>, field: &mut Self) {
        if let Some(new) = new.take() {
            *field = new;
        }
    }

    /// Adds the field's name to `changed` if the values differ.
    #[doc(hidden)]
    fn compare(&self, old: &Self, name: &'static str, changed: &mut Vec<&'static str>) {
        if !self.is_same(old) {
            changed.push(name);
        }
    }

    /// Decodes the field.
    #[doc(hidden)]
    fn read(coder: Coder<'_>, recorded: &RecordedValue, schema: &Schema, field: usize) -> Result<Self, ContextError>;

    /// Decodes the field if there is a value, otherwise returns its default. A required field without a value is an
    /// error.
    #[doc(hidden)]
    fn load(
        coder: Coder<'_>,
        recorded: Option<RecordedValue>,
        default: Option<fn() -> Self>,
        schema: &Schema,
        field: usize,
    ) -> Result<Self, ContextError> {
        match (recorded, default) {
            (Some(recorded), _) => Self::read(coder, &recorded, schema, field),
            (None, Some(default)) => Ok(default()),
            (None, None) => Err(schema.missing(field)),
        }
    }

    /// Returns the encoding in which values of this type are stored.
    #[doc(hidden)]
    #[must_use]
    fn encoding() -> Encoding;

    /// Returns whether the type is a handle that loads its value when it is read.
    #[doc(hidden)]
    #[must_use]
    fn is_lazy() -> bool {
        false
    }

    /// Returns a copy.
    #[doc(hidden)]
    #[must_use]
    fn copy(&self) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + PartialEq + Clone + Send + Sync + 'static> Persist for T {
    fn store(self, schema: &Schema, field: usize, values: &mut FieldWriter<'_>) -> Result<Self, ContextError> {
        let FieldSchema { name, encoding, .. } = schema.fields[field];
        let stored = codec::encode_field(values.coder(), name, encoding(), &self)
            .map_err(|error| schema.refuse(field, &error))?;
        // Raw bytes decode to themselves, and may be large.
        let decoded = if stored.encoding == Encoding::Bytes || vault::is_redacting() {
            self
        } else {
            read_back(values.coder(), &self, &stored, schema, field)?
        };
        schema.check_size(field, &stored)?;
        schema.check_index(field, &stored)?;
        values.push(name, stored);
        Ok(decoded)
    }

    fn is_same(&self, old: &Self) -> bool {
        self == old
    }

    fn read(coder: Coder<'_>, recorded: &RecordedValue, schema: &Schema, field: usize) -> Result<Self, ContextError> {
        codec::decode_field(coder, &recorded.name, &recorded.value).map_err(|error| schema.refuse(field, &error))
    }

    fn encoding() -> Encoding {
        codec::form_of::<Self>()
    }

    fn copy(&self) -> Self {
        self.clone()
    }
}

/// Returns the value as a reader will decode it, which must be equal to the written one.
pub(crate) fn read_back<T: DeserializeOwned + PartialEq + 'static>(
    coder: Coder<'_>,
    written: &T,
    stored: &Value,
    schema: &Schema,
    field: usize,
) -> Result<T, ContextError> {
    match codec::decode_field::<T>(coder, schema.fields[field].name, stored) {
        Ok(decoded) if decoded == *written => Ok(decoded),
        Ok(_) => Err(differs(stored, schema, field)),
        Err(error) => Err(schema.refuse(field, &format!("the value can be written but not be read back: {error}"))),
    }
}

fn differs(stored: &Value, schema: &Schema, field: usize) -> ContextError {
    let shown = if vault::is_exposing() { String::new() } else { format!(" as `{stored}`") };
    schema.refuse(field, &format!("the value is written{shown}, and that is read back as another value"))
}
