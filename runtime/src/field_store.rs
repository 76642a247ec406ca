//! Stores for context fields that are kept outside the database: folders, buckets, functions of yours.
//!
//! A field routed with `#[context(store = "blobs")]` keeps its bytes in the [`FieldStore`] of that name; the database
//! keeps their SHA-256. So a store may lose or damage a content, but never return a wrong one as the value: each load
//! compares the hash, and another content is an error of the kind [`FieldStoreErrorKind::Damaged`].
//!
//! | store | where |
//! |---|---|
//! | [`FolderStore`] | files in a folder; a save is durable when it returns |
//! | `ObjectFieldStore` | a bucket of S3, Google Cloud or Azure, through the crate `object_store` (feature `object_store`) |
//! | [`from_fns`] | two functions of yours; nothing is ever collected there |
//! | [`MemoryFieldStore`] | memory, for tests |
//! | your own | implement [`FieldStore`] with plain `async fn` |
//!
//! A store is content-addressed. A [`FieldKey`] contains the hash of its content, so a key never gets another content,
//! a save may be repeated, and two concurrent saves of one key do not conflict.
//!
//! # Collection
//!
//! A value is saved before the database refers to it, and deleted some time after nothing refers to it any more. A
//! collection calls [`FieldStore::list`], keeps the contents whose key ([`StoredField::from`]) the database still
//! refers to, and passes the rest to [`FieldStore::delete`]. A content that was just saved may belong to a commit in
//! progress: [`StoredField::saved_at`] serves to spare it.

mod erased;
mod error;
mod folder;
mod functions;
mod hash;
mod key;
mod memory;
#[cfg(feature = "object_store")]
mod object;
mod segment;
mod stored;

pub(crate) use erased::AnyFieldStore;
pub use erased::load_verified;
pub use error::{FieldStoreError, FieldStoreErrorKind};
pub use folder::FolderStore;
pub use functions::from_fns;
pub(crate) use hash::content_hash;
pub(crate) use hash::content_hash_apart;
pub use key::FieldKey;
pub use memory::MemoryFieldStore;
#[cfg(feature = "object_store")]
pub use object::ObjectFieldStore;
pub use stored::StoredField;

use bytes::Bytes;

/// A store for the contents of context fields.
///
/// Implement it with plain `async fn`. [`FieldKey::path`] is a name for each content that any file system and any
/// bucket accepts.
///
/// ```
/// use bytes::Bytes;
/// use std::{collections::HashMap, sync::Mutex};
/// use steadfast::field_store::{FieldKey, FieldStore, FieldStoreError, FieldStoreErrorKind, StoredField};
///
/// #[derive(Default)]
/// struct Shelf(Mutex<HashMap<String, Bytes>>);
///
/// impl FieldStore for Shelf {
///     async fn save(&self, key: &FieldKey, bytes: Bytes) -> Result<(), FieldStoreError> {
///         self.0.lock().unwrap().insert(key.path(), bytes);
///         Ok(())
///     }
///
///     async fn load(&self, key: &FieldKey) -> Result<Bytes, FieldStoreError> {
///         self.0.lock().unwrap().get(&key.path()).cloned().ok_or_else(|| {
///             FieldStoreError::new(FieldStoreErrorKind::Missing, format!("{key} is not on the shelf; put it back"))
///         })
///     }
///
///     async fn delete(&self, field: &StoredField) -> Result<(), FieldStoreError> {
///         self.0.lock().unwrap().remove(field.path());
///         Ok(())
///     }
///
///     async fn list(&self, database: &str) -> Result<Vec<StoredField>, FieldStoreError> {
///         let shelf = self.0.lock().unwrap();
///         Ok(shelf.keys().filter_map(|path| path.parse::<StoredField>().ok()).filter(|f| f.database() == database).collect())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a store for the contents of fields",
    label = "expected a `FieldStore`",
    note = "implement `steadfast::field_store::FieldStore` with four `async fn`, or use `FolderStore` or `from_fns`"
)]
pub trait FieldStore: Send + Sync + 'static {
    /// Saves `bytes` under `key`.
    ///
    /// After `Ok`, the content is as durable as the store can make it. A reader sees all of it or nothing. Saving a key
    /// again is allowed; a store may then keep what it has, if it is sure that the content is the same, but must update
    /// [`StoredField::saved_at`].
    ///
    /// # Errors
    /// The content is not saved, or the outcome is unknown. It may be saved again.
    fn save(&self, key: &FieldKey, bytes: Bytes) -> impl Future<Output = Result<(), FieldStoreError>> + Send;

    /// Loads the content of `key`. It need not compare the hash: [`load_verified`] does that for every store.
    ///
    /// # Errors
    /// [`FieldStoreErrorKind::Missing`] if there is no content under this key; other kinds if the store cannot be read.
    fn load(&self, key: &FieldKey) -> impl Future<Output = Result<Bytes, FieldStoreError>> + Send;

    /// Deletes one content. Deleting a missing content succeeds.
    ///
    /// # Errors
    /// The content could not be deleted, and may still exist.
    fn delete(&self, field: &StoredField) -> impl Future<Output = Result<(), FieldStoreError>> + Send;

    /// Lists everything that is kept for one database, in any order.
    ///
    /// It may or may not include a content that is saved or deleted at the same time.
    ///
    /// # Errors
    /// The store cannot be read. A list with gaps must not be returned as `Ok`.
    fn list(&self, database: &str) -> impl Future<Output = Result<Vec<StoredField>, FieldStoreError>> + Send;
}
