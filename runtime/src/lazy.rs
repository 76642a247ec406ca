//! Fields whose values are loaded when a step reads them.

use crate::codec;
use crate::context::{ContextError, FieldSchema, FieldWriter, Persist, RecordedValue, Schema, read_back};
use crate::field_store::{FieldStoreError, FieldStoreErrorKind};
use crate::fields::{Coder, Fields};
use crate::scope::{self, Current};
use crate::value::{Encoding, Pointer, Value};
use serde::{Serialize, de::DeserializeOwned};
use std::any::type_name;
use std::fmt;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// A field in a store whose value is loaded once, when a step first reads it: for values that are large and seldom
/// needed.
///
/// ```
/// use steadfast::prelude::*;
/// use steadfast::Lazy;
///
/// #[derive(StepContext, Clone)]
/// pub struct Scanned {
///     #[context(store = "blobs")]
///     pub scan: Lazy<Bytes>,
/// }
///
/// #[step]
/// async fn pages(ctx: &Scanned) -> Result<usize> {
///     let scan = ctx.scan.get().await?; // loaded here
///     Ok(scan.len() / 4096)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let context = Scanned::builder().scan(Lazy::new(Bytes::from_static(&[0; 8192]))).build();
/// assert_eq!(pages::direct(&context).await?, 2);
/// # Ok(())
/// # }
/// ```
///
/// A workflow sets it and passes it on, but cannot read it: the value is not in its history. Once saved, it is only a
/// pointer in memory. Two new values are compared as values, and two saved ones by their hash. A new value never equals
/// a saved one, so setting it again is a change, although the same bytes are not saved twice.
pub struct Lazy<T>(Arc<State<T>>);

enum State<T> {
    /// A value that is not saved yet.
    Value(T),
    /// A value in a store.
    Stored { pointer: Pointer, fields: Option<Arc<Fields>>, loaded: OnceCell<T> },
}

impl<T> Lazy<T> {
    /// Creates a handle of a new value.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self(Arc::new(State::Value(value)))
    }

    /// Returns the size of the value in its store, in bytes; `None` for a new value.
    #[must_use]
    pub fn stored_bytes(&self) -> Option<usize> {
        match &*self.0 {
            State::Value(_) => None,
            State::Stored { pointer, .. } => Some(pointer.bytes),
        }
    }
}

impl<T: DeserializeOwned + Send + Sync + 'static> Lazy<T> {
    /// Returns the value, which the first call loads for all clones of this handle.
    ///
    /// # Errors
    /// The store cannot load the value, or it does not decode to this type. Always in the body of a workflow.
    pub async fn get(&self) -> Result<&T, FieldStoreError> {
        if let Some(Current::Workflow(scope)) = scope::current() {
            let message = format!(
                "the body of workflow `{}` cannot read a lazy field: it would not be in its history. Read it in a step, \
                 and return what the workflow needs",
                scope.run.workflow
            );
            return Err(FieldStoreError::new(FieldStoreErrorKind::Denied, message));
        }
        match &*self.0 {
            State::Value(value) => Ok(value),
            State::Stored { pointer, fields, loaded } => {
                let fields = fields.as_ref().ok_or_else(|| {
                    let message = format!("field `{}` was read outside of any run", pointer.field);
                    FieldStoreError::new(FieldStoreErrorKind::Denied, message)
                })?;
                loaded.get_or_try_init(|| load(pointer, fields)).await
            }
        }
    }
}

async fn load<T: DeserializeOwned + 'static>(pointer: &Pointer, fields: &Arc<Fields>) -> Result<T, FieldStoreError> {
    let value = fields.load(pointer).await?;
    codec::decode_field(fields.coder(), &pointer.field, &value).map_err(|error| {
        fields.note_fault(scope::step_scope().map(|scope| (scope.position, scope.attempt)));
        let message = format!("field `{}` from store `{}`: {error}", pointer.field, pointer.store);
        FieldStoreError::new(FieldStoreErrorKind::Denied, message)
    })
}

impl<T> Clone for Lazy<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> From<T> for Lazy<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: Default> Default for Lazy<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

/// Shows the place of the value, never the value.
impl<T> fmt::Debug for Lazy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = codec::short_name(type_name::<T>());
        match &*self.0 {
            State::Value(_) => write!(f, "Lazy<{name}>(new)"),
            State::Stored { pointer, .. } => write!(f, "Lazy<{name}>({} bytes in `{}`)", pointer.bytes, pointer.store),
        }
    }
}

impl<T: Serialize + DeserializeOwned + PartialEq + Send + Sync + 'static> Lazy<T> {
    /// Encodes the value, or the pointer to it.
    fn encode(&self, coder: Coder<'_>, field: &FieldSchema) -> Result<Value, codec::CodecError> {
        match &*self.0 {
            State::Value(value) => codec::encode_field(coder, field.name, (field.encoding)(), value),
            State::Stored { pointer, .. } => Ok(pointer.to_value()),
        }
    }

    /// Returns whether two have the same content, as far as this is known without loading or encoding. An encoding may
    /// differ in a replay, where the answer must be the same.
    fn same(&self, other: &Self) -> bool {
        match (&*self.0, &*other.0) {
            _ if Arc::ptr_eq(&self.0, &other.0) => true,
            (State::Value(left), State::Value(right)) => left == right,
            (State::Stored { pointer: left, .. }, State::Stored { pointer: right, .. }) => left.hash == right.hash,
            _ => false,
        }
    }
}

impl<T: Serialize + DeserializeOwned + PartialEq + Send + Sync + 'static> PartialEq for Lazy<T> {
    fn eq(&self, other: &Self) -> bool {
        self.same(other)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + PartialEq + Send + Sync + 'static> Persist for Lazy<T> {
    fn store(self, schema: &Schema, field: usize, values: &mut FieldWriter<'_>) -> Result<Self, ContextError> {
        let stored =
            self.encode(values.coder(), &schema.fields[field]).map_err(|error| schema.refuse(field, &error))?;
        if let State::Value(value) = &*self.0
            && stored.encoding != Encoding::Bytes
        {
            read_back(values.coder(), value, &stored, schema, field)?;
        }
        schema.check_size(field, &stored)?;
        values.push(schema.fields[field].name, stored);
        Ok(self)
    }

    fn is_same(&self, old: &Self) -> bool {
        self.same(old)
    }

    /// Decodes the pointer without loading. A value that was recorded in the database itself, before the field was
    /// routed to a store, is decoded at once.
    fn read(coder: Coder<'_>, recorded: &RecordedValue, schema: &Schema, field: usize) -> Result<Self, ContextError> {
        if recorded.value.encoding != Encoding::Stored {
            let value = codec::decode_field(coder, &recorded.name, &recorded.value);
            return value.map(Self::new).map_err(|error| schema.refuse(field, &error));
        }
        let pointer = Pointer::read(&recorded.value).map_err(|error| schema.refuse(field, &error))?;
        let (fields, loaded) = (coder.fields(), OnceCell::new());
        Ok(Self(Arc::new(State::Stored { pointer, fields, loaded })))
    }

    fn encoding() -> Encoding {
        codec::form_of::<T>()
    }

    fn is_lazy() -> bool {
        true
    }

    fn copy(&self) -> Self {
        self.clone()
    }
}
