//! A store of two functions.

use super::{FieldKey, FieldStore, FieldStoreError, FieldStoreErrorKind, StoredField};
use bytes::Bytes;
use std::any::Any;
use std::fmt::Display;

/// Creates a store that saves and loads by two async functions.
///
/// **Its contents are never collected**: a delete does nothing and the list is empty, so contents stay for as long as
/// you keep them. Implement [`FieldStore`] if that is not enough.
///
/// An error that is a [`FieldStoreError`] is passed on unchanged; any other gets the kind [`FieldStoreErrorKind::Io`],
/// with its text in the message. So return [`FieldStoreErrorKind::Missing`] for a missing content: it is not retried.
///
/// ```
/// # use bytes::Bytes;
/// # use std::{collections::HashMap, sync::{Arc, Mutex}};
/// use steadfast::field_store::{FieldKey, from_fns};
///
/// let shelf = Arc::new(Mutex::new(HashMap::<String, Bytes>::new()));
/// let same_shelf = shelf.clone();
/// let store = from_fns(
///     move |key: FieldKey, bytes: Bytes| {
///         let shelf = shelf.clone();
///         async move {
///             shelf.lock().unwrap().insert(key.path(), bytes);
///             Ok::<_, std::io::Error>(())
///         }
///     },
///     move |key: FieldKey| {
///         let shelf = same_shelf.clone();
///         async move { shelf.lock().unwrap().get(&key.path()).cloned().ok_or("not on the shelf") }
///     },
/// );
/// # fn is_store(_: impl steadfast::field_store::FieldStore) {}
/// # is_store(store);
/// ```
pub fn from_fns<Save, Saving, SaveError, Load, Loading, LoadError>(save: Save, load: Load) -> impl FieldStore
where
    Save: Fn(FieldKey, Bytes) -> Saving + Send + Sync + 'static,
    Saving: Future<Output = Result<(), SaveError>> + Send + 'static,
    SaveError: Display + 'static,
    Load: Fn(FieldKey) -> Loading + Send + Sync + 'static,
    Loading: Future<Output = Result<Bytes, LoadError>> + Send + 'static,
    LoadError: Display + 'static,
{
    Functions { save, load }
}

struct Functions<Save, Load> {
    save: Save,
    load: Load,
}

impl<Save, Saving, SaveError, Load, Loading, LoadError> FieldStore for Functions<Save, Load>
where
    Save: Fn(FieldKey, Bytes) -> Saving + Send + Sync + 'static,
    Saving: Future<Output = Result<(), SaveError>> + Send + 'static,
    SaveError: Display + 'static,
    Load: Fn(FieldKey) -> Loading + Send + Sync + 'static,
    Loading: Future<Output = Result<Bytes, LoadError>> + Send + 'static,
    LoadError: Display + 'static,
{
    async fn save(&self, key: &FieldKey, bytes: Bytes) -> Result<(), FieldStoreError> {
        (self.save)(key.clone(), bytes).await.map_err(|error| passed_on(&error, "save", key))
    }

    async fn load(&self, key: &FieldKey) -> Result<Bytes, FieldStoreError> {
        (self.load)(key.clone()).await.map_err(|error| passed_on(&error, "load", key))
    }

    async fn delete(&self, _field: &StoredField) -> Result<(), FieldStoreError> {
        Ok(())
    }

    async fn list(&self, _database: &str) -> Result<Vec<StoredField>, FieldStoreError> {
        Ok(Vec::new())
    }
}

fn passed_on<E: Display + 'static>(error: &E, function: &str, key: &FieldKey) -> FieldStoreError {
    if let Some(error) = (error as &dyn Any).downcast_ref::<FieldStoreError>() {
        return error.clone();
    }
    let message = format!("the function given to `from_fns` could not {function} {key}: {error}");
    FieldStoreError::new(FieldStoreErrorKind::Io, message)
}
