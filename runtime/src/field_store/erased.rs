//! A store without its type, and the hash check of every load.

use super::hash::content_hash_apart;
use super::{FieldKey, FieldStore, FieldStoreError, FieldStoreErrorKind, StoredField};
use crate::panics::Held;
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

/// Loads the content of `key` and compares it with the hash in the key: never returns bytes that were not saved.
///
/// The engine loads with this; use it to test a store of your own. A content of more than 256 KiB is hashed on another
/// thread of tokio.
///
/// # Errors
/// Errors of the store, and [`FieldStoreErrorKind::Damaged`] if the content is another one.
pub async fn load_verified(store: &impl FieldStore, key: &FieldKey) -> Result<Bytes, FieldStoreError> {
    let bytes = store.load(key).await?;
    let found = content_hash_apart(bytes.clone()).await;
    if found == key.hash {
        return Ok(bytes);
    }
    let message = format!(
        "{key} is damaged: its SHA-256 should be {}, but the {} bytes in the store have {found}; restore it from a backup",
        key.hash,
        bytes.len(),
    );
    Err(FieldStoreError::new(FieldStoreErrorKind::Damaged, message))
}

/// A [`FieldStore`] without its type, as the engine holds it. Each call costs one box.
pub(crate) trait AnyFieldStore: Send + Sync {
    /// Saves like [`FieldStore::save`]; trusts the hash in the key.
    fn save<'a>(&'a self, key: &'a FieldKey, bytes: Bytes) -> BoxFuture<'a, Result<(), FieldStoreError>>;

    /// Loads with [`load_verified`].
    fn load<'a>(&'a self, key: &'a FieldKey) -> BoxFuture<'a, Result<Bytes, FieldStoreError>>;

    /// Deletes like [`FieldStore::delete`].
    fn delete<'a>(&'a self, field: &'a StoredField) -> BoxFuture<'a, Result<(), FieldStoreError>>;

    /// Lists like [`FieldStore::list`].
    fn list<'a>(&'a self, database: &'a str) -> BoxFuture<'a, Result<Vec<StoredField>, FieldStoreError>>;
}

impl<S: FieldStore> AnyFieldStore for S {
    fn save<'a>(&'a self, key: &'a FieldKey, bytes: Bytes) -> BoxFuture<'a, Result<(), FieldStoreError>> {
        FieldStore::save(self, key, bytes).boxed()
    }

    fn load<'a>(&'a self, key: &'a FieldKey) -> BoxFuture<'a, Result<Bytes, FieldStoreError>> {
        load_verified(self, key).boxed()
    }

    fn delete<'a>(&'a self, field: &'a StoredField) -> BoxFuture<'a, Result<(), FieldStoreError>> {
        FieldStore::delete(self, field).boxed()
    }

    fn list<'a>(&'a self, database: &'a str) -> BoxFuture<'a, Result<Vec<StoredField>, FieldStoreError>> {
        FieldStore::list(self, database).boxed()
    }
}

/// Forwards to a store whose panic on drop is caught.
impl<S: FieldStore> FieldStore for Held<S> {
    fn save(&self, key: &FieldKey, bytes: Bytes) -> impl Future<Output = Result<(), FieldStoreError>> + Send {
        (**self).save(key, bytes)
    }

    fn load(&self, key: &FieldKey) -> impl Future<Output = Result<Bytes, FieldStoreError>> + Send {
        (**self).load(key)
    }

    fn delete(&self, field: &StoredField) -> impl Future<Output = Result<(), FieldStoreError>> + Send {
        (**self).delete(field)
    }

    fn list(&self, database: &str) -> impl Future<Output = Result<Vec<StoredField>, FieldStoreError>> + Send {
        (**self).list(database)
    }
}
